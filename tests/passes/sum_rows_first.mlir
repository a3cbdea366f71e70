// RUN: tenon-opt --sum-rows-first --cse %s | FileCheck %s

// Both derivatives of a product of embedded words need the same sums for each word.
// CHECK-LABEL: @derivatives_of_rows_times_weights
// CHECK: %[[T:.*]] = tenon.transpose %arg2 [1, 0, 2]
// CHECK: %[[S:.*]] = tenon.scatter_add %[[T]] at %arg3 : {{.*}} -> tensor<5x4xf32>
// CHECK-NOT: tenon.scatter_add
// CHECK-DAG: tenon.contract sum over <5, 4, 3> (%[[S]], %arg1)
// CHECK-DAG: tenon.contract sum over <5, 4, 3> (%[[S]], %arg0)
// CHECK-NOT: tenon.scatter_add
// CHECK: return
func.func @derivatives_of_rows_times_weights(%table: tensor<5x3xf32>, %w: tensor<3x4xf32>, %dz: tensor<7x2x4xf32>, %at: tensor<2x7xi32>) -> (tensor<5x3xf32>, tensor<3x4xf32>) {
  %x = tenon.gather %table[%at] : tensor<5x3xf32>, tensor<2x7xi32> -> tensor<2x7x3xf32>
  %dx = tenon.contract sum over <7, 2, 4, 3> (%dz, %w) maps [affine_map<(t, b, g, i) -> (t, b, g)>, affine_map<(t, b, g, i) -> (i, g)>, affine_map<(t, b, g, i) -> (b, t, i)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<7x2x4xf32>, tensor<3x4xf32>) -> tensor<2x7x3xf32>
  %dtable = tenon.scatter_add %dx at %at : tensor<2x7x3xf32>, tensor<2x7xi32> -> tensor<5x3xf32>
  %dw = tenon.contract sum over <7, 2, 4, 3> (%dz, %x) maps [affine_map<(t, b, g, i) -> (t, b, g)>, affine_map<(t, b, g, i) -> (b, t, i)>, affine_map<(t, b, g, i) -> (i, g)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<7x2x4xf32>, tensor<2x7x3xf32>) -> tensor<3x4xf32>
  return %dtable, %dw : tensor<5x3xf32>, tensor<3x4xf32>
}

// A table with more rows than are gathered, or of a size that isn't known, stays whole.
// CHECK-LABEL: @many_rows
// CHECK-COUNT-2: tenon.gather
// CHECK-NOT: tenon.scatter_add
// CHECK: return
func.func @many_rows(%big: tensor<9x3xf32>, %open: tensor<?x3xf32, #tenon.dims<n, 3>>, %dz: tensor<8x4xf32>, %at: tensor<8xi32>) -> (tensor<3x4xf32>, tensor<3x4xf32>) {
  %x = tenon.gather %big[%at] : tensor<9x3xf32>, tensor<8xi32> -> tensor<8x3xf32>
  %p = tenon.contract sum over <8, 3, 4> (%x, %dz) maps [affine_map<(b, i, g) -> (b, i)>, affine_map<(b, i, g) -> (b, g)>, affine_map<(b, i, g) -> (i, g)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<8x3xf32>, tensor<8x4xf32>) -> tensor<3x4xf32>
  %y = tenon.gather %open[%at] : tensor<?x3xf32, #tenon.dims<n, 3>>, tensor<8xi32> -> tensor<8x3xf32>
  %r = tenon.contract sum over <8, 3, 4> (%y, %dz) maps [affine_map<(b, i, g) -> (b, i)>, affine_map<(b, i, g) -> (b, g)>, affine_map<(b, i, g) -> (i, g)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<8x3xf32>, tensor<8x4xf32>) -> tensor<3x4xf32>
  return %p, %r : tensor<3x4xf32>, tensor<3x4xf32>
}

// Where both factors know the place, or the result does, nothing can be added up before.
// CHECK-LABEL: @places_of_both
// CHECK: tenon.contract sum over <8, 3>
// CHECK: tenon.scatter_add {{.*}} : tensor<8xf32>, tensor<8xi32> -> tensor<2xf32>
func.func @places_of_both(%table: tensor<2x3xf32>, %y: tensor<8x3xf32>, %at: tensor<8xi32>) -> tensor<2xf32> {
  %x = tenon.gather %table[%at] : tensor<2x3xf32>, tensor<8xi32> -> tensor<8x3xf32>
  %p = tenon.contract sum over <8, 3> (%x, %y) maps [affine_map<(b, i) -> (b, i)>, affine_map<(b, i) -> (b, i)>, affine_map<(b, i) -> (b)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<8x3xf32>, tensor<8x3xf32>) -> tensor<8xf32>
  %r = tenon.scatter_add %p at %at : tensor<8xf32>, tensor<8xi32> -> tensor<2xf32>
  return %r : tensor<2xf32>
}
