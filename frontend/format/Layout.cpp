#include "frontend/format/Layout.h"

#include <algorithm>
#include <cassert>

namespace tenon::format {

uint32_t columns(std::string_view text) {
  return static_cast<uint32_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

void Layout::text(std::string_view text) {
  ops_.push_back({Kind::Text, {}, {}, columns(text), text});
}
void Layout::line(std::string_view flat) {
  ops_.push_back({Kind::Line, {}, {}, columns(flat), flat});
}
void Layout::fill() { ops_.push_back({Kind::Fill, {}, {}, 1, " "}); }
void Layout::hard(bool blank) { ops_.push_back({blank ? Kind::Blank : Kind::Hard, {}, {}, 0, ""}); }
void Layout::trailingComment(std::string_view text) {
  ops_.push_back({Kind::Comment, {}, {}, 0, text});
}
void Layout::ifBroken(std::string_view text) { ops_.push_back({Kind::IfBroken, {}, {}, 0, text}); }
void Layout::open(Group group) {
  open_.push_back(ops_.size());
  ops_.push_back({Kind::Open, group, {}, 0, ""});
}
void Layout::forceAssigned() { ops_[open_.back()].forced = true; }
void Layout::close() {
  open_.pop_back();
  ops_.push_back({Kind::Close, {}, {}, 0, ""});
}
void Layout::indent(unsigned levels) {
  ops_.push_back({Kind::Indent, {}, {}, levels * indentWidth, ""});
  indentation_ += levels * indentWidth;
}
void Layout::dedent(unsigned levels) {
  ops_.push_back({Kind::Dedent, {}, {}, levels * indentWidth, ""});
  indentation_ -= levels * indentWidth;
}
size_t Layout::tab() {
  ops_.push_back({Kind::Tab, {}, {}, 1, ""});
  return ops_.size() - 1;
}

uint32_t Layout::flatWidth(size_t begin, size_t end) const {
  uint32_t result = 0;
  for (size_t i = begin; i < end; ++i) {
    Kind kind = ops_[i].kind;
    if (kind == Kind::Hard || kind == Kind::Blank || kind == Kind::Comment)
      return tooWide;
    if (kind != Kind::Indent && kind != Kind::Dedent)
      result += ops_[i].width;
  }
  return result;
}

static bool isAssigned(Group group) {
  return group == Group::Assigned || group == Group::AssignedHere;
}

/// Prints one stream.
class Printer {
public:
  Printer(const std::vector<Layout::Op> &ops, std::string &out) : ops_(ops), out_(out) {}
  void run();

private:
  using Kind = Layout::Kind;
  struct State {
    bool broken;
    uint32_t indent; ///< that the group itself adds
  };
  /// Of a line that ends in a comment, held back until its neighbours are known.
  struct Commented {
    std::string code;
    std::string_view comment;
    uint32_t indent;
    uint32_t column;
  };

  void measure();
  void findStops();
  bool opens(size_t i);
  bool fits(size_t begin, size_t end, uint32_t column) const {
    return column + (before_[end] - before_[begin]) <= lineWidth;
  }
  uint32_t column() const { return line_.empty() ? indent_ : column_; }
  void put(std::string_view text, uint32_t width);
  void trim();
  void endLine();
  void align();

  const std::vector<Layout::Op> &ops_;
  std::string &out_;
  /// The flat width of all before an operation; a line end counts more than any line has.
  std::vector<uint64_t> before_;
  /// The next operation where the line ends if all groups around this one break, and the next one
  /// where it may end in any case. Of a group, seen from its Close.
  std::vector<uint32_t> stop_, anyStop_;
  std::vector<uint32_t> close_; ///< of an Open
  std::vector<State> groups_;
  std::string line_;
  uint32_t column_ = 0;
  uint32_t indent_ = 0;
  uint32_t lineIndent_ = 0;
  std::vector<Commented> comments_;
  bool lineHasComment_ = false;
};

void Printer::measure() {
  constexpr uint64_t lineEnd = uint64_t(1) << 32;
  before_.resize(ops_.size() + 1);
  uint64_t width = 0;
  for (size_t i = 0; i < ops_.size(); ++i) {
    before_[i] = width;
    switch (ops_[i].kind) {
    case Kind::Hard:
    case Kind::Blank:
    case Kind::Comment:
      width += lineEnd;
      break;
    case Kind::Indent:
    case Kind::Dedent:
      break;
    default:
      width += ops_[i].width;
    }
  }
  before_.back() = width;
}

void Printer::findStops() {
  constexpr uint32_t none = ~0u;
  auto size = static_cast<uint32_t>(ops_.size());
  stop_.resize(size + 1, size);
  anyStop_.resize(size + 1, size);
  close_.resize(size);
  struct Level {
    uint32_t close;   ///< the Close of the group
    uint32_t stop;    ///< the next break of this group or one around it
    uint32_t first;   ///< the group's own first break
    uint32_t visible; ///< its first line end, and first break of an Exposed or Assigned group in it
  };
  std::vector<Level> levels{{size, size, none, none}};
  uint32_t any = size;
  for (uint32_t i = size; i-- > 0;) {
    stop_[i] = levels.back().stop;
    anyStop_[i] = any;
    switch (ops_[i].kind) {
    case Kind::Hard:
    case Kind::Blank:
    case Kind::Comment:
      levels.back().visible = i;
      [[fallthrough]];
    case Kind::Line:
    case Kind::Fill:
      levels.back().stop = levels.back().first = any = i;
      break;
    case Kind::Close:
      levels.push_back({i, levels.back().stop, none, none});
      break;
    case Kind::Open: {
      Level inner = levels.back();
      levels.pop_back();
      close_[i] = inner.close;
      if (ops_[i].group == Group::Exposed || isAssigned(ops_[i].group))
        inner.visible = std::min(inner.visible, inner.first);
      if (inner.visible != none)
        levels.back().stop = levels.back().visible = inner.visible;
      break;
    }
    default:
      break;
    }
  }
}

/// Decides how the group at `i` stands. True if its first operation, a break, is a line end.
bool Printer::opens(size_t i) {
  const Layout::Op &op = ops_[i];
  uint32_t end = close_[i];
  uint32_t stop = op.group == Group::Reluctant ? anyStop_[end] : stop_[end];
  bool flatAround = !groups_.empty() && !groups_.back().broken;
  if (flatAround || (!op.forced && fits(i, stop, column()))) {
    groups_.push_back({false, 0});
    return false;
  }
  if (!op.forced && op.group != Group::Assigned) {
    groups_.push_back({true, 0});
    return false;
  }
  bool whole = !op.forced && fits(i + 2, stop, indent_ + indentWidth);
  bool stays = !op.forced && !whole && fits(i + 1, anyStop_[i + 1], column());
  groups_.push_back({!whole, stays ? 0 : indentWidth});
  indent_ += groups_.back().indent;
  return !stays && !op.forced;
}

void Printer::put(std::string_view text, uint32_t width) {
  if (text.empty())
    return;
  if (line_.empty()) {
    line_.assign(indent_, ' ');
    column_ = lineIndent_ = indent_;
  }
  line_ += text;
  column_ += width;
}

/// Drops the spaces at the line's end.
void Printer::trim() {
  size_t end = line_.find_last_not_of(' ') + 1;
  column_ -= static_cast<uint32_t>(line_.size() - end);
  line_.resize(end);
}

/// Writes the lines that were held back, their comments below each other where that leaves them
/// within the line.
void Printer::align() {
  uint32_t widest = 0;
  for (const Commented &line : comments_)
    widest = std::max(widest, line.column);
  bool aligned = std::all_of(comments_.begin(), comments_.end(), [&](const Commented &line) {
    return widest + 2 + columns(line.comment) <= lineWidth;
  });
  for (const Commented &line : comments_) {
    out_ += line.code;
    out_.append((aligned ? widest - line.column : 0) + 2, ' ');
    out_ += line.comment;
    out_ += '\n';
  }
  comments_.clear();
}

void Printer::endLine() {
  trim();
  if (lineHasComment_) {
    lineHasComment_ = false;
    comments_.back().code = std::move(line_);
  } else {
    align();
    out_ += line_;
    out_ += '\n';
  }
  line_.clear();
}

void Printer::run() {
  measure();
  findStops();
  for (size_t i = 0; i < ops_.size(); ++i) {
    const Layout::Op &op = ops_[i];
    bool broken = groups_.empty() || groups_.back().broken;
    switch (op.kind) {
    case Kind::Text:
      put(op.text, op.width);
      break;
    case Kind::Tab:
      put(std::string(op.width, ' '), op.width);
      break;
    case Kind::IfBroken:
      if (broken)
        put(op.text, columns(op.text));
      break;
    case Kind::Line:
    case Kind::Fill:
      if (broken && (op.kind == Kind::Line || !fits(i, stop_[i], column())))
        endLine();
      else
        put(op.text, op.width);
      break;
    case Kind::Hard:
    case Kind::Blank:
      endLine();
      if (op.kind == Kind::Blank)
        endLine();
      break;
    case Kind::Comment:
      trim();
      if (!comments_.empty() && comments_.back().indent != lineIndent_)
        align();
      comments_.push_back({"", op.text, lineIndent_, column_});
      lineHasComment_ = true;
      break;
    case Kind::Open:
      if (opens(i)) {
        endLine();
        ++i;
      } else if (isAssigned(op.group) && !op.forced) {
        put(" ", 1);
        ++i;
      }
      break;
    case Kind::Close:
      indent_ -= groups_.back().indent;
      groups_.pop_back();
      break;
    case Kind::Indent:
      indent_ += op.width;
      break;
    case Kind::Dedent:
      indent_ -= op.width;
      break;
    }
  }
  if (!line_.empty())
    endLine();
  align();
}

void Layout::print(std::string &out) {
  assert(open_.empty());
  Printer(ops_, out).run();
  ops_.clear();
}

} // namespace tenon::format
