// RUN: tenon-opt --split-contractions --simplify %s | FileCheck %s

// x and mask meet element by element first: the other orders multiply more.
// CHECK-LABEL: @elementwise_pair
// CHECK: %[[X:.*]] = tenon.mul {{.*}} : tensor<3x4x8xf32>
// CHECK: tenon.contract sum over <3, 4, 8, 8> (%[[X]], %arg2)
func.func @elementwise_pair(%x: tensor<3x8xf32>, %mask: tensor<3x4x8xf32>, %w: tensor<8x4x8xf32>) -> tensor<3x4x8xf32> {
  %z = tenon.contract sum over <3, 4, 8, 8> (%x, %mask, %w) maps [affine_map<(b, g, u, i) -> (b, i)>, affine_map<(b, g, u, i) -> (b, g, i)>, affine_map<(b, g, u, i) -> (i, g, u)>, affine_map<(b, g, u, i) -> (b, g, u)>] {
  ^bb0(%e: f32, %f: f32, %g: f32):
    %p = tenon.mul %e, %f : f32
    %q = tenon.mul %p, %g : f32
    tenon.yield %q : f32
  } : (tensor<3x8xf32>, tensor<3x4x8xf32>, tensor<8x4x8xf32>) -> tensor<3x4x8xf32>
  return %z : tensor<3x4x8xf32>
}

// The cotangent of x: a sum over u of dz and w, then one over g with the mask.
// CHECK-LABEL: @two_sums
// CHECK: %[[T:.*]] = tenon.contract sum over <3, 4, 8, 8> (%arg0, %arg2)
// CHECK: tenon.contract sum over <3, 4, 8> (%[[T]], %arg1)
func.func @two_sums(%dz: tensor<3x4x8xf32>, %mask: tensor<3x4x8xf32>, %w: tensor<8x4x8xf32>) -> tensor<3x8xf32> {
  %z = tenon.contract sum over <3, 4, 8, 8> (%dz, %mask, %w) maps [affine_map<(b, g, u, i) -> (b, g, u)>, affine_map<(b, g, u, i) -> (b, g, i)>, affine_map<(b, g, u, i) -> (i, g, u)>, affine_map<(b, g, u, i) -> (b, i)>] {
  ^bb0(%e: f32, %f: f32, %g: f32):
    %p = tenon.mul %e, %f : f32
    %q = tenon.mul %p, %g : f32
    tenon.yield %q : f32
  } : (tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<8x4x8xf32>) -> tensor<3x8xf32>
  return %z : tensor<3x8xf32>
}

