/// Where a dataset's rows come from, before any is read.
#pragma once

#include "runtime/data/CsvReader.h"
#include "runtime/data/FieldPlan.h"
#include "runtime/data/Schema.h"

#include <optional>
#include <string>
#include <vector>

namespace tenon::data {

struct CsvSource {
  std::string path; ///< to open
  CsvOptions options;
};

/// Resolves a source; relative paths start from `folder`.
Result<CsvSource> resolveSource(const Source &source, const std::string &folder);

/// Says that a file with this header has no such column, if so; without a place.
std::optional<Failure> missingColumn(const std::string &name,
                                     const std::vector<std::string> &header,
                                     const std::string &path);
/// Which columns of a file with this header the field takes, in order.
Result<std::vector<size_t>> locateColumns(const FieldPlan &plan,
                                          const std::vector<std::string> &header,
                                          const std::string &path);

/// Compares the declaration with the files that are there: the columns' names, and what stands in
/// the first rows of each.
DataReport lookAtData(const Dataset &dataset, const std::string &folder);

} // namespace tenon::data
