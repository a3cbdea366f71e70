//===- Render.cpp - Diagnostics as text -----------------------------------===//
//
// The line with the primary range comes first, with all labels on that line; every other line that
// has a label follows under `:::`. Below a line stand its marks. The label that ends last stands
// beside its mark; the others hang below theirs, the rightmost first.
//
//===----------------------------------------------------------------------===//
#include "frontend/diagnostics/Diagnostics.h"
#include "frontend/diagnostics/Row.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace tenon {

namespace {

struct Mark {
  uint32_t begin = 0; ///< bytes within the line
  uint32_t end = 0;
  unsigned column = 0; ///< display columns
  unsigned width = 1;
  bool primary = false;
  std::string_view text;
};

struct LinePlace {
  FileId file;
  uint32_t line = 0;
  auto operator<=>(const LinePlace &) const = default;
};

class Renderer {
public:
  Renderer(const SourceManager &sources, const Diagnostic &diagnostic, const RenderOptions &options)
      : sources_(sources), diagnostic_(diagnostic), options_(options) {}

  std::string run();

private:
  void collect();
  void section(LinePlace place, std::vector<Mark> &marks, bool first);
  void snippet(LinePlace place, std::vector<Mark> &marks);
  Row sourceRow(std::string_view line, std::vector<Mark> &marks) const;
  void labels(std::vector<Mark> &marks);
  void line(const std::string &number, const Row &row);
  void gutterLine(std::string_view sign, const std::string &text);
  Style markStyle(bool primary) const;

