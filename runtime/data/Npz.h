/// NumPy's .npz files: archives of .npy files, stored or deflated
/// (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, with ZIP64).
#pragma once

#include "runtime/data/Npy.h"

#include <string>
#include <utility>
#include <vector>

namespace tenon::data {

/// All arrays of a file with their names, in the order of its directory. The Failure names the file
/// and what is wrong: not a zip archive, damaged (each array's checksum is verified), encrypted or
/// compressed otherwise, or a member that is no .npy file.
Result<std::vector<std::pair<std::string, Array>>> readNpz(const std::string &path);

} // namespace tenon::data
