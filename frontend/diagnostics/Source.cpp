#include "frontend/diagnostics/Source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace tenon {

namespace {
bool isContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }
} // namespace

size_t characterStart(std::string_view text, size_t at) {
  // A character has four bytes at most; text that isn't UTF-8 has none.
  for (int i = 0; i < 3 && at > 0 && at < text.size() && isContinuation(text[at]); ++i)
    --at;
  return at;
}

std::string clipped(std::string_view text, size_t longest) {
  if (text.size() <= longest)
    return std::string(text);
  return std::string(text.substr(0, characterStart(text, longest))) + "…";
}

FileId SourceManager::add(std::string path, std::string text) {
  File &file = files_.emplace_back();
  file.path = std::move(path);
  file.text = std::move(text);
  file.lineStarts.push_back(0);
  for (size_t i = 0; i < file.text.size(); ++i)
    if (file.text[i] == '\n')
      file.lineStarts.push_back(static_cast<uint32_t>(i + 1));
  return {static_cast<uint32_t>(files_.size() - 1)};
}

FileId SourceManager::load(const std::string &path, std::string &error) {
  std::error_code status;
  auto kind = std::filesystem::status(path, status).type();
  if (kind == std::filesystem::file_type::directory) {
    error = "it is a folder";
    return {};
  }
  // A pipe or device might have no end.
  if (kind != std::filesystem::file_type::regular &&
      kind != std::filesystem::file_type::not_found) {
    error = "it is no plain file";
    return {};
  }
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  if (!stream) {
    error = std::strerror(errno);
    return {};
  }
  auto size = static_cast<std::streamoff>(stream.tellg());
  if (size < 0) {
    error = "its size is unknown";
    return {};
  }
  std::string text(std::min(static_cast<size_t>(size), maxFileSize + 1), '\0');
  stream.seekg(0);
  if (!stream.read(text.data(), static_cast<std::streamsize>(text.size()))) {
    error = "it could not be read to its end";
    return {};
  }
  return add(path, std::move(text));
}

LineColumn SourceManager::lineColumn(FileId file, uint32_t offset) const {
  const File &source = files_[file.index];
  auto next = std::upper_bound(source.lineStarts.begin(), source.lineStarts.end(), offset);
  uint32_t begin = *std::prev(next);
  uint32_t column = 1;
  for (uint32_t i = begin; i < offset && i < source.text.size(); ++i)
    column += !isContinuation(source.text[i]);
  return {static_cast<uint32_t>(next - source.lineStarts.begin()), column};
}

uint32_t SourceManager::lineCount(FileId file) const {
  return static_cast<uint32_t>(files_[file.index].lineStarts.size());
}

uint32_t SourceManager::lineStart(FileId file, uint32_t line) const {
  return files_[file.index].lineStarts[line - 1];
}

std::string_view SourceManager::line(FileId file, uint32_t line) const {
  const File &source = files_[file.index];
  uint32_t begin = source.lineStarts[line - 1];
  size_t end = line < source.lineStarts.size() ? source.lineStarts[line] - 1 : source.text.size();
  if (end > begin && source.text[end - 1] == '\r')
    --end;
  return std::string_view(source.text).substr(begin, end - begin);
}

std::string SourceManager::describe(SourceRange range) const {
  if (!range.isValid())
    return "";
  LineColumn place = start(range);
  return path(range.file) + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

} // namespace tenon
