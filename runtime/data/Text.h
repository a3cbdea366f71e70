/// Unicode text: validity and the words in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::data {

/// The offset of the first byte that isn't valid UTF-8 (overlong forms, surrogates and codes above
/// U+10FFFF included), or nothing.
std::optional<size_t> findInvalidUtf8(std::string_view text);

/// Calls take(word) for each word of `text`, in order. The text is NFC-normalised and case-folded
/// (Unicode's full case folding). A word is a maximal run of letters, marks and digits; an
/// apostrophe between two of them is dropped ("don't" is "dont"), everything else separates.
/// Ideographs and kana, which are written without spaces, are a word each. Text that isn't UTF-8
/// has no words.
template <typename Take> void forEachWord(std::string_view text, Take take);

/// The same as a list.
std::vector<std::string> wordsOf(std::string_view text);

/// The name among `names` that `wanted` was probably meant to be: closest by edits, at most a third
/// of its length (rounded up) away; ties go to the first.
std::optional<std::string> closest(std::string_view wanted, const std::vector<std::string> &names);

/// "`a`, `b` and `c`"; at most `limit` of them, then "and 7 more".
std::string listOf(const std::vector<std::string> &names, size_t limit = 12);

/// Text as UTF-8 that has been folded; what forEachWord splits.
std::string foldText(std::string_view text);
/// The next word of folded text from `at` on; empty at the end.
std::string_view nextWord(std::string_view folded, size_t &at, std::string &joined);

template <typename Take> void forEachWord(std::string_view text, Take take) {
  std::string folded = foldText(text), joined;
  size_t at = 0;
  for (std::string_view word = nextWord(folded, at, joined); !word.empty();
       word = nextWord(folded, at, joined))
    take(word);
}

} // namespace tenon::data
