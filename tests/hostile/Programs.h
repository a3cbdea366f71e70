//===- Programs.h - Programs that are made to break the compiler -*- C++ -*-===//
#pragma once

#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace tenon::test {

/// Files by name; the program is "main.tn".
using Files = std::map<std::string, std::string>;

struct HostileProgram {
  std::string name;
  /// Made when it is asked for: some are megabytes.
  std::function<Files()> files;
  /// It has no mistake and isn't too large.
  bool isLegal = false;
};

void PrintTo(const HostileProgram &program, std::ostream *out);

/// Every kind of program that makes a naive compiler slow, large or dead.
std::vector<HostileProgram> hostilePrograms();

} // namespace tenon::test
