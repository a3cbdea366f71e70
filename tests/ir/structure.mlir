// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt --mlir-print-op-generic %s | tenon-opt | FileCheck %s

// CHECK-LABEL: @movement
func.func @movement(%x: tensor<?x8xf32, #tenon.dims<2*n + 1, 8>>) -> tensor<3xf32> {
  // CHECK-NEXT: tenon.constant dense<1.500000e+00> : tensor<f32>
  %v = tenon.constant dense<1.5> : tensor<f32>
  // CHECK-NEXT: tenon.dimension <2*n + 1> : tensor<i32>
  %d = tenon.dimension <1 + n + n> : tensor<i32>
  // CHECK-NEXT: tenon.iota axis 0 : tensor<3xi32>
  %i = tenon.iota axis 0 : tensor<3xi32>
  // CHECK-NEXT: tenon.broadcast %{{.*}} axes [] : tensor<f32> -> tensor<?x8xf32, #tenon.dims<2*n + 1, 8>>
  %b = tenon.broadcast %v axes [] : tensor<f32> -> tensor<?x8xf32, #tenon.dims<2*n + 1, 8>>
  // CHECK-NEXT: tenon.reshape %{{.*}} : tensor<?x8xf32, #tenon.dims<2*n + 1, 8>> -> tensor<?xf32, #tenon.dims<16*n + 8>>
  %r = tenon.reshape %x : tensor<?x8xf32, #tenon.dims<2*n + 1, 8>> -> tensor<?xf32, #tenon.dims<16*n + 8>>
  // CHECK-NEXT: tenon.transpose %{{.*}} [1, 0] : tensor<?x8xf32, #tenon.dims<2*n + 1, 8>> -> tensor<8x?xf32, #tenon.dims<8, 2*n + 1>>
  %t = tenon.transpose %x [1, 0] : tensor<?x8xf32, #tenon.dims<2*n + 1, 8>> -> tensor<8x?xf32, #tenon.dims<8, 2*n + 1>>
  // CHECK-NEXT: tenon.slice %{{.*}} offsets <n> strides [2] : tensor<?xf32, #tenon.dims<16*n + 8>> -> tensor<3xf32>
  %s = tenon.slice %r offsets <n> strides [2] : tensor<?xf32, #tenon.dims<16*n + 8>> -> tensor<3xf32>
  // CHECK-NEXT: tenon.pad %{{.*}}, %{{.*}} offsets <1> strides [2] : tensor<3xf32>, tensor<f32> -> tensor<7xf32>
  %p = tenon.pad %s, %v offsets <1> strides [2] : tensor<3xf32>, tensor<f32> -> tensor<7xf32>
  // CHECK-NEXT: tenon.concat %{{.*}}, %{{.*}} axis 0 : tensor<7xf32>, tensor<3xf32> -> tensor<10xf32>
  %c = tenon.concat %p, %s axis 0 : tensor<7xf32>, tensor<3xf32> -> tensor<10xf32>
  // CHECK-NEXT: tenon.gather %{{.*}}[%{{.*}}] : tensor<10xf32>, tensor<3xi32> -> tensor<3xf32>
  %g = tenon.gather %c[%i] : tensor<10xf32>, tensor<3xi32> -> tensor<3xf32>
  // CHECK-NEXT: tenon.scatter_add %{{.*}} at %{{.*}} : tensor<3xf32>, tensor<3xi32> -> tensor<3xf32>
  %a = tenon.scatter_add %g at %i : tensor<3xf32>, tensor<3xi32> -> tensor<3xf32>
  return %a : tensor<3xf32>
}