// An outer product made for one sum: a p aᵀ is two matrix products, not one over all pairs.
// CHECK-LABEL: @outer_product_of_one_sum
// CHECK-NOT: tenon.broadcast
// CHECK: %[[T:.*]] = tenon.contract sum over <4, 4, 4> (%arg0, %arg1)
// CHECK: tenon.contract sum over <4, 4, 4> (%[[T]], %arg0)
func.func @outer_product_of_one_sum(%a: tensor<4x4xf32>, %p: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %left = tenon.broadcast %a axes [0, 1] : tensor<4x4xf32> -> tensor<4x4x4xf32>
  %right = tenon.broadcast %p axes [1, 2] : tensor<4x4xf32> -> tensor<4x4x4xf32>
  %pairs = tenon.mul %left, %right : tensor<4x4x4xf32>
  %z = tenon.contract sum over <4, 4, 4, 4> (%pairs, %a) maps [affine_map<(i, j, k, l) -> (i, k, l)>, affine_map<(i, j, k, l) -> (j, l)>, affine_map<(i, j, k, l) -> (i, j)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<4x4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %z : tensor<4x4xf32>
}

// Attention of one query: weight times value is a product before its sum over s, which leaves the
// loops of the head alone for the last matrix.
// CHECK-LABEL: @one_sided_product
// CHECK-NOT: tenon.broadcast
// CHECK: %[[T:.*]] = tenon.contract sum over <2, 3, 5, 4> (%arg0, %arg1)
// CHECK: tenon.contract sum over <2, 6, 3, 4> (%[[T]], %arg2)
func.func @one_sided_product(%weight: tensor<2x3x5xf32>, %v: tensor<2x3x5x4xf32>, %out: tensor<3x4x6xf32>) -> tensor<2x6xf32> {
  %wide = tenon.broadcast %weight axes [0, 1, 2] : tensor<2x3x5xf32> -> tensor<2x3x5x4xf32>
  %each = tenon.mul %wide, %v : tensor<2x3x5x4xf32>
  %z = tenon.contract sum over <2, 6, 3, 5, 4> (%each, %out) maps [affine_map<(b, o, n, s, d) -> (b, n, s, d)>, affine_map<(b, o, n, s, d) -> (n, d, o)>, affine_map<(b, o, n, s, d) -> (b, o)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<2x3x5x4xf32>, tensor<3x4x6xf32>) -> tensor<2x6xf32>
  return %z : tensor<2x6xf32>
}

// Where nothing could be summed earlier, the product stays as it was written.
// CHECK-LABEL: @one_sided_product_that_stays
// CHECK: %[[P:.*]] = tenon.mul
// CHECK: tenon.contract sum over <3, 6, 4> (%[[P]], %arg2)
func.func @one_sided_product_that_stays(%scale: tensor<4xf32>, %x: tensor<3x4xf32>, %w: tensor<4x6xf32>) -> tensor<3x6xf32> {
  %wide = tenon.broadcast %scale axes [1] : tensor<4xf32> -> tensor<3x4xf32>
  %each = tenon.mul %wide, %x : tensor<3x4xf32>
  %z = tenon.contract sum over <3, 6, 4> (%each, %w) maps [affine_map<(b, o, i) -> (b, i)>, affine_map<(b, o, i) -> (i, o)>, affine_map<(b, o, i) -> (b, o)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<3x4xf32>, tensor<4x6xf32>) -> tensor<3x6xf32>
  return %z : tensor<3x6xf32>
}

// One that something else needs as well is there anyway.
// CHECK-LABEL: @outer_product_of_two_uses
// CHECK: %[[P:.*]] = tenon.mul
// CHECK: tenon.contract sum over <3, 4> (%[[P]])
func.func @outer_product_of_two_uses(%a: tensor<3xf32>, %b: tensor<4xf32>) -> (tensor<3x4xf32>, tensor<3xf32>) {
  %left = tenon.broadcast %a axes [0] : tensor<3xf32> -> tensor<3x4xf32>
  %right = tenon.broadcast %b axes [1] : tensor<4xf32> -> tensor<3x4xf32>
  %pairs = tenon.mul %left, %right : tensor<3x4xf32>
  %z = tenon.contract sum over <3, 4> (%pairs) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<3x4xf32>) -> tensor<3xf32>
  return %pairs, %z : tensor<3x4xf32>, tensor<3xf32>
}

// CHECK-LABEL: @functions_and_numbers
// CHECK: %[[X:.*]] = tenon.exp %arg0 : tensor<3x4xf32>
// CHECK: %[[S:.*]] = tenon.contract sum over <3, 5, 4> (%[[X]], %arg1)
// CHECK: tenon.mul
// CHECK: tenon.yield
// CHECK: tenon.mul %[[S]]
// CHECK: tenon.neg
func.func @functions_and_numbers(%x: tensor<3x4xf32>, %w: tensor<4x5xf32>) -> tensor<3x5xf32> {
  %z = tenon.contract sum over <3, 5, 4> (%x, %w) maps [affine_map<(b, u, i) -> (b, i)>, affine_map<(b, u, i) -> (i, u)>, affine_map<(b, u, i) -> (b, u)>] {
  ^bb0(%e: f32, %f: f32):
    %half = tenon.constant 0.5 : f32
    %a = tenon.exp %e : f32
    %n = tenon.neg %f : f32
    %p = tenon.mul %a, %n : f32
    %q = tenon.mul %p, %half : f32
    tenon.yield %q : f32
  } : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return %z : tensor<3x5xf32>
}

// A factor of both operands is no product.
// CHECK-LABEL: @distance
// CHECK: tenon.contract sum over <3, 5, 4> (%arg0, %arg1)
// CHECK: tenon.sub
func.func @distance(%x: tensor<3x4xf32>, %w: tensor<4x5xf32>) -> tensor<3x5xf32> {
  %z = tenon.contract sum over <3, 5, 4> (%x, %w) maps [affine_map<(b, u, i) -> (b, i)>, affine_map<(b, u, i) -> (i, u)>, affine_map<(b, u, i) -> (b, u)>] {
  ^bb0(%e: f32, %f: f32):
    %d = tenon.sub %e, %f : f32
    %q = tenon.mul %d, %d : f32
    tenon.yield %q : f32
  } : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return %z : tensor<3x5xf32>
}

