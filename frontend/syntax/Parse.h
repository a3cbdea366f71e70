//===- Parse.h - From text to a syntax tree ---------------------*- C++ -*-===//
#pragma once

#include "frontend/diagnostics/Diagnostics.h"
#include "frontend/syntax/AST.h"

namespace tenon {

/// Brackets, blocks and chains of operators may be nested this deeply, so that stages which walk a
/// tree by recursion stay within the stack.
inline constexpr unsigned maxNesting = 256;

/// Parses a file. Never null: after errors, which go to `engine`, the tree holds what could be
/// read.
std::unique_ptr<ast::File> parse(const SourceManager &sources, FileId file,
                                 DiagnosticEngine &engine);

/// The tree as indented text, one node a line, for tests.
std::string dump(const ast::File &file);

} // namespace tenon
