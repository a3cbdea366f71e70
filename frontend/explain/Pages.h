//===- Pages.h - The pages of docs/errors -----------------------*- C++ -*-===//
//
// A page says what a diagnostic means and shows a program that has it and one that doesn't. The
// texts are part of the binary.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace tenon {

/// The page of a code, "E0203", in Markdown.
std::optional<std::string_view> explanationText(std::string_view code);
/// All codes that have a page, in order.
std::vector<std::string_view> explanationNames();

} // namespace tenon
