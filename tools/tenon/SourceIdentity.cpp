//===- SourceIdentity.cpp - Which bytes a program is made of --------------===//
#include "tools/tenon/SourceIdentity.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace tenon;
using namespace tenon::tool;

static std::optional<std::string> hashOfFile(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return std::nullopt;
  return hashText((*buffer)->getBuffer());
}

std::string tool::requestIdentity(const Common &common, const Request &request) {
  auto hash = hashOfFile(common.file);
  if (!hash)
    return {};
  // Lengths keep two lists from being the same text.
  std::string text;
  auto add = [&](llvm::StringRef part) {
    text += llvm::utostr(part.size()) + ":" + part.str() + ";";
  };
  add(common.file);
  add(*hash);
  add(common.real);
  add(llvm::itostr(common.memoryBudget));
  add(request.function);
  add(request.attributes ? "attributes" : "");
  add(request.stagesAlone ? "stages" : "");
  for (const auto &[name, type] : request.inputs.tensors)
    add(name), add(type.str());
  for (const auto &[name, number] : request.inputs.numbers)
    add(name), add(llvm::utohexstr(llvm::bit_cast<uint64_t>(number)));
  for (const auto &[name, value] : request.inputs.strings)
    add(name), add(value);
  for (const auto &[name, extent] : request.dataDims)
    add(name), add(llvm::itostr(extent));
  return text;
}

std::optional<std::string> tool::programIdentity(const std::string &requestIdentity,
                                                 const std::vector<std::string> &files) {
  std::string text = requestIdentity;
  for (const std::string &file : files) {
    auto hash = hashOfFile(file);
    if (!hash)
      return std::nullopt;
    text += file + "=" + *hash + ";";
  }
  return text;
}

void tool::rememberFiles(const DiskCache &cache, const std::string &requestIdentity,
                         const std::vector<std::string> &files) {
  cache.store("files " + buildId() + requestIdentity, llvm::join(files, "\n"));
}

std::optional<std::vector<std::string>> tool::recallFiles(const DiskCache &cache,
                                                          const std::string &requestIdentity) {
  auto text = cache.find("files " + buildId() + requestIdentity);
  if (!text)
    return std::nullopt;
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(*text).split(lines, '\n');
  return std::vector<std::string>(lines.begin(), lines.end());
}
