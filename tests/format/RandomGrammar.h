//===- RandomGrammar.h - The language's grammar, as data --------*- C++ -*-===//
#pragma once

#include <map>
#include <string_view>
#include <vector>

namespace tenon::test {

/// Ways to write each part of a program, of which chance takes one; the first where the program is
/// deep already. A way is words with spaces between them, and may begin with its weight, `3:`.
///
///   $name              a part
///   ;                  a line ends here
///   {?60 … ?}          in 60 of 100 cases
///   {~60 … ~}          the same, but never where the program is deep
///   {+60 … +}          again and again while chance says so; never where the program is deep
///   {*4 … *}           up to 3 times
///   {,4 … ,}           up to 3 times, with commas between and sometimes behind
///
/// Any other word is a token; a `_` in one that begins with `"` is a space.
using Grammar = std::map<std::string_view, std::vector<std::string_view>>;

const Grammar &randomGrammar();

} // namespace tenon::test
