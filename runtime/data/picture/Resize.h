/// Pictures of another size.
#pragma once

#include "runtime/data/Npy.h"

namespace tenon::data {

/// f32[height, width, …] of an array [h, w, …] of u8 or f32. Along each direction an element is the
/// mean of those around its place, weighted by a triangle that reaches one element of the coarser
/// of the two grids in both directions: linear interpolation where the picture grows, with what is
/// passed over counted in where it shrinks. Elements have their centres at halves, and weights
/// beyond the edge are left out. (The filter that Pillow calls BILINEAR.)
Array resizePicture(const Array &picture, int64_t height, int64_t width);

} // namespace tenon::data
