//===- Row.h - A line of cells on a terminal --------------------*- C++ -*-===//
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

enum class Style : uint8_t { Plain, Strong, Error, Warning, Gutter };

/// A character as it is shown: tabs are four blanks wide, characters without a shape and bad bytes
/// are replaced.
struct Glyph {
  std::string text;
  unsigned width = 1;  ///< columns: 0 for combining marks
  uint32_t offset = 0; ///< of its first byte in the text it comes from
};

std::vector<Glyph> glyphs(std::string_view text);
unsigned displayWidth(std::string_view text);

/// Text that is put together by column, counted from 0.
class Row {
public:
  void put(unsigned column, std::string_view text, Style style);
  /// Puts `mark` in `count` columns.
  void fill(unsigned column, unsigned count, char mark, Style style);
  bool isFree(unsigned column) const;
  unsigned width() const { return static_cast<unsigned>(cells_.size()); }
  /// Without blanks at the end.
  std::string str(bool colour) const;

private:
  struct Cell {
    std::string text = " ";
    Style style = Style::Plain;
  };
  Cell &cell(unsigned column);
  std::vector<Cell> cells_;
};

/// `text` in the colours of `style`.
std::string styled(std::string_view text, Style style, bool colour);

} // namespace tenon
