/// Sources whose rows are files in folders that name their classes; behind RowSource.h.
#pragma once

#include "runtime/data/RowSource.h"

#include <filesystem>

namespace tenon::data {

using Columns = std::function<Status(const std::vector<SourceColumn> &)>;
using Rows = std::function<Status(const SourceRow &)>;

/// A path of the program, which starts from its folder.
std::string resolve(const std::string &path, const std::string &folder);
/// A checksum over two.
uint64_t combine(uint64_t a, uint64_t b);
/// The line of the first byte that isn't UTF-8 text.
std::optional<Failure> notText(const std::string &text, const std::string &path);

/// The entries of a folder in order of their names, folders or files; hidden ones are left out.
std::vector<std::filesystem::path> entriesOf(const std::string &folder, bool folders,
                                             std::error_code &error);

Result<SourceSummary> readTextFolder(const std::string &path, const Columns &columns,
                                     const Rows &rows);
Result<SourceSummary> readImageFolder(const Source &source, const std::string &path,
                                      Reading reading, const Columns &columns, const Rows &rows);

} // namespace tenon::data
