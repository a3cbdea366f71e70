// RUN: tenon-opt --reuse-products %s | FileCheck %s

#ts = affine_map<(h, t, s, d) -> (h, t, s)>
#sd = affine_map<(h, t, s, d) -> (h, s, d)>
#td = affine_map<(h, t, s, d) -> (h, t, d)>
#row = affine_map<(h, t, s) -> (h, t, s)>
#head = affine_map<(h, t, s) -> (h, t)>

// A softmax whose result was multiplied: its derivative's sum over all pairs is one over the
// result. Nothing else is changed.
// CHECK-LABEL: @derivative_of_attention
// CHECK: %[[O:.*]] = tenon.contract sum over <2, 5, 4, 6> (%arg0, %arg1)
// CHECK: %[[DP:.*]] = tenon.contract sum over <2, 5, 6, 4> (%arg2, %arg1)
// CHECK: %[[SUM:.*]] = tenon.contract sum over <2, 5, 4> (%[[O]], %arg2)
// CHECK: %[[Q:.*]] = tenon.div %[[SUM]], %arg3
// CHECK: %[[N:.*]] = tenon.neg %[[Q]]
// CHECK: return %[[O]], %[[DP]], %[[N]]
func.func @derivative_of_attention(%p: tensor<2x5x6xf32>, %v: tensor<2x6x4xf32>, %do: tensor<2x5x4xf32>, %l: tensor<2x5xf32>) -> (tensor<2x5x4xf32>, tensor<2x5x6xf32>, tensor<2x5xf32>) {
  %o = tenon.contract sum over <2, 5, 4, 6> (%p, %v) maps [affine_map<(h, t, d, s) -> (h, t, s)>, affine_map<(h, t, d, s) -> (h, s, d)>, affine_map<(h, t, d, s) -> (h, t, d)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<2x5x6xf32>, tensor<2x6x4xf32>) -> tensor<2x5x4xf32>
  %dp = tenon.contract sum over <2, 5, 6, 4> (%do, %v) maps [#td, #sd, #ts] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<2x5x4xf32>, tensor<2x6x4xf32>) -> tensor<2x5x6xf32>
  %ll = tenon.broadcast %l axes [0, 1] : tensor<2x5xf32> -> tensor<2x5x6xf32>
  %w = tenon.div %p, %ll : tensor<2x5x6xf32>
  %n = tenon.neg %w : tensor<2x5x6xf32>
  %each = tenon.mul %dp, %n : tensor<2x5x6xf32>
  %sum = tenon.contract sum over <2, 5, 6> (%each) maps [#row, #head] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<2x5x6xf32>) -> tensor<2x5xf32>
  return %o, %dp, %sum : tensor<2x5x4xf32>, tensor<2x5x6xf32>, tensor<2x5xf32>
}

// Not where the product isn't there, or where the sum runs over what the other factor has too, or where
// the product is known to be the larger.
// CHECK-LABEL: @other_products
// CHECK: %[[DP:.*]] = tenon.contract sum over <5, 6, 4> (%arg2, %arg1)
// CHECK: %[[EACH:.*]] = tenon.mul %arg0, %[[DP]]
// CHECK: tenon.contract sum over <5, 6> (%[[EACH]])
// CHECK: tenon.contract sum over <5, 6> (%[[DP]], %arg3)
func.func @other_products(%p: tensor<5x6xf32>, %v: tensor<6x4xf32>, %do: tensor<5x4xf32>, %r: tensor<5x6xf32>) -> (tensor<5xf32>, tensor<6xf32>, tensor<4x5xf32>) {
  %dp = tenon.contract sum over <5, 6, 4> (%do, %v) maps [affine_map<(t, s, d) -> (t, d)>, affine_map<(t, s, d) -> (s, d)>, affine_map<(t, s, d) -> (t, s)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<5x4xf32>, tensor<6x4xf32>) -> tensor<5x6xf32>
  %each = tenon.mul %p, %dp : tensor<5x6xf32>
  %a = tenon.contract sum over <5, 6> (%each) maps [affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (t)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<5x6xf32>) -> tensor<5xf32>
  %o = tenon.contract sum over <4, 5, 6> (%r, %v) maps [affine_map<(d, t, s) -> (t, s)>, affine_map<(d, t, s) -> (s, d)>, affine_map<(d, t, s) -> (d, t)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<5x6xf32>, tensor<6x4xf32>) -> tensor<4x5xf32>
  %b = tenon.contract sum over <5, 6> (%dp, %r) maps [affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (s)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<6xf32>
  return %a, %b, %o : tensor<5xf32>, tensor<6xf32>, tensor<4x5xf32>
}

// CHECK-LABEL: @a_larger_product
// CHECK: %[[DP:.*]] = tenon.contract sum over <5, 2, 4> (%arg2, %arg1)
// CHECK: %[[EACH:.*]] = tenon.mul %arg0, %[[DP]]
// CHECK: tenon.contract sum over <5, 2> (%[[EACH]])
func.func @a_larger_product(%p: tensor<5x2xf32>, %v: tensor<2x4xf32>, %do: tensor<5x4xf32>) -> (tensor<5x4xf32>, tensor<5xf32>) {
  %o = tenon.contract sum over <5, 4, 2> (%p, %v) maps [affine_map<(t, d, s) -> (t, s)>, affine_map<(t, d, s) -> (s, d)>, affine_map<(t, d, s) -> (t, d)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<5x2xf32>, tensor<2x4xf32>) -> tensor<5x4xf32>
  %dp = tenon.contract sum over <5, 2, 4> (%do, %v) maps [affine_map<(t, s, d) -> (t, d)>, affine_map<(t, s, d) -> (s, d)>, affine_map<(t, s, d) -> (t, s)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<5x4xf32>, tensor<2x4xf32>) -> tensor<5x2xf32>
  %each = tenon.mul %p, %dp : tensor<5x2xf32>
  %a = tenon.contract sum over <5, 2> (%each) maps [affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (t)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<5x2xf32>) -> tensor<5xf32>
  return %o, %a : tensor<5x4xf32>, tensor<5xf32>
}
