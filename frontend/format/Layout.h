//===- Layout.h - Text with places where it may break -----------*- C++ -*-===//
//
// A stream of operations: texts, breaks, groups and indentation, in the manner of Oppen
// ("Prettyprinting", 1980) and Wadler. A group whose content fits on the rest of the line is flat:
// its breaks are spaces. Otherwise its own breaks become line ends, and the groups in it are tried
// again. All widths are differences of prefix sums, so that printing takes time linear in the
// stream. Widths count characters (code points).
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::format {

/// Columns of a line, where it can be broken at all.
inline constexpr uint32_t lineWidth = 100;
inline constexpr uint32_t indentWidth = 2;

enum class Group : uint8_t {
  Plain,
  /// Breaks only if what stands before the next break of any kind is too long for the line, so
  /// that what follows breaks first: a subscript within a sum.
  Reluctant,
  /// Its first break is a place where a line may end for what stands before the group: a block.
  Exposed,
  /// What follows `=`; begins with a break. Where it isn't flat it stands whole on the next line if
  /// it fits there, else it stays and breaks inside.
  Assigned,
  /// As Assigned, and it always stays.
  AssignedHere,
};

class Layout {
public:
  /// The text must outlive the layout.
  void text(std::string_view text);
  /// A place where the line ends if the group breaks, else `flat`.
  void line(std::string_view flat = " ");
  /// A place where the line ends if the group breaks and what stands before the next break is too
  /// long for the line.
  void fill();
  /// A line end, which breaks all groups around it; `blank`: with an empty line.
  void hard(bool blank = false);
  /// A comment behind the code of its line; a line end must follow. Comments of consecutive lines
  /// are aligned.
  void trailingComment(std::string_view text);
  /// Stands only where the group breaks.
  void ifBroken(std::string_view text);
  void open(Group group);
  /// The Assigned group that was opened last begins with a line end of its own.
  void forceAssigned();
  void close();
  void indent(unsigned levels = 1);
  void dedent(unsigned levels = 1);

  /// A place for the spaces of an alignment: one, until `setTab`. Its position in the stream.
  size_t tab();
  void setTab(size_t position, uint32_t spaces) { ops_[position].width = spaces; }
  size_t position() const { return ops_.size(); }
  /// Columns by which a line here is indented at least.
  uint32_t indentation() const { return indentation_; }
  /// The flat width of [begin, end), or `tooWide` if a line ends within.
  uint32_t flatWidth(size_t begin, size_t end) const;
  static constexpr uint32_t tooWide = ~0u;

  /// Appends the lines to `out`, each with its end, and forgets the stream. No group may be open.
  void print(std::string &out);

private:
  enum class Kind : uint8_t {
    Text,
    Line,
    Fill,
    Hard,
    Blank,
    Comment,
    IfBroken,
    Open,
    Close,
    Indent,
    Dedent,
    Tab
  };
  struct Op {
    Kind kind;
    Group group = Group::Plain; ///< Open
    bool forced = false;        ///< Open
    uint32_t width = 0;         ///< flat; Indent, Dedent: spaces
    std::string_view text;
  };
  friend class Printer;

  std::vector<Op> ops_;
  std::vector<size_t> open_;
  uint32_t indentation_ = 0;
};

/// Characters of a text in UTF-8.
uint32_t columns(std::string_view text);

} // namespace tenon::format
