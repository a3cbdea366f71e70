//===- Format.h - One layout for programs -----------------------*- C++ -*-===//
//
// Every token and comment of a program stays, in its order; only what stands between them changes,
// and commas before a closing bracket. The author decides four things: where comments stand, single
// empty lines between statements, whether a block or record of one line stands on that line, and
// where a chain of `|>` outside brackets is broken. Everything else follows from the line's width.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/diagnostics/Diagnostics.h"

#include <optional>
#include <string>

namespace tenon::format {

/// The program in its layout. Nothing if it has syntax errors, which go to `engine`.
std::optional<std::string> format(const SourceManager &sources, FileId file,
                                  DiagnosticEngine &engine);

/// True if both texts are programs of one meaning with the same comments: what `format` promises,
/// found out by reading both anew.
bool sameMeaning(const std::string &before, const std::string &after);

} // namespace tenon::format
