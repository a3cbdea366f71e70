//===- Parsing.h - What the tests of the syntax share -----------*- C++ -*-===//
#pragma once

#include "frontend/syntax/Parse.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace tenon::test {

struct Parsed {
  SourceManager sources;
  DiagnosticEngine engine;
  std::unique_ptr<ast::File> file;

  explicit Parsed(const std::string &text, const std::string &path = "test.tn") {
    file = parse(sources, sources.add(path, text), engine);
  }
  std::string errors() const { return renderAll(sources, engine); }
};

inline std::filesystem::path sourceDir() {
  const char *folder = std::getenv("TENON_SOURCE_DIR");
  return folder ? folder : ".";
}

inline std::string readFile(const std::filesystem::path &path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The files of a folder with this ending, in order of name.
inline std::vector<std::filesystem::path> filesIn(const std::filesystem::path &folder,
                                                  const std::string &ending) {
  std::vector<std::filesystem::path> result;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ending)
      result.push_back(entry.path());
  std::sort(result.begin(), result.end());
  return result;
}

} // namespace tenon::test
