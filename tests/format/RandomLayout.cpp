//===- RandomLayout.cpp - One program in many layouts ---------------------===//
#include "tests/format/RandomSource.h"

#include <array>
#include <string_view>

namespace tenon::test {

namespace {

bool isWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

/// True if the two would be read as one token, or as a comment.
bool merge(std::string_view left, std::string_view right) {
  constexpr std::string_view signs = "=<>!*/|.-@+%";
  char a = left.back(), b = right.front();
  return (isWord(a) && isWord(b)) || (isWord(a) && b == '.') ||
         (signs.find(a) != std::string_view::npos && signs.find(b) != std::string_view::npos);
}

} // namespace

std::string write(const std::vector<Piece> &program, const Noise &noise, uint64_t seed) {
  std::mt19937_64 rng(seed);
  auto chance = [&](unsigned percent) { return rng() % 100 < percent; };
  std::string out;
  auto spaces = [&](unsigned least) { out.append(least + (chance(20) ? rng() % 4 : 0), ' '); };
  auto comment = [&] {
    constexpr std::array<std::string_view, 5> comments = {"// why", "/// A doc comment.", "//",
                                                          "////", "// trailing spaces   "};
    out += comments[rng() % comments.size()];
    out += '\n';
  };
  std::string_view last;
  for (const Piece &piece : program) {
    bool mayEnd = piece.gap == Piece::Gap::End || (piece.gap == Piece::Gap::Lines && noise.lines &&
                                                   (noise.authors || !piece.authors));
    bool ends = piece.gap == Piece::Gap::End ? !last.empty() : mayEnd && chance(5);
    bool comments = noise.comments && mayEnd && chance(piece.gap == Piece::Gap::End ? 20 : 3);
    if (comments) {
      spaces(1);
      for (unsigned i = 1 + static_cast<unsigned>(rng() % 2); i > 0; --i) {
        if (chance(40))
          out += '\n';
        spaces(0);
        comment();
      }
    } else if (ends) {
      out += '\n';
      while (noise.authors && chance(20))
        out += '\n';
    }
    spaces(!last.empty() && !ends && !comments && merge(last, piece.text) ? 1 : 0);
    out += piece.text;
    last = piece.text;
  }
  if (noise.comments && chance(30)) {
    spaces(1);
    comment();
  } else if (chance(80)) {
    out += '\n';
  }
  return out;
}

} // namespace tenon::test
