/// The little JSON that a safetensors header is made of: strict, without recursion, from memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tenon {

/// Reads one token after another; each call skips white space first and answers false where the
/// text is something else. The text isn't copied and need not end in NUL.
class JsonCursor {
public:
  JsonCursor(const char *text, size_t size) : begin(text), at(text), end(text + size) {}

  /// Takes `character` if it comes next.
  bool take(char character);
  /// A string, unescaped; valid UTF-8 without NUL and at most `limit` bytes.
  bool string(std::string &value, size_t limit = 1 << 20);
  /// A whole number in [0, 2^63), without sign, fraction, exponent or leading zero.
  bool number(int64_t &value);
  /// Nothing but white space is left.
  bool finished();
  size_t position() const { return size_t(at - begin); }

private:
  void skipSpace();
  bool escape(std::string &value);
  bool hex4(uint32_t &code);

  const char *begin;
  const char *at;
  const char *end;
};

/// Length in bytes of the UTF-8 character at `at`, 0 where it is invalid (overlong forms,
/// surrogates and codes above U+10FFFF included).
size_t utf8Length(const char *at, const char *end);

/// Appends `text` as a JSON string, quotes included.
void appendJsonString(std::string &json, const std::string &text);

} // namespace tenon
