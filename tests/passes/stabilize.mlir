// RUN: tenon-opt --simplify --stabilize --simplify --cse %s | FileCheck %s
// RUN: tenon-opt --tenon-graph %s | FileCheck %s --check-prefix=GRADIENT

// CHECK-LABEL: @binary_cross_entropy
// CHECK-NOT: tenon.{{log|sigmoid}}
// CHECK: ^bb0(%[[X:.*]]: tensor<4xf32>):
// CHECK: %[[D:.*]] = tenon.softplus %[[X]]
// CHECK: %[[C:.*]] = tenon.mul %arg1, %[[X]]
// CHECK: tenon.sub %[[C]], %[[D]]

// GRADIENT-LABEL: @binary_cross_entropy
// GRADIENT: %[[P:.*]] = tenon.sigmoid %arg0
// GRADIENT-NEXT: %[[D:.*]] = tenon.sub %[[P]], %arg1
// GRADIENT-NEXT: %[[DX:.*]] = tenon.mul %arg2, %[[D]]
// GRADIENT-NEXT: return {{.*}}, %[[DX]]
func.func @binary_cross_entropy(%x: tensor<4xf32>, %y: tensor<4xf32>, %ct: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %loss, %dx = tenon.vjp (%x) cotangents (%ct) {
  ^bb0(%v: tensor<4xf32>):
    %one = tenon.constant dense<1.0> : tensor<4xf32>
    %p = tenon.sigmoid %v : tensor<4xf32>
    %q = tenon.sub %one, %p : tensor<4xf32>
    %z = tenon.sub %one, %y : tensor<4xf32>
    %lp = tenon.log %p : tensor<4xf32>
    %lq = tenon.log %q : tensor<4xf32>
    %a = tenon.mul %y, %lp : tensor<4xf32>
    %b = tenon.mul %z, %lq : tensor<4xf32>
    %s = tenon.add %a, %b : tensor<4xf32>
    %n = tenon.neg %s : tensor<4xf32>
    tenon.yield %n : tensor<4xf32>
  } : (tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %loss, %dx : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @through_movements
// CHECK: tenon.softplus
// CHECK-NOT: tenon.{{log|sigmoid}}
func.func @through_movements(%x: tensor<4x1xf32>) -> tensor<2x2xf32> {
  %p = tenon.sigmoid %x : tensor<4x1xf32>
  %r = tenon.reshape %p : tensor<4x1xf32> -> tensor<2x2xf32>
  %t = tenon.transpose %r [1, 0] : tensor<2x2xf32> -> tensor<2x2xf32>
  %l = tenon.log %t : tensor<2x2xf32>
  return %l : tensor<2x2xf32>
}

// CHECK-LABEL: @log_of_softmax
// CHECK-NOT: tenon.log {{.*}}tensor
// CHECK: tenon.contract logsumexp over <3, 4>
// CHECK-NOT: tenon.{{div|exp}}
// CHECK: tenon.sub
func.func @log_of_softmax(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %m = tenon.contract max over <3, 4> (%x) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<3x4xf32>) -> tensor<3xf32>
  %mb = tenon.broadcast %m axes [0] : tensor<3xf32> -> tensor<3x4xf32>
  %d = tenon.sub %x, %mb : tensor<3x4xf32>
  %e = tenon.exp %d : tensor<3x4xf32>
  %s = tenon.contract sum over <3, 4> (%e) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>] {
  ^bb0(%f: f32):
    tenon.yield %f : f32
  } : (tensor<3x4xf32>) -> tensor<3xf32>
  %sb = tenon.broadcast %s axes [0] : tensor<3xf32> -> tensor<3x4xf32>
  %p = tenon.div %e, %sb : tensor<3x4xf32>
  %l = tenon.log %p : tensor<3x4xf32>
  return %l : tensor<3x4xf32>
}

// The logarithm is in the sum's body: a cross-entropy in index notation.
// CHECK-LABEL: @log_in_a_sum
// CHECK: %[[L:.*]] = tenon.contract logsumexp over <3, 4>
// CHECK: tenon.sub
// CHECK: tenon.contract sum over <3, 4>
// CHECK-NOT: tenon.log
// CHECK: return
func.func @log_in_a_sum(%x: tensor<3x4xf32>, %y: tensor<3x4xf32>) -> tensor<3xf32> {
  %e = tenon.exp %x : tensor<3x4xf32>
  %s = tenon.contract sum over <3, 4> (%e) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>] {
  ^bb0(%f: f32):
    tenon.yield %f : f32
  } : (tensor<3x4xf32>) -> tensor<3xf32>
  %sb = tenon.broadcast %s axes [0] : tensor<3xf32> -> tensor<3x4xf32>
  %p = tenon.div %e, %sb : tensor<3x4xf32>
  %l = tenon.contract sum over <3, 4> (%y, %p) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>] {
  ^bb0(%a: f32, %b: f32):
    %log = tenon.log %b : f32
    %t = tenon.mul %a, %log : f32
    tenon.yield %t : f32
  } : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3xf32>
  return %l : tensor<3xf32>
}

// CHECK-LABEL: @log_of_a_complement_in_a_sum
// CHECK: tenon.softplus %arg0
// CHECK-NOT: tenon.{{log|sigmoid}}
// CHECK: return
func.func @log_of_a_complement_in_a_sum(%x: tensor<4xf32>) -> tensor<f32> {
  %p = tenon.sigmoid %x : tensor<4xf32>
  %l = tenon.contract sum over <4> (%p) maps [affine_map<(i) -> (i)>, affine_map<(i) -> ()>] {
  ^bb0(%b: f32):
    %one = tenon.constant 1.0 : f32
    %q = tenon.sub %one, %b : f32
    %log = tenon.log %q : f32
    tenon.yield %log : f32
  } : (tensor<4xf32>) -> tensor<f32>
  return %l : tensor<f32>
}

// CHECK-LABEL: @softplus_spelled_out
// CHECK-NEXT: %[[A:.*]] = tenon.softplus %arg0
// CHECK-NEXT: return %[[A]], %[[A]]
func.func @softplus_spelled_out(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %one = tenon.constant dense<1.0> : tensor<4xf32>
  %e = tenon.exp %x : tensor<4xf32>
  %a = tenon.log1p %e : tensor<4xf32>
  %s = tenon.add %one, %e : tensor<4xf32>
  %b = tenon.log %s : tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// A probability that isn't made by a sigmoid keeps its logarithm.
// CHECK-LABEL: @plain_log
// CHECK: tenon.log
func.func @plain_log(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = tenon.abs %x : tensor<4xf32>
  %b = tenon.log %a : tensor<4xf32>
  return %b : tensor<4xf32>
}
