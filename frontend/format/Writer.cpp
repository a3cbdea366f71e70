#include "frontend/format/Writer.h"

namespace tenon::format {

void Writer::skipNewlines() {
  while (at(TokenKind::Newline))
    ++at_;
}

void Writer::advance() {
  if (!at(TokenKind::End))
    ++at_;
  skipNewlines();
}

const Token &Writer::tokenAfter() const {
  size_t after = at_ + 1;
  while (stream_.tokens[after].kind == TokenKind::Newline)
    ++after;
  return stream_.tokens[after];
}

unsigned Writer::lineEndsBefore(uint32_t place) const {
  unsigned result = 0;
  while (place > 0 && std::string_view(" \t\r\n").find(text_[place - 1]) != std::string_view::npos)
    result += text_[--place] == '\n';
  return result;
}

bool Writer::startsLine() const { return lineEndsBefore(next().begin) != 0; }

bool Writer::endsLine() const {
  return text_.substr(next().end, tokenAfter().begin - next().end).find('\n') !=
         std::string_view::npos;
}

bool Writer::hasComments() const {
  return comment_ < stream_.comments.size() &&
         stream_.comments[comment_].range.begin < next().begin;
}

bool Writer::commentFollows() const {
  for (size_t i = comment_; i < stream_.comments.size(); ++i) {
    uint32_t place = stream_.comments[i].range.begin;
    if (place > next().begin)
      return place < tokenAfter().begin;
  }
  return false;
}

size_t Writer::parenthesesAhead(bool inner) const {
  size_t result = inner ? 0 : 1;
  for (size_t outer = at_;; ++outer, ++result) {
    const Token &open = stream_.tokens[outer + 1];
    bool together =
        open.kind == TokenKind::LeftParen && open.partner + 1 == stream_.tokens[outer].partner;
    if (!together)
      return result;
  }
}

bool Writer::startsAnew() const {
  if (emptyLineBefore(next().begin))
    return true;
  for (size_t i = comment_;
       i < stream_.comments.size() && stream_.comments[i].range.begin < next().begin; ++i)
    if (lineEndsBefore(stream_.comments[i].range.begin) != 0)
      return true;
  return false;
}

bool Writer::comments(bool blank) {
  bool any = false;
  for (; hasComments(); ++comment_) {
    SourceRange range = stream_.comments[comment_].range;
    std::string_view text = text_.substr(range.begin, range.end - range.begin);
    bool behind = !any && started_ && lineEndsBefore(range.begin) == 0;
    if (behind) {
      layout.trailingComment(text);
    } else {
      if (started_)
        layout.hard(blank && !afterBrace_ && emptyLineBefore(range.begin));
      layout.text(text);
      afterBrace_ = false;
    }
    any = started_ = true;
  }
  return any;
}

void Writer::token() {
  if (comments(false))
    layout.hard();
  layout.text(nextText());
  started_ = true;
  afterBrace_ = at(TokenKind::LeftBrace);
  advance();
}

void Writer::comma() {
  layout.text(",");
  afterBrace_ = false;
  advance();
}

void Writer::skipComma() { advance(); }

void Writer::line(std::string_view flat) {
  if (comments(false))
    layout.hard();
  else
    layout.line(flat);
}

void Writer::fill() {
  if (comments(false))
    layout.hard();
  else
    layout.fill();
}

void Writer::hard(bool blank) {
  comments(blank);
  if (started_)
    layout.hard(blank && !afterBrace_ && emptyLineBefore(next().begin));
}

void Writer::openAssigned(Group group) {
  layout.open(group);
  if (comments(false)) {
    layout.forceAssigned();
    layout.hard();
  } else {
    layout.line();
  }
}

bool Writer::commentsBeforeClosing() { return comments(true); }

} // namespace tenon::format
