#include "runtime/data/Text.h"

#include "runtime/data/Result.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <utf8proc.h>

namespace tenon {

std::string Failure::str() const {
  std::string text = place.empty() ? message : place + ": " + message;
  return help.empty() ? text : text + "\nhelp: " + help;
}

} // namespace tenon

namespace tenon::data {

namespace {

const utf8proc_uint8_t *bytes(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t *>(text.data());
}

bool isAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

/// Letters, marks and numbers by Unicode's general category.
bool isWordCharacter(int32_t code) {
  if (code < 0x80)
    return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
           (code >= 'A' && code <= 'Z');
  utf8proc_category_t category = utf8proc_category(code);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

bool isApostrophe(int32_t code) { return code == '\'' || code == 0x2019; }

/// Han, Hiragana and Katakana.
bool standsAlone(int32_t code) {
  return (code >= 0x3041 && code <= 0x30FF) || (code >= 0x3400 && code <= 0x4DBF) ||
         (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0xF900 && code <= 0xFAFF) ||
         (code >= 0x20000 && code <= 0x323AF);
}

/// The character at `at` of valid UTF-8 and its length; {-1, 1} at the end.
std::pair<int32_t, size_t> characterAt(std::string_view text, size_t at) {
  if (at >= text.size())
    return {-1, 1};
  if (!(text[at] & 0x80))
    return {text[at], 1};
  int32_t code = -1;
  utf8proc_ssize_t length =
      utf8proc_iterate(bytes(text) + at, utf8proc_ssize_t(text.size() - at), &code);
  return length > 0 ? std::pair(code, size_t(length)) : std::pair(int32_t(-1), size_t(1));
}

} // namespace

std::optional<size_t> findInvalidUtf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    if (!(text[at] & 0x80)) {
      ++at;
      continue;
    }
    int32_t code = -1;
    utf8proc_ssize_t length =
        utf8proc_iterate(bytes(text) + at, utf8proc_ssize_t(text.size() - at), &code);
    if (length <= 0)
      return at;
    at += size_t(length);
  }
  return std::nullopt;
}

std::string foldText(std::string_view text) {
  std::string folded(text);
  if (isAscii(text)) {
    for (char &c : folded)
      if (c >= 'A' && c <= 'Z')
        c = char(c - 'A' + 'a');
    return folded;
  }
  utf8proc_uint8_t *mapped = nullptr;
  utf8proc_ssize_t length =
      utf8proc_map(bytes(text), utf8proc_ssize_t(text.size()), &mapped,
                   utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD));
  if (length < 0)
    return {};
  std::unique_ptr<utf8proc_uint8_t, decltype(&free)> owner(mapped, &free);
  return std::string(reinterpret_cast<char *>(mapped), size_t(length));
}

std::string_view nextWord(std::string_view folded, size_t &at, std::string &joined) {
  auto [code, length] = characterAt(folded, at);
  while (at < folded.size() && !isWordCharacter(code)) {
    at += length;
    std::tie(code, length) = characterAt(folded, at);
  }
  if (at >= folded.size())
    return {};
  size_t begin = at;
  if (standsAlone(code)) {
    at += length;
    return folded.substr(begin, length);
  }
  joined.clear();
  size_t piece = begin; // start of what `joined` doesn't hold yet
  while (at < folded.size()) {
    std::tie(code, length) = characterAt(folded, at);
    if (isWordCharacter(code) && !standsAlone(code)) {
      at += length;
      continue;
    }
    auto [after, afterLength] = characterAt(folded, at + length);
    if (!isApostrophe(code) || !isWordCharacter(after) || standsAlone(after))
      break;
    joined.append(folded.substr(piece, at - piece));
    at += length;
    piece = at;
  }
  if (joined.empty())
    return folded.substr(begin, at - begin);
  joined.append(folded.substr(piece, at - piece));
  return joined;
}

std::vector<std::string> wordsOf(std::string_view text) {
  std::vector<std::string> words;
  forEachWord(text, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

std::optional<std::string> closest(std::string_view wanted, const std::vector<std::string> &names) {
  std::optional<std::string> best;
  size_t bestDistance = (wanted.size() + 2) / 3 + 1;
  for (const std::string &name : names) {
    // Levenshtein's distance, one row of the table at a time.
    std::vector<size_t> row(name.size() + 1);
    std::iota(row.begin(), row.end(), size_t(0));
    for (size_t i = 0; i < wanted.size(); ++i) {
      size_t diagonal = std::exchange(row[0], i + 1);
      for (size_t k = 0; k < name.size(); ++k) {
        size_t replaced = diagonal + (tolower(wanted[i]) != tolower(name[k]));
        diagonal = row[k + 1];
        row[k + 1] = std::min({row[k + 1] + 1, row[k] + 1, replaced});
      }
    }
    if (row.back() < bestDistance) {
      bestDistance = row.back();
      best = name;
    }
  }
  return best;
}

std::string listOf(const std::vector<std::string> &names, size_t limit) {
  std::string text;
  size_t shown = std::min(names.size(), limit);
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0)
      text += i + 1 == names.size() ? " and " : ", ";
    text += "`" + names[i] + "`";
  }
  if (shown < names.size())
    text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

} // namespace tenon::data
