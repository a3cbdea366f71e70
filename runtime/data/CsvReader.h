/// CSV files: RFC 4180 as libcsv reads it, in bounded memory, with the line of every row.
#pragma once

#include "runtime/data/Result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tenon::data {

/// One row, alive during the call that receives it.
struct CsvRow {
  int64_t line = 0; ///< where it begins, the first line of the file being 1
  std::vector<std::string> fields;
};

struct CsvOptions {
  char separator = ',';
};

struct CsvSummary {
  int64_t rows = 0;      ///< without the header
  uint64_t checksum = 0; ///< XXH3 of the file's bytes
};

/// Reads a file: `header` receives the column names, then `row` each row, in order; either may stop
/// by a failure, which is the answer. Fields may be quoted and hold separators and newlines; blank
/// lines are skipped; space around an unquoted field goes; a byte order mark is skipped; lines end
/// in LF, CRLF or CR.
///
/// Failures: the file can't be read; it is empty; it isn't UTF-8; a row has another number of
/// fields than the header; a quote is unbalanced; a field is longer than 16 MiB; two columns have
/// one name. Each has its "file:line".
Result<CsvSummary> readCsv(const std::string &path, const CsvOptions &options,
                           const std::function<Status(const CsvRow &)> &header,
                           const std::function<Status(const CsvRow &)> &row);

} // namespace tenon::data
