// RUN: tenon-opt --simplify %s | FileCheck %s

// The derivative of picking y[b, t, at[b, t]]: no table of all pairs of places is made.
// CHECK-LABEL: @picked_of_each_row
// CHECK-NOT: tenon.scatter_add
// CHECK: %[[HERE:.*]] = tenon.compare eq {{.*}} : tensor<5x?x4xi64, #tenon.dims<5, b, 4>>
// CHECK: %[[P:.*]] = tenon.select %[[HERE]]
// CHECK: tenon.add {{.*}}%[[P]]
// CHECK-NOT: tenon.scatter_add
// CHECK: return
func.func @picked_of_each_row(%g: tensor<?x4xf32, #tenon.dims<b, 4>>, %at: tensor<?x4xi32, #tenon.dims<b, 4>>) -> tensor<5x?x4xf32, #tenon.dims<5, b, 4>> {
  %d = tenon.contract sum over <b, 4> (%g) maps [affine_map<(b, t) -> (b, t)>, affine_map<(b, t) -> (b, t, b, t)>] {
  ^bb0(%e: f32):
    %n = tenon.neg %e : f32
    tenon.yield %n : f32
  } : (tensor<?x4xf32, #tenon.dims<b, 4>>) -> tensor<?x4x?x4xf32, #tenon.dims<b, 4, b, 4>>
  %r = tenon.scatter_add %d at %at : tensor<?x4x?x4xf32, #tenon.dims<b, 4, b, 4>>, tensor<?x4xi32, #tenon.dims<b, 4>> -> tensor<5x?x4xf32, #tenon.dims<5, b, 4>>
  return %r : tensor<5x?x4xf32, #tenon.dims<5, b, 4>>
}

// The places may stand in another order, between others; rows outside the table are clamped, and
// what isn't picked is 0, not -0 or NaN.
// CHECK-LABEL: @picked_in_another_order
// CHECK-NOT: tenon.scatter_add
// CHECK: return
func.func @picked_in_another_order() -> tensor<3x2x3x2xf32> {
  %g = tenon.constant dense<[[[1.0, -2.0], [3.0, 4.0]], [[0x7FC00000, 6.0], [7.0, -0.0]], [[9.0, 1.5], [2.5, -3.5]]]> : tensor<3x2x2xf32>
  %at = tenon.constant dense<[[0, 7], [-3, 1], [2, 2]]> : tensor<3x2xi32>
  %d = tenon.contract sum over <3, 2, 2> (%g) maps [affine_map<(i, j, u) -> (i, j, u)>, affine_map<(i, j, u) -> (i, j, u, i, j)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<3x2x2xf32>) -> tensor<3x2x2x3x2xf32>
  %r = tenon.scatter_add %d at %at : tensor<3x2x2x3x2xf32>, tensor<3x2xi32> -> tensor<3x2x3x2xf32>
  return %r : tensor<3x2x3x2xf32>
}

// An axis of the indices that isn't one of the row's is summed over.
// CHECK-LABEL: @not_all_axes
// CHECK: tenon.scatter_add
func.func @not_all_axes(%g: tensor<3x4xf32>, %at: tensor<3x4xi32>) -> tensor<5x4xf32> {
  %d = tenon.contract sum over <3, 4> (%g) maps [affine_map<(b, t) -> (b, t)>, affine_map<(b, t) -> (b, t, t)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<3x4xf32>) -> tensor<3x4x4xf32>
  %r = tenon.scatter_add %d at %at : tensor<3x4x4xf32>, tensor<3x4xi32> -> tensor<5x4xf32>
  return %r : tensor<5x4xf32>
}
