//===- CheckBytes.h - Everything the frontend does, on any bytes -*- C++ -*-===//
#pragma once

#include <string>

namespace tenon::test {

/// Lexes, parses, formats and checks the text. What must hold of every text is asked of it: a
/// layout keeps the meaning and is its own layout. Ends the process with a message where it
/// doesn't.
void checkBytes(const std::string &text);

} // namespace tenon::test
