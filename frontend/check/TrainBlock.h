//===- TrainBlock.h - A train block, taken apart ----------------*- C++ -*-===//
#pragma once

#include "frontend/check/Elaborator.h"

namespace tenon::check {

/// The train block, taken apart, and the objects that all entries share.
struct Elaborator::TrainBlock {
  const ast::Train *syntax = nullptr;
  Module *module = nullptr;
  ModelInstance *model = nullptr;
  const ast::Dataset *datasetSyntax = nullptr;
  data::Dataset dataset;
  std::map<std::string, const ast::AssignStmt *, std::less<>> entries;
  std::vector<const ast::Stmt *> lets;
  ModelInstance *optimizer = nullptr;
  std::vector<std::string> metrics;
  std::vector<bool> metricHasState;
  std::vector<StartFrom> start;
  int64_t accumulate = 1;
  /// The sums of `accumulate`, a variable for each parameter.
  std::unique_ptr<Slot> sums;

  const ast::Expr *find(std::string_view name) const {
    auto found = entries.find(name);
    return found == entries.end() ? nullptr : found->second->value;
  }
};

} // namespace tenon::check
