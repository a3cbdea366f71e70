// RUN: tenon-opt --evaluate="symbols=n=3,z=0" %s -o /dev/null | FileCheck %s

// A running sum, and the iteration beside it; then from the back.
// CHECK-LABEL: @scan
// CHECK-NEXT: i64[] [6]
// CHECK-NEXT: i64[3] [1, 3, 6]
// CHECK-NEXT: i64[3] [0, 1, 2]
// CHECK-NEXT: i64[3] [6, 5, 3]
// CHECK-NEXT: i64[3] [2, 1, 0]
func.func @scan() -> (tensor<i64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>) {
  %zero = tenon.constant dense<0> : tensor<i64>
  %x = tenon.constant dense<[1, 2, 3]> : tensor<3xi64>
  %0:3 = tenon.scan extent <3> init(%zero) over(%x) axes [0] stack axes [0, 0] {
  ^bb0(%i: tensor<i64>, %sum: tensor<i64>, %e: tensor<i64>):
    %next = tenon.add %sum, %e : tensor<i64>
    tenon.yield %next, %next, %i : tensor<i64>, tensor<i64>, tensor<i64>
  } : (tensor<i64>, tensor<3xi64>) -> (tensor<i64>, tensor<3xi64>, tensor<3xi64>)
  %1:3 = tenon.scan extent <3> reverse init(%zero) over(%x) axes [0] stack axes [0, 0] {
  ^bb0(%i: tensor<i64>, %sum: tensor<i64>, %e: tensor<i64>):
    %next = tenon.add %sum, %e : tensor<i64>
    tenon.yield %next, %next, %i : tensor<i64>, tensor<i64>, tensor<i64>
  } : (tensor<i64>, tensor<3xi64>) -> (tensor<i64>, tensor<3xi64>, tensor<3xi64>)
  return %0#0, %0#1, %0#2, %1#1, %1#2 : tensor<i64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>,
                                        tensor<3xi64>
}

// Slices along the last axis, a value from outside, stacked along the middle; without state.
// CHECK-LABEL: @scan_axes
// CHECK-NEXT: i32[2, 3] [10, 11, 12, 13, 14, 15]
func.func @scan_axes() -> tensor<2x?xi32, #tenon.dims<2, n>> {
  %ten = tenon.constant dense<10> : tensor<2xi32>
  %x = tenon.iota axis 1 : tensor<2x?xi32, #tenon.dims<2, n>>
  %rows = tenon.iota axis 0 : tensor<2x?xi32, #tenon.dims<2, n>>
  %three = tenon.dimension <n> : tensor<i32>
  %n = tenon.broadcast %three axes [] : tensor<i32> -> tensor<2x?xi32, #tenon.dims<2, n>>
  %y = tenon.mul %rows, %n : tensor<2x?xi32, #tenon.dims<2, n>>
  %0 = tenon.scan extent <n> init() over(%x, %y) axes [1, 1] stack axes [1] {
  ^bb0(%i: tensor<i64>, %a: tensor<2xi32>, %b: tensor<2xi32>):
    %s = tenon.add %a, %b : tensor<2xi32>
    %t = tenon.add %s, %ten : tensor<2xi32>
    tenon.yield %t : tensor<2xi32>
  } : (tensor<2x?xi32, #tenon.dims<2, n>>, tensor<2x?xi32, #tenon.dims<2, n>>)
      -> tensor<2x?xi32, #tenon.dims<2, n>>
  return %0 : tensor<2x?xi32, #tenon.dims<2, n>>
}

// No iteration: the state stays, nothing is stacked.
// CHECK-LABEL: @scan_nothing
// CHECK-NEXT: f32[] [4]
// CHECK-NEXT: f32[0] []
func.func @scan_nothing() -> (tensor<f32>, tensor<?xf32, #tenon.dims<z>>) {
  %four = tenon.constant dense<4.0> : tensor<f32>
  %0:2 = tenon.scan extent <z> init(%four) stack axes [0] {
  ^bb0(%i: tensor<i64>, %a: tensor<f32>):
    %r = tenon.add %a, %a : tensor<f32>
    tenon.yield %r, %r : tensor<f32>, tensor<f32>
  } : (tensor<f32>) -> (tensor<f32>, tensor<?xf32, #tenon.dims<z>>)
  return %0#0, %0#1 : tensor<f32>, tensor<?xf32, #tenon.dims<z>>
}

// The branch that isn't chosen doesn't run: its check stays silent.
// CHECK-LABEL: @if
// CHECK-NEXT: i32[] [1]
// CHECK-NEXT: i32[] [2]
func.func @if() -> (tensor<i32>, tensor<i32>) {
  %true = tenon.constant dense<true> : tensor<i1>
  %false = tenon.constant dense<false> : tensor<i1>
  %one = tenon.constant dense<1> : tensor<i32>
  %two = tenon.constant dense<2> : tensor<i32>
  %0 = tenon.if %true -> tensor<i32> {
    tenon.yield %one : tensor<i32>
  } else {
    tenon.check %false, "never" : tensor<i1>
    tenon.yield %two : tensor<i32>
  }
  %1 = tenon.if %false -> tensor<i32> {
    tenon.yield %one : tensor<i32>
  } else {
    tenon.yield %two : tensor<i32>
  }
  return %0, %1 : tensor<i32>, tensor<i32>
}

// CHECK-LABEL: @kernel
// CHECK-NEXT: f32[2] [0, 2]
// CHECK-NEXT: f32[2] [0, 3]
func.func @kernel() -> (tensor<2xf32>, tensor<2xf32>) {
  %a = tenon.iota axis 0 : tensor<2xf32>
  %0:2 = tenon.kernel map "twice" (%a) {
  ^bb0(%x: tensor<2xf32>):
    %y = tenon.add %x, %x : tensor<2xf32>
    %z = tenon.add %y, %x : tensor<2xf32>
    tenon.yield %y, %z : tensor<2xf32>, tensor<2xf32>
  } : (tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>)
  return %0#0, %0#1 : tensor<2xf32>, tensor<2xf32>
}

// The body alone is run.
// CHECK-LABEL: @custom_gradient
// CHECK-NEXT: f32[2] [1, -3]
func.func @custom_gradient() -> tensor<2xf32> {
  %x = tenon.constant dense<[0.75, -2.75]> : tensor<2xf32>
  %y = tenon.custom_gradient (%x) {
  ^bb0(%v: tensor<2xf32>):
    %r = tenon.round %v : tensor<2xf32>
    tenon.yield %r : tensor<2xf32>
  } back {
  ^bb0(%v: tensor<2xf32>, %r: tensor<2xf32>, %dr: tensor<2xf32>):
    tenon.yield %dr : tensor<2xf32>
  } : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
