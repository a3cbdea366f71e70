#include "frontend/diagnostics/Row.h"

#include <utf8proc.h>

namespace tenon {

namespace {
constexpr unsigned tabWidth = 4;
constexpr std::string_view replacement = "\xEF\xBF\xBD";

std::string_view styleCode(Style style) {
  switch (style) {
  case Style::Plain:
    return "";
  case Style::Strong:
    return "\x1b[1m";
  case Style::Error:
    return "\x1b[1;31m";
  case Style::Warning:
    return "\x1b[1;33m";
  case Style::Gutter:
    return "\x1b[1;34m";
  }
  return "";
}
} // namespace

std::vector<Glyph> glyphs(std::string_view text) {
  std::vector<Glyph> result;
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t point = -1;
    auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text.data() + at),
                                   static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    Glyph glyph;
    glyph.offset = static_cast<uint32_t>(at);
    if (length <= 0) {
      glyph.text = replacement;
      at += 1;
    } else if (point == '\t') {
      glyph.text = std::string(tabWidth, ' ');
      glyph.width = tabWidth;
      at += 1;
    } else {
      auto category = utf8proc_category(point);
      bool shapeless = category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
                       category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
      glyph.text = shapeless ? replacement : text.substr(at, static_cast<size_t>(length));
      glyph.width = shapeless ? 1 : static_cast<unsigned>(utf8proc_charwidth(point));
      at += static_cast<size_t>(length);
    }
    result.push_back(std::move(glyph));
  }
  return result;
}

unsigned displayWidth(std::string_view text) {
  unsigned width = 0;
  for (const Glyph &glyph : glyphs(text))
    width += glyph.width;
  return width;
}

Row::Cell &Row::cell(unsigned column) {
  if (column >= cells_.size())
    cells_.resize(column + 1);
  return cells_[column];
}

void Row::put(unsigned column, std::string_view text, Style style) {
  for (const Glyph &glyph : glyphs(text)) {
    if (glyph.width == 0) {
      if (column > 0)
        cell(column - 1).text += glyph.text;
      continue;
    }
    cell(column) = {glyph.text, style};
    // The other columns of a wide character hold nothing, so that columns stay columns.
    for (unsigned i = 1; i < glyph.width; ++i)
      cell(column + i) = {"", style};
    column += glyph.width;
  }
}

void Row::fill(unsigned column, unsigned count, char mark, Style style) {
  for (unsigned i = 0; i < count; ++i)
    cell(column + i) = {std::string(1, mark), style};
}

bool Row::isFree(unsigned column) const {
  return column >= cells_.size() || cells_[column].text == " ";
}

std::string Row::str(bool colour) const {
  size_t end = cells_.size();
  while (end > 0 && cells_[end - 1].text == " ")
    --end;
  std::string result;
  for (size_t i = 0; i < end;) {
    Style style = cells_[i].style;
    std::string run;
    for (; i < end && cells_[i].style == style; ++i)
      run += cells_[i].text;
    result += styled(run, style, colour);
  }
  return result;
}

std::string styled(std::string_view text, Style style, bool colour) {
  if (!colour || style == Style::Plain || text.empty())
    return std::string(text);
  return std::string(styleCode(style)) + std::string(text) + "\x1b[0m";
}

} // namespace tenon
