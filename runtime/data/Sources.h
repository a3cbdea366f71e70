/// Where a dataset's rows come from, before any is read.
#pragma once

#include "runtime/data/CsvReader.h"
#include "runtime/data/FieldPlan.h"
#include "runtime/data/Schema.h"

#include <string>
#include <vector>

namespace tenon::data {

struct CsvSource {
  std::string path; ///< to open
  CsvOptions options;
};

/// Resolves a source; relative paths start from `folder`.
Result<CsvSource> resolveSource(const Source &source, const std::string &folder);

/// Which columns of a file with this header the field takes, in order.
Result<std::vector<size_t>> locateColumns(const FieldPlan &plan,
                                          const std::vector<std::string> &header,
                                          const std::string &path);

struct ColumnCheck {
  std::vector<Failure> failures;
  std::vector<std::string> skipped; ///< files that aren't there, so that nothing is known of them
};

/// Compares the fields' columns with the headers of the files that are there, reading no rows.
ColumnCheck checkColumns(const Dataset &dataset, const std::string &folder);

} // namespace tenon::data
