#include "runtime/core/Json.h"

#include <cstdio>

namespace tenon {

size_t utf8Length(const char *at, const char *end) {
  auto byte = [&](ptrdiff_t i) { return uint32_t(static_cast<unsigned char>(at[i])); };
  if (at >= end)
    return 0;
  uint32_t first = byte(0);
  if (first < 0x80)
    return 1;
  size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || size_t(end - at) < length)
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(ptrdiff_t(i)) & 0xC0) != 0x80)
      return 0;
  uint32_t second = byte(1);
  bool bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0) ||
             (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90);
  return bad ? 0 : length;
}

void JsonCursor::skipSpace() {
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
    ++at;
}

bool JsonCursor::take(char character) {
  skipSpace();
  if (at >= end || *at != character)
    return false;
  ++at;
  return true;
}

bool JsonCursor::finished() {
  skipSpace();
  return at == end;
}

bool JsonCursor::number(int64_t &value) {
  skipSpace();
  const char *start = at;
  value = 0;
  while (at < end && *at >= '0' && *at <= '9') {
    if (__builtin_mul_overflow(value, int64_t(10), &value) ||
        __builtin_add_overflow(value, int64_t(*at - '0'), &value))
      return false;
    ++at;
  }
  bool leadingZero = at - start > 1 && *start == '0';
  bool fraction = at < end && (*at == '.' || *at == 'e' || *at == 'E');
  return at > start && !leadingZero && !fraction;
}

bool JsonCursor::hex4(uint32_t &code) {
  code = 0;
  if (end - at < 4)
    return false;
  for (int i = 0; i < 4; ++i, ++at) {
    char c = *at;
    uint32_t digit = c >= '0' && c <= '9'   ? uint32_t(c - '0')
                     : c >= 'a' && c <= 'f' ? uint32_t(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? uint32_t(c - 'A' + 10)
                                            : 16;
    if (digit == 16)
      return false;
    code = code * 16 + digit;
  }
  return true;
}

bool JsonCursor::escape(std::string &value) {
  if (at >= end)
    return false;
  char c = *at++;
  switch (c) {
  case '"':
  case '\\':
  case '/':
    value += c;
    return true;
  case 'b':
    value += '\b';
    return true;
  case 'f':
    value += '\f';
    return true;
  case 'n':
    value += '\n';
    return true;
  case 'r':
    value += '\r';
    return true;
  case 't':
    value += '\t';
    return true;
  case 'u':
    break;
  default:
    return false;
  }
  uint32_t code = 0;
  if (!hex4(code) || code == 0 || (code >= 0xDC00 && code < 0xE000))
    return false;
  if (code >= 0xD800 && code < 0xDC00) {
    uint32_t low = 0;
    if (end - at < 2 || at[0] != '\\' || at[1] != 'u')
      return false;
    at += 2;
    if (!hex4(low) || low < 0xDC00 || low >= 0xE000)
      return false;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  if (code < 0x80) {
    value += char(code);
  } else if (code < 0x800) {
    value += char(0xC0 | (code >> 6));
    value += char(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    value += char(0xE0 | (code >> 12));
    value += char(0x80 | ((code >> 6) & 0x3F));
    value += char(0x80 | (code & 0x3F));
  } else {
    value += char(0xF0 | (code >> 18));
    value += char(0x80 | ((code >> 12) & 0x3F));
    value += char(0x80 | ((code >> 6) & 0x3F));
    value += char(0x80 | (code & 0x3F));
  }
  return true;
}

bool JsonCursor::string(std::string &value, size_t limit) {
  value.clear();
  if (!take('"'))
    return false;
  while (at < end) {
    char c = *at;
    if (c == '"') {
      ++at;
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20 || value.size() >= limit)
      return false;
    if (c == '\\') {
      ++at;
      if (!escape(value))
        return false;
      continue;
    }
    size_t length = utf8Length(at, end);
    if (length == 0)
      return false;
    value.append(at, length);
    at += length;
  }
  return false;
}

void appendJsonString(std::string &json, const std::string &text) {
  json += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      snprintf(code, sizeof(code), "\\u%04x", unsigned(static_cast<unsigned char>(c)));
      json += code;
    } else {
      json += c;
    }
  }
  json += '"';
}

} // namespace tenon
