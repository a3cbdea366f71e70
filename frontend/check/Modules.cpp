//===- Modules.cpp - The files of a program -------------------------------===//
#include "frontend/check/Modules.h"

#include "frontend/check/Limits.h"
#include "frontend/std/Library.h"
#include "frontend/syntax/Parse.h"

#include <algorithm>
#include <filesystem>

using namespace tenon;
using namespace tenon::check;
namespace fs = std::filesystem;

Modules::Modules(SourceManager &sources, DiagnosticEngine &engine)
    : sources_(sources), engine_(engine) {
  prelude_ = loadLibrary("prelude");
}

Modules::~Modules() = default;

Module *Modules::parseFile(FileId file, const std::string &path, const std::string &name,
                           bool isLibrary) {
  files_.push_back(parse(sources_, file, engine_));
  modules_.push_back(std::make_unique<Module>());
  Module &module = *modules_.back();
  module.name = name;
  module.file = file;
  module.syntax = files_.back().get();
  module.isLibrary = isLibrary;
  byPath_.emplace(path, &module);
  loading_.push_back(path);
  for (const ast::Path &imported : module.syntax->imports) {
    if (engine_.isFull() || !mayImport(imported.range))
      break;
    Module *other = import(imported, path);
    std::string last(imported.names.back().text);
    auto [place, isNew] = module.imports.try_emplace(last, other);
    if (!isNew && place->second != other)
      engine_.error(Code::DuplicateName, imported.range, "two imports are called `" + last + "`")
          .done();
  }
  loading_.pop_back();
  return &module;
}

Module *Modules::loadLibrary(const std::string &name) {
  std::string path = "<library>/" + name + ".tn";
  if (auto known = byPath_.find(path); known != byPath_.end())
    return known->second;
  auto text = libraryText(name);
  if (!text)
    return nullptr;
  return parseFile(sources_.add(path, std::string(*text)), path, name, true);
}

bool Modules::mayImport(SourceRange range) {
  bool isDeep = loading_.size() > CheckLimits::importDepth;
  if (!isDeep && imports_ < CheckLimits::imports) {
    ++imports_;
    return true;
  }
  engine_
      .error(Code::TooManyImports, range,
             isDeep ? "imports are nested more than " + std::to_string(CheckLimits::importDepth) +
                          " levels deep"
                    : "a program has at most " + std::to_string(CheckLimits::imports) + " imports")
      .done();
  return false;
}

Module *Modules::import(const ast::Path &path, const std::string &importer) {
  std::string name = path.str(), relative = name;
  std::replace(relative.begin(), relative.end(), '.', '/');
  std::string file = (fs::path(importer).parent_path() / (relative + ".tn")).lexically_normal();
  bool fromLibrary = importer.starts_with("<library>");
  std::error_code ignored;
  if (fromLibrary || !fs::exists(file, ignored)) {
    if (Module *library = loadLibrary(name))
      return library;
    auto report =
        engine_.error(Code::UnknownModule, path.range, "there is no `" + name + "` to import");
    report.label("neither " + file + " nor a file of the library");
    std::string best;
    for (std::string_view known : libraryNames())
      if (known.substr(0, 2) == std::string_view(name).substr(0, 2) && best.empty())
        best = known;
    if (!best.empty())
      report.help("did you mean `" + best + "`?");
    return nullptr;
  }
  if (auto at = std::find(loading_.begin(), loading_.end(), file); at != loading_.end()) {
    std::string circle;
    for (; at != loading_.end(); ++at)
      circle += fs::path(*at).filename().string() + " imports ";
    engine_
        .error(Code::CircularImport, path.range,
               "imports go in a circle: " + circle + fs::path(file).filename().string())
        .done();
    return nullptr;
  }
  if (auto known = byPath_.find(file); known != byPath_.end())
    return known->second;
  std::string error;
  FileId id = sources_.load(file, error);
  if (!id.isValid()) {
    engine_.error(Code::UnknownModule, path.range, "`" + file + "` can't be read: " + error).done();
    return nullptr;
  }
  bytes_ += sources_.text(id).size();
  if (bytes_ > CheckLimits::programBytes) {
    engine_.error(Code::FileTooLarge, path.range, "the files of a program have at most 8 MiB")
        .done();
    return nullptr;
  }
  return parseFile(id, file, name, false);
}

Module *Modules::load(const std::string &path) {
  std::string normal = fs::path(path).lexically_normal(), error;
  if (auto known = byPath_.find(normal); known != byPath_.end())
    return known->second;
  FileId file = sources_.load(normal, error);
  if (!file.isValid()) {
    engine_.error(Code::UnknownModule, {}, "`" + path + "` can't be read: " + error).done();
    return nullptr;
  }
  return parseFile(file, normal, fs::path(normal).stem(), false);
}

Module *Modules::loadText(const std::string &path, std::string text) {
  std::string normal = fs::path(path).lexically_normal();
  return parseFile(sources_.add(normal, std::move(text)), normal, fs::path(normal).stem(), false);
}
