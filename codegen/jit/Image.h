//===- Image.h - A compiled program as bytes --------------------*- C++ -*-===//
#pragma once

#include "codegen/cpu/EntryPlan.h"

#include <string>
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

/// One block of bytes, and back. `deserialize` answers nullopt for bytes that `serialize` didn't
/// make; it reads nothing beyond them.
std::string serialize(const ProgramImage &image);
std::optional<ProgramImage> deserialize(std::string_view bytes);

} // namespace tenon
