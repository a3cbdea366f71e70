//===- RandomSource.h - Random programs, well-formed as text ----*- C++ -*-===//
//
// Programs over the whole grammar, of no meaning: names are made up. A program is a list of tokens
// with what may stand between them, so that one can be written in many layouts.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace tenon::test {

struct Piece {
  /// What may stand before the token: spaces; also line ends and comments; at least a line end.
  enum class Gap : uint8_t { Spaces, Lines, End };
  Gap gap;
  /// Whether a line ends here is the author's decision, which a layout keeps.
  bool authors;
  std::string text;
};

/// The program that belongs to a seed.
std::vector<Piece> randomProgram(uint64_t seed);

struct Noise {
  bool lines = false;    ///< line ends where they are nobody's decision
  bool authors = false;  ///< and where they are the author's, and empty lines
  bool comments = false; ///< implies line ends
};
/// The program in a layout that belongs to a seed.
std::string write(const std::vector<Piece> &program, const Noise &noise, uint64_t seed);

} // namespace tenon::test
