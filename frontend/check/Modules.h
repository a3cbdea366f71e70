//===- Modules.h - The files of a program -----------------------*- C++ -*-===//
#pragma once

#include "frontend/check/Value.h"
#include "frontend/diagnostics/Diagnostics.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tenon::check {

/// Reads a file and what it imports, each once. A name is looked for beside the importing file,
/// then in the standard library's folder. The library's `prelude` needs no import.
class Modules {
public:
  Modules(SourceManager &sources, DiagnosticEngine &engine);
  ~Modules();

  /// Null if the file can't be read; an error then says why.
  Module *load(const std::string &path);
  /// A program that is given as text, known by `path` in messages.
  Module *loadText(const std::string &path, std::string text);

  SourceManager &sources() { return sources_; }
  Module *prelude() { return prelude_; }
  const std::vector<std::unique_ptr<Module>> &all() const { return modules_; }

private:
  Module *parseFile(FileId file, const std::string &path, const std::string &name, bool isLibrary);
  Module *import(const ast::Path &path, const std::string &importer);
  Module *loadLibrary(const std::string &name);
  /// Counts an import; false, with a diagnostic, where there are too many.
  bool mayImport(SourceRange range);

  SourceManager &sources_;
  DiagnosticEngine &engine_;
  std::vector<std::unique_ptr<Module>> modules_;
  std::vector<std::unique_ptr<ast::File>> files_;
  std::map<std::string, Module *, std::less<>> byPath_;
  std::vector<std::string> loading_;
  size_t imports_ = 0;
  size_t bytes_ = 0;
  Module *prelude_ = nullptr;
};

} // namespace tenon::check
