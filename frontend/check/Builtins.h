//===- Builtins.h - Names that the language itself provides -----*- C++ -*-===//
#pragma once

#include <string_view>
#include <vector>

namespace tenon::check {

/// Functions without a declaration in the library: those marked * in docs/language.md, and those
/// whose type no signature can state.
bool isBuiltin(std::string_view name);
const std::vector<std::string_view> &builtinNames();

} // namespace tenon::check
