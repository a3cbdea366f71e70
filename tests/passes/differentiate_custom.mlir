// RUN: tenon-opt %s --differentiate | FileCheck %s

// Reverse mode is `back`, and nothing of the body's own derivative.
// CHECK-LABEL: func.func @reverse
// CHECK-SAME: (%[[X:[^:]+]]: tensor<4xf32>, %[[D:[^:]+]]: tensor<4xf32>)
func.func @reverse(%x: tensor<4xf32>, %d: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[Y:.+]] = tenon.sin %[[X]]
  // CHECK-NEXT: %[[DX:.+]] = tenon.mul %[[D]], %[[Y]]
  // CHECK-NEXT: return %[[Y]], %[[DX]]
  %r:2 = tenon.vjp (%x) cotangents (%d) {
  ^bb0(%v: tensor<4xf32>):
    %y = tenon.custom_gradient (%v) {
    ^bb0(%a: tensor<4xf32>):
      %s = tenon.sin %a : tensor<4xf32>
      tenon.yield %s : tensor<4xf32>
    } back {
    ^bb0(%a: tensor<4xf32>, %s: tensor<4xf32>, %ds: tensor<4xf32>):
      %da = tenon.mul %ds, %s : tensor<4xf32>
      tenon.yield %da : tensor<4xf32>
    } : (tensor<4xf32>) -> tensor<4xf32>
    tenon.yield %y : tensor<4xf32>
  } : (tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
}

// Forward mode is its transpose: of a sum a repetition.
// CHECK-LABEL: func.func @forward
// CHECK-SAME: (%[[X:[^:]+]]: tensor<f32>, %[[T:[^:]+]]: tensor<f32>)
func.func @forward(%x: tensor<f32>, %t: tensor<f32>) -> tensor<4xf32> {
  // CHECK: %[[Y:.+]] = tenon.broadcast %[[X]] axes []
  // CHECK: %[[T4:.+]] = tenon.contract sum over <4> (%[[T]])
  // CHECK: %[[R:.+]] = tenon.mul %[[T4]], %[[Y]]
  // CHECK: return %[[R]]
  %r:2 = tenon.jvp (%x) tangents (%t) {
  ^bb0(%v: tensor<f32>):
    %y = tenon.custom_gradient (%v) {
    ^bb0(%a: tensor<f32>):
      %s = tenon.broadcast %a axes [] : tensor<f32> -> tensor<4xf32>
      tenon.yield %s : tensor<4xf32>
    } back {
    ^bb0(%a: tensor<f32>, %s: tensor<4xf32>, %ds: tensor<4xf32>):
      %m = tenon.mul %ds, %s : tensor<4xf32>
      %da = tenon.contract sum over <4> (%m) maps [affine_map<(i) -> (i)>, affine_map<(i) -> ()>] {
      ^bb0(%e: f32):
        tenon.yield %e : f32
      } : (tensor<4xf32>) -> tensor<f32>
      tenon.yield %da : tensor<f32>
    } : (tensor<f32>) -> tensor<4xf32>
    tenon.yield %y : tensor<4xf32>
  } : (tensor<f32>), (tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %r#1 : tensor<4xf32>
}

// Where nothing is derived the body takes the op's place.
// CHECK-LABEL: func.func @plain
func.func @plain(%x: tensor<f32>) -> tensor<f32> {
  // CHECK-NEXT: tenon.cos
  // CHECK-NEXT: return
  %y = tenon.custom_gradient (%x) {
  ^bb0(%a: tensor<f32>):
    %s = tenon.cos %a : tensor<f32>
    tenon.yield %s : tensor<f32>
  } back {
  ^bb0(%a: tensor<f32>, %s: tensor<f32>, %ds: tensor<f32>):
    tenon.yield %ds : tensor<f32>
  } : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
