// RUN: tenon-opt --simplify %s | FileCheck %s

// Two carried values, a slice and a stack that nobody needs; one that never changes.
// CHECK-LABEL: @unneeded
// CHECK: tenon.scan extent <5> init(%arg0) over(%arg1) axes [0] {
// CHECK-NEXT: ^bb0(%[[T:.*]]: tensor<i64>, %[[H:.*]]: tensor<3xf32>, %[[X:.*]]: tensor<3xf32>):
// CHECK-NEXT: tenon.mul %[[X]], %arg2
// CHECK-NEXT: tenon.add
// CHECK-NEXT: tenon.yield
// CHECK-NEXT: } : (tensor<3xf32>, tensor<5x3xf32>) -> tensor<3xf32>
func.func @unneeded(%h0: tensor<3xf32>, %x: tensor<5x3xf32>, %k: tensor<3xf32>, %y: tensor<5xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %h, %same, %n, %m, %xs = tenon.scan extent <5> init(%h0, %k, %k, %k) over(%x, %y, %x) axes [0, 0, 0] stack axes [0] {
  ^bb0(%t: tensor<i64>, %a: tensor<3xf32>, %b: tensor<3xf32>, %c: tensor<3xf32>, %d: tensor<3xf32>, %x_t: tensor<3xf32>, %y_t: tensor<f32>, %again: tensor<3xf32>):
    %p = tenon.mul %again, %b : tensor<3xf32>
    %a1 = tenon.add %a, %p : tensor<3xf32>
    %c1 = tenon.exp %d : tensor<3xf32>
    %d1 = tenon.add %c, %x_t : tensor<3xf32>
    tenon.yield %a1, %b, %c1, %d1, %c1 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
  } : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<5x3xf32>, tensor<5xf32>, tensor<5x3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<5x3xf32>)
  return %h, %same : tensor<3xf32>, tensor<3xf32>
}

// A check in the body keeps what it looks at.
// CHECK-LABEL: @checked
// CHECK: tenon.scan
// CHECK: tenon.check
func.func @checked(%x: tensor<5xf32>) {
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %n = tenon.scan extent <5> init(%zero) over(%x) axes [0] {
  ^bb0(%t: tensor<i64>, %a: tensor<f32>, %x_t: tensor<f32>):
    %s = tenon.add %a, %x_t : tensor<f32>
    %limit = tenon.constant dense<100.0> : tensor<f32>
    %c = tenon.compare lt %s, %limit : tensor<f32> -> tensor<i1>
    tenon.check %c, "too large" : tensor<i1>
    tenon.yield %s : tensor<f32>
  } : (tensor<f32>, tensor<5xf32>) -> tensor<f32>
  return
}

// CHECK-LABEL: @stacks
// CHECK-DAG: tenon.broadcast %arg1 axes [1] : tensor<3xf32> -> tensor<5x3xf32>
// CHECK-DAG: tenon.transpose %arg0 [1, 0]
// CHECK-DAG: tenon.transpose %[[S:.*]]#1 [1, 0]
// CHECK-NOT: tenon.transpose
func.func @stacks(%x: tensor<5x3xf32>, %k: tensor<3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>, tensor<3x5xf32>, tensor<5x3xf32>, tensor<3x5xf32>) {
  %h, %same, %slices, %hs, %hs2 = tenon.scan extent <5> init(%k) over(%x) axes [0] stack axes [0, 1, 0, 1] {
  ^bb0(%t: tensor<i64>, %a: tensor<3xf32>, %x_t: tensor<3xf32>):
    %b = tenon.add %a, %x_t : tensor<3xf32>
    tenon.yield %b, %k, %x_t, %b, %b : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
  } : (tensor<3xf32>, tensor<5x3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>, tensor<3x5xf32>, tensor<5x3xf32>, tensor<3x5xf32>)
  return %h, %same, %slices, %hs, %hs2 : tensor<3xf32>, tensor<5x3xf32>, tensor<3x5xf32>, tensor<5x3xf32>, tensor<3x5xf32>
}

// The exponential leaves the scan, the broadcast of its result stays.
// CHECK-LABEL: @invariant
// CHECK: tenon.exp
// CHECK: tenon.scan
// CHECK-NOT: tenon.exp
// CHECK: tenon.broadcast {{.*}} axes [1]
func.func @invariant(%h0: tensor<2x3xf32>, %k: tensor<3xf32>) -> tensor<2x3xf32> {
  %h = tenon.scan extent <5> init(%h0) {
  ^bb0(%t: tensor<i64>, %a: tensor<2x3xf32>):
    %e = tenon.exp %k : tensor<3xf32>
    %b = tenon.broadcast %e axes [1] : tensor<3xf32> -> tensor<2x3xf32>
    %c = tenon.mul %a, %b : tensor<2x3xf32>
    tenon.yield %c : tensor<2x3xf32>
  } : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %h : tensor<2x3xf32>
}

// CHECK-LABEL: @sources
// CHECK: tenon.scan extent <5> init(%arg0) over(%arg1) axes [0]
func.func @sources(%h0: tensor<3xf32>, %x: tensor<5x3xf32>, %k: tensor<3xf32>) -> tensor<3xf32> {
  %xt = tenon.transpose %x [1, 0] : tensor<5x3xf32> -> tensor<3x5xf32>
  %ks = tenon.broadcast %k axes [1] : tensor<3xf32> -> tensor<5x3xf32>
  %h = tenon.scan extent <5> init(%h0) over(%xt, %ks) axes [1, 0] {
  ^bb0(%t: tensor<i64>, %a: tensor<3xf32>, %x_t: tensor<3xf32>, %k_t: tensor<3xf32>):
    %b = tenon.mul %a, %k_t : tensor<3xf32>
    %c = tenon.add %b, %x_t : tensor<3xf32>
    tenon.yield %c : tensor<3xf32>
  } : (tensor<3xf32>, tensor<3x5xf32>, tensor<5x3xf32>) -> tensor<3xf32>
  return %h : tensor<3xf32>
}

// CHECK-LABEL: @branches
// CHECK: %[[R:.*]] = tenon.if %arg0 -> tensor<f32> {
// CHECK: return %[[R]], %arg2, %arg1
func.func @branches(%c: tensor<i1>, %x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %a:3 = tenon.if %c -> tensor<f32>, tensor<f32>, tensor<f32> {
    %e = tenon.exp %x : tensor<f32>
    tenon.yield %e, %y, %x : tensor<f32>, tensor<f32>, tensor<f32>
  } else {
    tenon.yield %x, %y, %y : tensor<f32>, tensor<f32>, tensor<f32>
  }
  %true = tenon.constant dense<true> : tensor<i1>
  %b = tenon.if %true -> tensor<f32> {
    tenon.yield %x : tensor<f32>
  } else {
    tenon.yield %y : tensor<f32>
  }
  return %a#0, %a#1, %b : tensor<f32>, tensor<f32>, tensor<f32>
}