// CHECK-LABEL: @contract
func.func @contract(%x: tensor<?x4xf32, #tenon.dims<m, 4>>) -> tensor<?xf32, #tenon.dims<m - 1>> {
  // CHECK-NEXT: tenon.contract sum over <m - 1, 4> symbols <m - 2> (%{{.*}}) maps
  // CHECK-SAME: attributes {note = "kept"} {
  // CHECK-NEXT: ^bb0(%[[X:.*]]: f32):
  // CHECK-NEXT: tenon.yield %[[X]] : f32
  // CHECK-NEXT: } : (tensor<?x4xf32, #tenon.dims<m, 4>>) -> tensor<?xf32, #tenon.dims<m - 1>>
  %r = tenon.contract sum over <m - 1, 4> symbols <m - 2> (%x)
         maps [affine_map<(i, k)[s] -> (s - i, k)>, affine_map<(i, k)[s] -> (i)>]
         attributes {note = "kept"} {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<?x4xf32, #tenon.dims<m, 4>>) -> tensor<?xf32, #tenon.dims<m - 1>>
  return %r : tensor<?xf32, #tenon.dims<m - 1>>
}

// CHECK-LABEL: @control
func.func @control(%x: tensor<2x?xf32, #tenon.dims<2, t>>, %h: tensor<2xf32>, %c: tensor<i1>)
    -> (tensor<2xf32>, tensor<2x?xf32, #tenon.dims<2, t>>) {
  // CHECK-NEXT: tenon.scan extent <t> reverse init(%{{.*}}) over(%{{.*}}) axes [1] stack axes [1] {
  // CHECK: } : (tensor<2xf32>, tensor<2x?xf32, #tenon.dims<2, t>>) -> (tensor<2xf32>, tensor<2x?xf32, #tenon.dims<2, t>>)
  %0:2 = tenon.scan extent <t> reverse init(%h) over(%x) axes [1] stack axes [1] {
  ^bb0(%i: tensor<i64>, %s: tensor<2xf32>, %e: tensor<2xf32>):
    %n = tenon.add %s, %e : tensor<2xf32>
    tenon.yield %n, %s : tensor<2xf32>, tensor<2xf32>
  } : (tensor<2xf32>, tensor<2x?xf32, #tenon.dims<2, t>>) -> (tensor<2xf32>, tensor<2x?xf32, #tenon.dims<2, t>>)
  // CHECK: tenon.scan extent <3> init() {
  // CHECK: tenon.yield
  // CHECK-NEXT: } : () -> ()
  tenon.scan extent <3> init() {
  ^bb0(%i: tensor<i64>):
    tenon.yield
  } : () -> ()
  // CHECK-NEXT: tenon.loop init(%{{.*}}, %{{.*}}) at_most <t + 1> steps "steps.0" {
  // CHECK: } : (tensor<i1>, tensor<2xf32>) -> (tensor<i1>, tensor<2xf32>, tensor<?xi64, #tenon.dims<steps.0>>)
  %l:3 = tenon.loop init(%c, %h) at_most <t + 1> steps "steps.0" {
  ^bb0(%i: tensor<i64>, %g: tensor<i1>, %v: tensor<2xf32>):
    tenon.yield %g, %v, %i : tensor<i1>, tensor<2xf32>, tensor<i64>
  } : (tensor<i1>, tensor<2xf32>) -> (tensor<i1>, tensor<2xf32>, tensor<?xi64, #tenon.dims<steps.0>>)
  // CHECK-NEXT: %[[N:.*]] = tenon.dimension
  %steps = tenon.dimension <t> : tensor<i64>
  // CHECK-NEXT: tenon.loop init(%{{.*}}) limit %[[N]] {
  %m = tenon.loop init(%c) limit %steps {
  ^bb0(%i: tensor<i64>, %g: tensor<i1>):
    tenon.yield %g : tensor<i1>
  } : (tensor<i1>) -> tensor<i1>
  // CHECK: tenon.if %{{.*}} -> tensor<2xf32> {
  // CHECK: } else {
  %1 = tenon.if %c -> tensor<2xf32> {
    tenon.yield %h : tensor<2xf32>
  } else {
    tenon.yield %0#0 : tensor<2xf32>
  }
  // CHECK: tenon.check %{{.*}}, "a message" : tensor<i1>
  tenon.check %c, "a message" : tensor<i1>
  // CHECK-NEXT: tenon.kernel map "sum" (%{{.*}}, %{{.*}}) attributes {commit} {
  // CHECK: } : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %2 = tenon.kernel map "sum" (%1, %h) attributes {commit} {
  ^bb0(%a: tensor<2xf32>, %b: tensor<2xf32>):
    %n = tenon.add %a, %b : tensor<2xf32>
    tenon.yield %n : tensor<2xf32>
  } : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %2, %0#1 : tensor<2xf32>, tensor<2x?xf32, #tenon.dims<2, t>>
}

// CHECK-LABEL: @derivatives
func.func @derivatives(%w: tensor<2xf32>, %n: tensor<i32>, %one: tensor<f32>) -> tensor<2xf32> {
  // CHECK-NEXT: tenon.vjp (%{{.*}}) cotangents (%{{.*}}) {
  // CHECK: } : (tensor<2xf32>), (tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>)
  %v, %d = tenon.vjp (%w) cotangents (%w) {
  ^bb0(%x: tensor<2xf32>):
    tenon.yield %x : tensor<2xf32>
  } : (tensor<2xf32>), (tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>)
  // CHECK-NEXT: tenon.jvp (%{{.*}}) tangents (%{{.*}}) {
  // CHECK: } : (tensor<2xf32>), (tensor<2xf32>) -> (tensor<2xf32>, tensor<i32>, tensor<2xf32>)
  %y, %i, %t = tenon.jvp (%v) tangents (%d) {
  ^bb0(%x: tensor<2xf32>):
    tenon.yield %x, %n : tensor<2xf32>, tensor<i32>
  } : (tensor<2xf32>), (tensor<2xf32>) -> (tensor<2xf32>, tensor<i32>, tensor<2xf32>)
  return %t : tensor<2xf32>
}

// CHECK-LABEL: @custom_gradient
func.func @custom_gradient(%x: tensor<4xf32>, %k: tensor<i32>) -> tensor<4xf32> {
  // CHECK-NEXT: tenon.custom_gradient(%{{.*}}, %{{.*}}) {
  // CHECK: } back {
  // CHECK: } : (tensor<4xf32>, tensor<i32>) -> tensor<4xf32>
  %y = tenon.custom_gradient (%x, %k) {
  ^bb0(%v: tensor<4xf32>, %n: tensor<i32>):
    %r = tenon.round %v : tensor<4xf32>
    tenon.yield %r : tensor<4xf32>
  } back {
  ^bb0(%v: tensor<4xf32>, %n: tensor<i32>, %r: tensor<4xf32>, %dr: tensor<4xf32>):
    tenon.yield %dr : tensor<4xf32>
  } : (tensor<4xf32>, tensor<i32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @argsort
func.func @argsort(%x: tensor<4x8xf32>) -> tensor<4x8xi32> {
  // CHECK-NEXT: tenon.argsort %{{.*}} : tensor<4x8xf32> -> tensor<4x8xi32>
  %0 = tenon.argsort %x : tensor<4x8xf32> -> tensor<4x8xi32>
  // CHECK-NEXT: tenon.argsort %{{.*}} descending : tensor<4x8xf32> -> tensor<4x8xi32>
  %1 = tenon.argsort %x descending : tensor<4x8xf32> -> tensor<4x8xi32>
  return %1 : tensor<4x8xi32>
}

// CHECK-LABEL: @draws
func.func @draws(%p: tensor<f32>, %n: tensor<i32>, %s: tensor<i64>) -> tensor<4xf32> {
  // CHECK-NEXT: tenon.draw bernoulli(%{{.*}} : tensor<f32>) seed %{{.*}} step %{{.*}} stream 17 : tensor<4xf32>
  %0 = tenon.draw bernoulli(%p : tensor<f32>) seed %s step %s stream 17 : tensor<4xf32>
  // CHECK-NEXT: tenon.draw integers(%{{.*}}, %{{.*}} : tensor<i32>, tensor<i32>) seed %{{.*}} step %{{.*}} stream 18 iterations(%{{.*}}, %{{.*}}) : tensor<4xi32>
  %1 = tenon.draw integers(%n, %n : tensor<i32>, tensor<i32>) seed %s step %s stream 18 iterations(%s, %s) : tensor<4xi32>
  return %0 : tensor<4xf32>
}

// Extents are kept as polynomials in normal form; the text is the same however they were written.
// CHECK-LABEL: @extents
// CHECK-SAME: tensor<?x?x?xf32, #tenon.dims<batch*heads, ((n + 1) floordiv 2) - 1, max(a, b)>>
func.func @extents(%x: tensor<?x?x?xf32, #tenon.dims<heads*batch, 1 + (n - 3) floordiv 2, max(b, a)>>) {
  return
}
