//===- Library.h - The standard library's files -----------------*- C++ -*-===//
//
// The library is written in Tenon, in the .tn files beside this header. Their texts are part of the
// binary, so that it works wherever it is copied.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace tenon {

/// The text of a file, by the name it is imported by ("nn"; "prelude" needs no import).
std::optional<std::string_view> libraryText(std::string_view name);
/// All names, in alphabetical order.
std::vector<std::string_view> libraryNames();

} // namespace tenon
