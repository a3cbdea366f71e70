// RUN: tenon-opt --split-windows --form-kernels %s | FileCheck %s

// A convolution, its bias, relu and 2×2 max-pooling: 9 rows are computed, of which the last is in no
// window.
// CHECK-DAG: #[[READ:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7, d8) -> (d0, d1 * 2 + d3 + d6, d2 * 2 + d4 + d7, d8)>
// CHECK-DAG: #[[KERNEL:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7, d8) -> (d6, d7, d8, d5)>
// CHECK-DAG: #[[SPLIT:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d4, d5, d3)>
// CHECK-LABEL: @pooled
// CHECK: tenon.kernel contraction
// CHECK: tenon.contract sum over <2, 4, 4, 2, 2, 16, 3, 3, 5> {{.*}} maps [#[[READ]], #[[KERNEL]],
// CHECK: tenon.broadcast {{.*}} axes [5] : tensor<16xf32> -> tensor<2x4x4x2x2x16xf32>
// CHECK: tenon.contract max over <2, 4, 4, 16, 2, 2> {{.*}} maps [#[[SPLIT]],
// CHECK: tenon.yield {{.*}} : tensor<2x4x4x16xf32>
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @pooled(%x: tensor<2x11x11x5xf32>, %w: tensor<3x3x5x16xf32>, %bias: tensor<16xf32>) -> tensor<2x4x4x16xf32> {
  %c = tenon.contract sum over <2, 9, 9, 16, 3, 3, 5> (%x, %w) maps [affine_map<(b, y, x, c, i, j, k) -> (b, y + i, x + j, k)>, affine_map<(b, y, x, c, i, j, k) -> (i, j, k, c)>, affine_map<(b, y, x, c, i, j, k) -> (b, y, x, c)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<2x11x11x5xf32>, tensor<3x3x5x16xf32>) -> tensor<2x9x9x16xf32>
  %bb = tenon.broadcast %bias axes [3] : tensor<16xf32> -> tensor<2x9x9x16xf32>
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %zeros = tenon.broadcast %zero axes [] : tensor<f32> -> tensor<2x9x9x16xf32>
  %s = tenon.add %c, %bb : tensor<2x9x9x16xf32>
  %r = tenon.max %s, %zeros : tensor<2x9x9x16xf32>
  %m = tenon.contract max over <2, 4, 4, 16, 2, 2> (%r) maps [affine_map<(b, y, x, c, i, j) -> (b, y * 2 + i, x * 2 + j, c)>, affine_map<(b, y, x, c, i, j) -> (b, y, x, c)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<2x9x9x16xf32>) -> tensor<2x4x4x16xf32>
  return %m : tensor<2x4x4x16xf32>
}

// A batch of one, whose axis the product lacks.
// CHECK-LABEL: @of_one_picture
// CHECK: tenon.kernel contraction
// CHECK: tenon.contract sum over <4, 4, 2, 2, 16, 3, 3, 5>
// CHECK: tenon.contract max over <4, 4, 16, 2, 2>
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @of_one_picture(%x: tensor<10x10x5xf32>, %w: tensor<3x3x5x16xf32>) -> tensor<4x4x16xf32> {
  %c = tenon.contract sum over <8, 8, 16, 3, 3, 5> (%x, %w) maps [affine_map<(y, x, c, i, j, k) -> (y + i, x + j, k)>, affine_map<(y, x, c, i, j, k) -> (i, j, k, c)>, affine_map<(y, x, c, i, j, k) -> (y, x, c)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<10x10x5xf32>, tensor<3x3x5x16xf32>) -> tensor<8x8x16xf32>
  %s = tenon.reshape %c : tensor<8x8x16xf32> -> tensor<1x8x8x16xf32>
  %r = tenon.tanh %s : tensor<1x8x8x16xf32>
  %m = tenon.contract max over <4, 4, 16, 2, 2> (%r) maps [affine_map<(y, x, c, i, j) -> (0, y * 2 + i, x * 2 + j, c)>, affine_map<(y, x, c, i, j) -> (y, x, c)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<1x8x8x16xf32>) -> tensor<4x4x16xf32>
  return %m : tensor<4x4x16xf32>
}

// Elements of overlapping windows would be computed several times.
// CHECK-LABEL: @overlapping
// CHECK: tenon.contract sum over <8, 16, 5>
// CHECK: tenon.kernel reduction
func.func @overlapping(%x: tensor<8x5xf32>, %w: tensor<5x16xf32>) -> tensor<3x16xf32> {
  %c = tenon.contract sum over <8, 16, 5> (%x, %w) maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<8x5xf32>, tensor<5x16xf32>) -> tensor<8x16xf32>
  %m = tenon.contract max over <3, 16, 3> (%c) maps [affine_map<(m, n, i) -> (m * 2 + i, n)>, affine_map<(m, n, i) -> (m, n)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<8x16xf32>) -> tensor<3x16xf32>
  return %m : tensor<3x16xf32>
}

// Its gradient needs the product.
// CHECK-LABEL: @read_twice
// CHECK: tenon.contract sum over <8, 16, 5>
// CHECK: tenon.kernel reduction
func.func @read_twice(%x: tensor<8x5xf32>, %w: tensor<5x16xf32>) -> (tensor<4x16xf32>, tensor<8x16xf32>) {
  %c = tenon.contract sum over <8, 16, 5> (%x, %w) maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<8x5xf32>, tensor<5x16xf32>) -> tensor<8x16xf32>
  %m = tenon.contract max over <4, 16, 2> (%c) maps [affine_map<(m, n, i) -> (m * 2 + i, n)>, affine_map<(m, n, i) -> (m, n)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<8x16xf32>) -> tensor<4x16xf32>
  return %m, %c : tensor<4x16xf32>, tensor<8x16xf32>
}

// A window of columns, and one that is too large for a register tile.
// CHECK-LABEL: @other_windows
// CHECK-COUNT-2: tenon.kernel reduction
func.func @other_windows(%x: tensor<12x5xf32>, %w: tensor<5x16xf32>, %v: tensor<5x16xf32>) -> (tensor<12x8xf32>, tensor<2x16xf32>) {
  %c = tenon.contract sum over <12, 16, 5> (%x, %w) maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<12x5xf32>, tensor<5x16xf32>) -> tensor<12x16xf32>
  %m = tenon.contract max over <12, 8, 2> (%c) maps [affine_map<(m, n, i) -> (m, n * 2 + i)>, affine_map<(m, n, i) -> (m, n)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<12x16xf32>) -> tensor<12x8xf32>
  %d = tenon.contract sum over <12, 16, 5> (%x, %v) maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<12x5xf32>, tensor<5x16xf32>) -> tensor<12x16xf32>
  %n = tenon.contract max over <2, 16, 6> (%d) maps [affine_map<(m, n, i) -> (m * 6 + i, n)>, affine_map<(m, n, i) -> (m, n)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<12x16xf32>) -> tensor<2x16xf32>
  return %m, %n : tensor<12x8xf32>, tensor<2x16xf32>
}
