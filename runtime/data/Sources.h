/// Where a dataset's rows come from, before any is read.
#pragma once

#include "runtime/data/FieldPlan.h"
#include "runtime/data/RowSource.h"
#include "runtime/data/Schema.h"

#include <optional>
#include <string>
#include <vector>

namespace tenon::data {

/// Says that a source with these columns has none of this name, if so; without a place.
std::optional<Failure> missingColumn(const std::string &name,
                                     const std::vector<SourceColumn> &columns,
                                     const std::string &source);
/// Which of a source's columns the field takes, in order.
Result<std::vector<size_t>> locateColumns(const FieldPlan &plan,
                                          const std::vector<SourceColumn> &columns,
                                          const std::string &source);

/// Compares the declaration with the files that are there: the columns' names, and what stands in
/// the first rows of each.
DataReport lookAtData(const Dataset &dataset, const std::string &folder);

} // namespace tenon::data
