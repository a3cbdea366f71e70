//===- LargestSize.h - What a size comes to at most -------------*- C++ -*-===//
#pragma once

#include "ir/dim/Dim.h"

#include "llvm/ADT/StringMap.h"

namespace tenon {

/// Named dimensions that no call fixes, each with the most that it can be, if that is known.
using DimBounds = llvm::StringMap<std::optional<Dim>>;

/// The most that `size` can come to while those in `bounds` go from 0 to their bound; the other
/// named dimensions stay. nullopt where there is no bound.
std::optional<Dim> largestSize(const Dim &size, const DimBounds &bounds);

} // namespace tenon
