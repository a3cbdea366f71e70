//===- SourceIdentity.h - Which bytes a program is made of ------*- C++ -*-===//
#pragma once

#include "codegen/jit/Cache.h"
#include "tools/tenon/Programs.h"

namespace tenon::tool {

/// All that decides a program's graph but its imports: the file's path and bytes, the request and
/// the options. Empty if the file can't be read.
std::string requestIdentity(const Common &common, const Request &request);
/// The same with the bytes of the files that it was made of; nullopt where one can't be read.
std::optional<std::string> programIdentity(const std::string &requestIdentity,
                                           const std::vector<std::string> &files);

/// Remembers which files a request was made of, so that the next start knows its identity without
/// parsing.
void rememberFiles(const DiskCache &cache, const std::string &requestIdentity,
                   const std::vector<std::string> &files);
std::optional<std::vector<std::string>> recallFiles(const DiskCache &cache,
                                                    const std::string &requestIdentity);

} // namespace tenon::tool
