//===- Source.h - Program texts and places in them --------------*- C++ -*-===//
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

/// One of a SourceManager's files.
struct FileId {
  static constexpr uint32_t none = ~0u;
  uint32_t index = none;

  bool isValid() const { return index != none; }
  auto operator<=>(const FileId &) const = default;
};

/// The bytes [begin, end) of a file.
struct SourceRange {
  FileId file;
  uint32_t begin = 0;
  uint32_t end = 0;

  bool isValid() const { return file.isValid(); }
  /// From the start of the first to the end of the second, which is in the same file.
  static SourceRange join(SourceRange first, SourceRange last) {
    return {first.file, first.begin, last.end < first.end ? first.end : last.end};
  }
  auto operator<=>(const SourceRange &) const = default;
};

/// Where the character begins that the byte `at` of a UTF-8 text belongs to.
size_t characterStart(std::string_view text, size_t at);
/// The text, or its beginning of at most `longest` bytes and "…"; whole characters stay.
std::string clipped(std::string_view text, size_t longest);

/// Counted from 1; columns are characters (code points), as editors show them.
struct LineColumn {
  uint32_t line = 0;
  uint32_t column = 0;
};

/// Holds the texts of all files of a program; views into them stay valid as long as it lives.
class SourceManager {
public:
  /// A program's file has at most this many bytes: a text that people write is far below, and what
  /// is far above isn't worth the time of lexing it.
  static constexpr size_t maxFileSize = size_t(1) << 20;

  /// Adds a text that is known by `path` in messages.
  FileId add(std::string path, std::string text);
  /// Reads a file. On failure the id is invalid and `error` says why. Of a file that is too large
  /// only so much is read that it is still too large, which is for its parser to report.
  FileId load(const std::string &path, std::string &error);

  std::string_view text(FileId file) const { return files_[file.index].text; }
  std::string_view text(SourceRange range) const {
    return text(range.file).substr(range.begin, range.end - range.begin);
  }
  const std::string &path(FileId file) const { return files_[file.index].path; }
  size_t size() const { return files_.size(); }

  LineColumn lineColumn(FileId file, uint32_t offset) const;
  LineColumn start(SourceRange range) const { return lineColumn(range.file, range.begin); }
  uint32_t lineCount(FileId file) const;
  /// The text of a line, counted from 1, without its end.
  std::string_view line(FileId file, uint32_t line) const;
  /// Where a line begins.
  uint32_t lineStart(FileId file, uint32_t line) const;
  /// "file.tn:4:8"
  std::string describe(SourceRange range) const;

private:
  struct File {
    std::string path;
    std::string text;
    std::vector<uint32_t> lineStarts;
  };
  std::deque<File> files_;
};

} // namespace tenon