  const SourceManager &sources_;
  const Diagnostic &diagnostic_;
  const RenderOptions &options_;
  std::map<LinePlace, std::vector<Mark>> lines_;
  LinePlace primary_;
  size_t numberWidth_ = 1;
  std::string out_;
};

Style Renderer::markStyle(bool primary) const {
  if (!primary)
    return Style::Gutter;
  return diagnostic_.severity == Severity::Error ? Style::Error : Style::Warning;
}

void Renderer::collect() {
  auto add = [&](const Label &label, bool primary) {
    LineColumn start = sources_.start(label.range);
    LinePlace place{label.range.file, start.line};
    uint32_t lineStart = sources_.lineStart(place.file, place.line);
    auto length = static_cast<uint32_t>(sources_.line(place.file, place.line).size());
    Mark mark;
    mark.begin = std::min(label.range.begin - lineStart, length);
    // A range of several lines is marked to the end of its first.
    mark.end = std::max(mark.begin, std::min(label.range.end - lineStart, length));
    mark.primary = primary;
    mark.text = label.text;
    lines_[place].push_back(mark);
    numberWidth_ = std::max(numberWidth_, std::to_string(start.line).size());
    if (primary)
      primary_ = place;
  };
  if (diagnostic_.primary.range.isValid())
    add(diagnostic_.primary, true);
  for (const Label &label : diagnostic_.secondary)
    add(label, false);
}

void Renderer::gutterLine(std::string_view sign, const std::string &text) {
  out_ +=
      styled(std::string(numberWidth_, ' ') + std::string(sign), Style::Gutter, options_.colour);
  out_ += text + "\n";
}

void Renderer::line(const std::string &number, const Row &row) {
  std::string text = row.str(options_.colour);
  std::string gutter = std::string(numberWidth_ - number.size(), ' ') + number + " |";
  out_ += styled(gutter, Style::Gutter, options_.colour);
  if (!text.empty())
    out_ += " " + text;
  out_ += "\n";
}

/// The stretch of a very long line around what is marked first, so that the rest of it costs
/// nothing; the marks' bytes are then counted from there. Marks outside stand at its ends.
static std::string_view stretch(std::string_view text, std::vector<Mark> &marks) {
  constexpr uint32_t most = 4096;
  if (text.size() <= most)
    return text;
  uint32_t begin = marks.front().begin;
  for (const Mark &mark : marks)
    begin = mark.primary ? mark.begin : begin;
  begin = static_cast<uint32_t>(characterStart(text, begin - std::min(begin, most / 4)));
  std::string_view result = text.substr(begin, most);
  auto place = [&](uint32_t offset) {
    return offset < begin ? 0 : std::min(offset - begin, static_cast<uint32_t>(result.size()));
  };
  for (Mark &mark : marks) {
    mark.begin = place(mark.begin);
    mark.end = place(mark.end);
  }
  return result;
}

/// The line as it is shown, clipped around its marks; sets the marks' columns.
Row Renderer::sourceRow(std::string_view line, std::vector<Mark> &marks) const {
  constexpr std::string_view dots = "...";
  std::string_view text = stretch(line, marks);
  bool cutBefore = text.data() != line.data();
  bool cutBehind = text.data() + text.size() != line.data() + line.size();
  std::vector<Glyph> shown = glyphs(text);
  unsigned total = 0;
  std::vector<unsigned> columns;
  for (const Glyph &glyph : shown) {
    columns.push_back(total);
    total += glyph.width;
  }
  columns.push_back(total);
  auto columnOf = [&](uint32_t offset) {
    auto next = std::partition_point(shown.begin(), shown.end(),
                                     [&](const Glyph &glyph) { return glyph.offset < offset; });
    return columns[static_cast<size_t>(next - shown.begin())];
  };
  unsigned low = total;
  unsigned high = 0;
  for (Mark &mark : marks) {
    mark.column = columnOf(mark.begin);
    mark.width = std::max(1u, columnOf(mark.end) - mark.column);
    low = std::min(low, mark.column);
    high = std::max(high, mark.column + mark.width);
  }

  unsigned from = 0;
  if (total > options_.width && high > options_.width) {
    unsigned margin = (options_.width - std::min(options_.width, high - low)) / 2;
    from = std::min(low > margin ? low - margin : 0, total - options_.width);
  }
  unsigned to = std::min(total, from + options_.width);
  unsigned shift = from > 0 || cutBefore ? 3 : 0;
  Row row;
  for (size_t i = 0; i < shown.size(); ++i)
    if (columns[i] >= from && columns[i] + shown[i].width <= to)
      row.put(columns[i] - from + shift, shown[i].text, Style::Plain);
  if (shift > 0)
    row.put(0, dots, Style::Plain);
  if (to < total || cutBehind)
    row.put(to - from + shift, dots, Style::Plain);
  for (Mark &mark : marks) {
    unsigned end = std::min(mark.column + mark.width, std::max(to, from + 1));
    mark.column = std::min(mark.column, end - 1);
    mark.width = end - mark.column;
    mark.column = mark.column - from + shift;
  }
  return row;
}

/// The marks under a source line, and what is said beside and below them.
void Renderer::labels(std::vector<Mark> &marks) {
  // Primary marks are drawn last, over the others.
  std::partition(marks.begin(), marks.end(), [](const Mark &mark) { return !mark.primary; });
  Row row;
  for (const Mark &mark : marks)
    row.fill(mark.column, mark.width, mark.primary ? '^' : '-', markStyle(mark.primary));

  std::vector<const Mark *> hanging;
  for (const Mark &mark : marks)
    if (!mark.text.empty())
      hanging.push_back(&mark);
  std::sort(hanging.begin(), hanging.end(), [](const Mark *a, const Mark *b) {
    return std::tie(a->column, a->text) < std::tie(b->column, b->text);
  });
  auto last = std::max_element(hanging.begin(), hanging.end(), [](const Mark *a, const Mark *b) {
    return a->column + a->width <= b->column + b->width;
  });
  if (last != hanging.end() && (*last)->column + (*last)->width == row.width()) {
    row.put(row.width() + 1, (*last)->text, markStyle((*last)->primary));
    hanging.erase(last);
  }
  line("", row);

  auto connectors = [&](size_t count) {
    Row below;
    for (size_t i = 0; i < count; ++i)
      below.fill(hanging[i]->column, 1, '|', markStyle(hanging[i]->primary));
    return below;
  };
  if (!hanging.empty())
    line("", connectors(hanging.size()));
  for (size_t i = hanging.size(); i-- > 0;) {
    Row below = connectors(i);
    below.put(hanging[i]->column, hanging[i]->text, markStyle(hanging[i]->primary));
    line("", below);
  }
}

void Renderer::snippet(LinePlace place, std::vector<Mark> &marks) {
  Row row = sourceRow(sources_.line(place.file, place.line), marks);
  line(std::to_string(place.line), row);
  labels(marks);
}

void Renderer::section(LinePlace place, std::vector<Mark> &marks, bool first) {
  uint32_t offset = sources_.lineStart(place.file, place.line);
  uint32_t begin = marks.front().begin;
  for (const Mark &mark : marks)
    begin = mark.primary ? mark.begin : begin;
  gutterLine(first ? "--> " : "::: ",
             sources_.describe({place.file, offset + begin, offset + begin}));
  if (first)
    gutterLine(" |", "");
  snippet(place, marks);
}

std::string Renderer::run() {
  bool isError = diagnostic_.severity == Severity::Error;
  out_ = styled((isError ? "error[" : "warning[") + std::string(codeText(diagnostic_.code)) + "]",
                isError ? Style::Error : Style::Warning, options_.colour);
  out_ += styled(": " + diagnostic_.message, Style::Strong, options_.colour) + "\n";
  collect();
  if (diagnostic_.primary.range.isValid())
    section(primary_, lines_[primary_], true);
  bool first = !diagnostic_.primary.range.isValid();
  for (auto &[place, marks] : lines_) {
    if (diagnostic_.primary.range.isValid() && place == primary_)
      continue;
    section(place, marks, first);
    first = false;
  }
  for (const std::string &note : diagnostic_.notes)
    out_ += styled("note", Style::Strong, options_.colour) + ": " + note + "\n";
  for (const std::string &help : diagnostic_.help)
    out_ += styled("help", Style::Strong, options_.colour) + ": " + help + "\n";
  return std::move(out_);
}

} // namespace

std::string render(const SourceManager &sources, const Diagnostic &diagnostic,
                   const RenderOptions &options) {
  return Renderer(sources, diagnostic, options).run();
}

std::string renderAll(const SourceManager &sources, const DiagnosticEngine &engine,
                      const RenderOptions &options) {
  std::string result;
  for (const Diagnostic &diagnostic : engine.sorted())
    result += (result.empty() ? "" : "\n") + render(sources, diagnostic, options);
  return result;
}

} // namespace tenon