// The cotangent of a centre that was subtracted from every row: its rows' sum is taken before the
// product with the weights, not after.
// CHECK-LABEL: @sum_of_sums
// CHECK: %[[G:.*]] = tenon.contract sum over <9, 4> (%arg0)
// CHECK: %[[S:.*]] = tenon.contract sum over <3, 4> (%[[G]], %arg1)
// CHECK: %[[N:.*]] = tenon.neg %[[S]]
// CHECK: return %[[N]]
func.func @sum_of_sums(%g: tensor<9x4xf32>, %w: tensor<4x3xf32>) -> tensor<3xf32> {
  %each = tenon.contract sum over <9, 3, 4> (%g, %w) maps [affine_map<(p, j, i) -> (p, i)>, affine_map<(p, j, i) -> (i, j)>, affine_map<(p, j, i) -> (p, j)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<9x4xf32>, tensor<4x3xf32>) -> tensor<9x3xf32>
  %n = tenon.neg %each : tensor<9x3xf32>
  %z = tenon.contract sum over <9, 3> (%n) maps [affine_map<(p, j) -> (p, j)>, affine_map<(p, j) -> (j)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<9x3xf32>) -> tensor<3xf32>
  return %z : tensor<3xf32>
}

// What is returned as well is there anyway.
// CHECK-LABEL: @sum_of_sums_of_two_uses
// CHECK: %[[A:.*]] = tenon.contract sum over <9, 3, 4> (%arg0, %arg1)
// CHECK: tenon.contract sum over <9, 3> (%[[A]])
func.func @sum_of_sums_of_two_uses(%g: tensor<9x4xf32>, %w: tensor<4x3xf32>) -> (tensor<9x3xf32>, tensor<3xf32>) {
  %each = tenon.contract sum over <9, 3, 4> (%g, %w) maps [affine_map<(p, j, i) -> (p, i)>, affine_map<(p, j, i) -> (i, j)>, affine_map<(p, j, i) -> (p, j)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<9x4xf32>, tensor<4x3xf32>) -> tensor<9x3xf32>
  %z = tenon.contract sum over <9, 3> (%each) maps [affine_map<(p, j) -> (p, j)>, affine_map<(p, j) -> (j)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<9x3xf32>) -> tensor<3xf32>
  return %each, %z : tensor<9x3xf32>, tensor<3xf32>
}

// Sums of f16 are made in f32 and rounded once: no sum of a sum becomes two roundings.
// CHECK-LABEL: @narrow_sums_stay
// CHECK: tenon.contract sum over <9, 4> (%arg0, %arg1)
func.func @narrow_sums_stay(%a: tensor<9x4xf16>, %b: tensor<4xf16>) -> tensor<f16> {
  %z = tenon.contract sum over <9, 4> (%a, %b) maps [affine_map<(n, i) -> (n, i)>, affine_map<(n, i) -> (i)>, affine_map<(n, i) -> ()>] {
  ^bb0(%e: f16, %f: f16):
    %q = tenon.mul %e, %f : f16
    tenon.yield %q : f16
  } : (tensor<9x4xf16>, tensor<4xf16>) -> tensor<f16>
  return %z : tensor<f16>
}

// CHECK-LABEL: @each_sums_its_own
// CHECK-DAG: %[[A:.*]] = tenon.contract sum over <3, 4> (%arg0)
// CHECK-DAG: %[[B:.*]] = tenon.contract sum over <4, 5> (%arg1)
// CHECK: tenon.contract sum over <4> (%[[A]], %[[B]])
func.func @each_sums_its_own(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>) -> tensor<f32> {
  %z = tenon.contract sum over <3, 4, 5> (%a, %b) maps [affine_map<(m, k, n) -> (m, k)>, affine_map<(m, k, n) -> (k, n)>, affine_map<(m, k, n) -> ()>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<f32>
  return %z : tensor<f32>
}
