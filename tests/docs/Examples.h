//===- Examples.h - The programs within pages of Markdown -------*- C++ -*-===//
//
// A block that begins with ```tenon is a program that checks without errors, unless words after
// `tenon` say otherwise:
//   error=E0203   it gives exactly this code (a feature that isn't there yet: error=E0601)
//   with=E0301    and also this one
//   continued     it goes on with the program of the block before
//   times=300     lines with {n} stand 300 times, {n} counting from 0 ({n+1} is one more)
//   bytes         \xE9 is the byte with this number
//   file=a.tn     the name of its file
//   run=f         what counts is the entry of its function f, as `tenon run` makes it
//   float=f64     checked under --float f64
//   signature     a head out of a file that is checked elsewhere
// A fragment is completed by a comment before it that readers don't see; the block stands in the
// place of the line `...`:
//   <!-- tenon
//   fn f(x: f32[n]) -> f32 {
//   ...
//   }
//   -->
//
//===----------------------------------------------------------------------===//
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tenon::test {

struct Example {
  std::string place; ///< "docs/language.md:17"
  std::map<std::string, std::string> words;
  std::string text;    ///< as it stands in the page
  std::string program; ///< completed
  bool fragment = false;

  bool has(const std::string &word) const { return words.contains(word); }
  std::string word(const std::string &name) const;
};

std::vector<Example> examplesOf(const std::filesystem::path &page, const std::string &name);

/// Codes of the example's diagnostics, each once, in order; `shown` are all of them as text.
std::vector<std::string> codesOf(const Example &example, std::string &shown);
/// The codes that the example promises.
std::vector<std::string> promisedCodes(const Example &example);

} // namespace tenon::test
