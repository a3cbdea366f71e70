//===- Image.h - A compiled program as bytes --------------------*- C++ -*-===//
#pragma once

#include "codegen/cpu/EntryPlan.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

/// One relocatable object file.
struct ObjectFile {
  std::string name;
  std::string bytes;
};

/// Everything that running a program needs: what the C ABI tells of its entries, and machine code.
/// `metadata` belongs to whoever compiles (the tool keeps the data set's and the training's
/// description in it).
struct ProgramImage {
  std::string numericMode;
  std::vector<EntryInfo> entries;
  std::vector<ObjectFile> objects;
  std::string metadata;
};

/// One block of bytes, and back. The bytes carry a version and a checksum; `deserialize` answers
/// nullopt for bytes that `serialize` of this version didn't make, and reads nothing beyond them.
/// An image holds machine code: deserialise only what this user wrote.
std::string serialize(const ProgramImage &image);
std::optional<ProgramImage> deserialize(std::string_view bytes);

} // namespace tenon
