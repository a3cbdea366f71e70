// RUN: tenon-opt %s --differentiate --mlir-print-debuginfo | FileCheck %s

// The gradients of a matrix product are the same op with its maps exchanged, at the same place.
// CHECK-DAG: #[[ROWS:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[COLUMNS:.+]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[PRODUCT:.+]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[WINDOW:.+]] = affine_map<(d0, d1) -> (d0 * 2 + d1)>
// CHECK-LABEL: func.func @matmul
// CHECK-SAME: (%[[X:[^:]+]]: {{.*}}, %[[W:[^:]+]]: {{.*}}, %[[CT:[^:]+]]: {{.*}})
#rows = affine_map<(d0, d1, d2) -> (d0, d2)>
#columns = affine_map<(d0, d1, d2) -> (d2, d1)>
#product = affine_map<(d0, d1, d2) -> (d0, d1)>
func.func @matmul(%x: tensor<?x64xf32, #tenon.dims<m, 64>>, %w: tensor<64x8xf32>,
                  %ct: tensor<?x8xf32, #tenon.dims<m, 8>>)
    -> (tensor<?x64xf32, #tenon.dims<m, 64>>, tensor<64x8xf32>) {
  // CHECK-NOT: tenon.vjp
  // CHECK: tenon.contract sum over <m, 8, 64> (%[[CT]], %[[W]]) maps [#[[PRODUCT]], #[[COLUMNS]], #[[ROWS]]]
  // CHECK: tenon.contract sum over <m, 8, 64> (%[[CT]], %[[X]]) maps [#[[PRODUCT]], #[[ROWS]], #[[COLUMNS]]]
  // CHECK-NEXT: ^bb0(%{{.+}}: f32 loc("model.tn":3:7), %{{.+}}: f32 loc("model.tn":3:7)):
  %r:3 = tenon.vjp (%x, %w) cotangents (%ct) {
  ^bb0(%a: tensor<?x64xf32, #tenon.dims<m, 64>>, %b: tensor<64x8xf32>):
    %y = tenon.contract sum over <m, 8, 64> (%a, %b) maps [#rows, #columns, #product] {
    ^bb0(%p: f32, %q: f32):
      %v = tenon.mul %p, %q : f32
      tenon.yield %v : f32
    } : (tensor<?x64xf32, #tenon.dims<m, 64>>, tensor<64x8xf32>) -> tensor<?x8xf32, #tenon.dims<m, 8>> loc("model.tn":3:7)
    tenon.yield %y : tensor<?x8xf32, #tenon.dims<m, 8>>
  } : (tensor<?x64xf32, #tenon.dims<m, 64>>, tensor<64x8xf32>), (tensor<?x8xf32, #tenon.dims<m, 8>>)
      -> (tensor<?x8xf32, #tenon.dims<m, 8>>, tensor<?x64xf32, #tenon.dims<m, 64>>, tensor<64x8xf32>)
  return %r#1, %r#2 : tensor<?x64xf32, #tenon.dims<m, 64>>, tensor<64x8xf32>
}

// The input gradient of a strided convolution combines into places that loops share.
// CHECK-LABEL: func.func @convolution
#window = affine_map<(h, r) -> (2*h + r)>
#tap = affine_map<(h, r) -> (r)>
#out = affine_map<(h, r) -> (h)>
func.func @convolution(%x: tensor<7xf32>, %k: tensor<3xf32>, %ct: tensor<3xf32>) -> tensor<7xf32> {
  // CHECK: %[[DX:.+]] = tenon.contract sum over <3, 3> (%{{.+}}, %{{.+}}) maps [{{.+}}, {{.+}}, #[[WINDOW]]]
  // CHECK: return %[[DX]]
  %r:2 = tenon.vjp (%x) cotangents (%ct) {
  ^bb0(%a: tensor<7xf32>):
    %y = tenon.contract sum over <3, 3> (%a, %k) maps [#window, #tap, #out] {
    ^bb0(%p: f32, %q: f32):
      %v = tenon.mul %p, %q : f32
      tenon.yield %v : f32
    } : (tensor<7xf32>, tensor<3xf32>) -> tensor<3xf32>
    tenon.yield %y : tensor<3xf32>
  } : (tensor<7xf32>), (tensor<3xf32>) -> (tensor<3xf32>, tensor<7xf32>)
  return %r#1 : tensor<7xf32>
}

// What no derivative flows through leaves nothing behind: no product with zeros, no second draw,
// and a check stays one check.
// CHECK-LABEL: func.func @inactive
// CHECK-SAME: (%[[X:[^:]+]]: {{.*}}, %[[Y:[^:]+]]: {{.*}}, %[[S:[^:]+]]: {{.*}}, %[[CT:[^:]+]]: {{.*}})
func.func @inactive(%x: tensor<4xf32>, %y: tensor<4xf32>, %s: tensor<i64>, %ct: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[MASK:.+]] = tenon.draw bernoulli
  // CHECK: tenon.check
  // CHECK-NOT: tenon.draw
  // CHECK-NOT: tenon.check
  // CHECK-NOT: tenon.exp
  // CHECK: %[[DX:.+]] = tenon.mul %[[CT]], %[[MASK]] : tensor<4xf32>
  // CHECK: %[[ZERO:.+]] = tenon.broadcast
  // CHECK: return %[[DX]], %[[ZERO]]
  %half = tenon.constant dense<0.5> : tensor<f32>
  %r:4 = tenon.vjp (%x, %y) cotangents (%ct) {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %m = tenon.draw bernoulli(%half : tensor<f32>) seed %s step %s stream 1 : tensor<4xf32>
    %f = tenon.is_finite %a : tensor<4xf32> -> tensor<4xi1>
    tenon.check %f, "finite" : tensor<4xi1>
    %e = tenon.exp %b : tensor<4xf32>
    %p = tenon.mul %a, %m : tensor<4xf32>
    tenon.yield %p, %e : tensor<4xf32>, tensor<4xf32>
  } : (tensor<4xf32>, tensor<4xf32>), (tensor<4xf32>)
      -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %r#2, %r#3 : tensor<4xf32>, tensor<4xf32>
}

// A derivative of a derivative: the inner one is plain ops when the outer one's turn comes.
// CHECK-LABEL: func.func @second
// CHECK-NOT: tenon.vjp
// CHECK-NOT: tenon.jvp
// CHECK: tenon.sin
// CHECK: return
func.func @second(%x: tensor<4xf32>, %one: tensor<4xf32>) -> tensor<4xf32> {
  %r:2 = tenon.jvp (%x) tangents (%one) {
  ^bb0(%a: tensor<4xf32>):
    %g:2 = tenon.vjp (%a) cotangents (%one) {
    ^bb0(%b: tensor<4xf32>):
      %s = tenon.sin %b : tensor<4xf32>
      tenon.yield %s : tensor<4xf32>
    } : (tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
    tenon.yield %g#1 : tensor<4xf32>
  } : (tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %r#1 : tensor<4xf32>
}

// Where max has a constant on the left, its result tells which side counts; the operand isn't needed.
// CHECK-LABEL: @relu
// CHECK: %[[Y:.*]] = tenon.max %{{.*}}, %arg0
// CHECK: tenon.compare lt %{{.*}}, %[[Y]]
func.func @relu(%x: tensor<4xf32>, %ct: tensor<4xf32>) -> tensor<4xf32> {
  %r:2 = tenon.vjp (%x) cotangents (%ct) {
  ^bb0(%v: tensor<4xf32>):
    %zero = tenon.constant dense<0.0> : tensor<f32>
    %zeros = tenon.broadcast %zero axes [] : tensor<f32> -> tensor<4xf32>
    %y = tenon.max %zeros, %v : tensor<4xf32>
    tenon.yield %y : tensor<4xf32>
  } : (tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %r#1 : tensor<4xf32>
}
