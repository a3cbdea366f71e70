//===- Harness.h - A program's diagnostics as text --------------*- C++ -*-===//
#pragma once

#include "frontend/check/Check.h"
#include "frontend/diagnostics/Diagnostics.h"
#include "runtime/data/Sources.h"

#include <memory>
#include <string>

namespace tenon::check {

/// One program with all that belongs to checking it.
struct Checking {
  SourceManager sources;
  DiagnosticEngine engine;
  Modules modules{sources, engine};
  Module *module = nullptr;

  static std::unique_ptr<Checking> text(std::string program) {
    auto checking = std::make_unique<Checking>();
    checking->module = checking->modules.loadText("program.tn", std::move(program));
    return checking;
  }
  static std::unique_ptr<Checking> file(const std::string &path) {
    auto checking = std::make_unique<Checking>();
    checking->module = checking->modules.load(path);
    return checking;
  }
  /// Everything in the file, beside the data in its folder, which is the current one.
  bool check() {
    CheckOptions options;
    options.lookAtData = [](const data::Dataset &dataset) { return data::lookAtData(dataset, ""); };
    return module && checkFile(modules, *module, engine, options);
  }
  std::string diagnostics() const { return renderAll(sources, engine); }
};

} // namespace tenon::check
