// RUN: tenon-opt --simplify %s | FileCheck %s

// CHECK-LABEL: @neutral_elements
// CHECK-NEXT: return %arg0, %arg0, %arg0, %arg0
func.func @neutral_elements(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %one = tenon.constant dense<1.0> : tensor<4xf32>
  %zero = tenon.constant dense<0.0> : tensor<4xf32>
  %minus_zero = tenon.constant dense<-0.0> : tensor<4xf32>
  %a = tenon.mul %one, %x : tensor<4xf32>
  %b = tenon.sub %x, %zero : tensor<4xf32>
  %c = tenon.add %minus_zero, %x : tensor<4xf32>
  %d = tenon.div %x, %one : tensor<4xf32>
  return %a, %b, %c, %d : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -0 + 0 is 0, inf * 0 is NaN, inf - inf is NaN.
// CHECK-LABEL: @not_neutral
// CHECK: tenon.add
// CHECK: tenon.mul
// CHECK: tenon.sub
func.func @not_neutral(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %zero = tenon.constant dense<0.0> : tensor<4xf32>
  %a = tenon.add %x, %zero : tensor<4xf32>
  %b = tenon.mul %x, %zero : tensor<4xf32>
  %c = tenon.sub %x, %x : tensor<4xf32>
  return %a, %b, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @integers
// CHECK: %[[ZERO:.*]] = tenon.constant dense<0> : tensor<i32>
// CHECK: %[[ZEROS:.*]] = tenon.broadcast %[[ZERO]]
// CHECK-NOT: tenon.add
// CHECK: return %arg0, %[[ZEROS]], %[[ZEROS]]
func.func @integers(%x: tensor<4xi32>) -> (tensor<4xi32>, tensor<4xi32>, tensor<4xi32>) {
  %zero = tenon.constant dense<0> : tensor<4xi32>
  %a = tenon.add %x, %zero : tensor<4xi32>
  %b = tenon.mul %x, %zero : tensor<4xi32>
  %c = tenon.sub %x, %x : tensor<4xi32>
  %d = tenon.add %c, %b : tensor<4xi32>
  return %a, %b, %d : tensor<4xi32>, tensor<4xi32>, tensor<4xi32>
}

// CHECK-LABEL: @signs
// CHECK-NEXT: %[[SUM:.*]] = tenon.add %arg0, %arg1
// CHECK-NEXT: %[[DIFFERENCE:.*]] = tenon.sub %arg0, %arg1
// CHECK-NEXT: %[[PRODUCT:.*]] = tenon.mul %arg0, %arg1
// CHECK-NEXT: return %[[SUM]], %[[DIFFERENCE]], %[[PRODUCT]]
func.func @signs(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %nx = tenon.neg %x : tensor<4xf32>
  %ny = tenon.neg %y : tensor<4xf32>
  %a = tenon.sub %x, %ny : tensor<4xf32>
  %b = tenon.add %x, %ny : tensor<4xf32>
  %c = tenon.mul %nx, %ny : tensor<4xf32>
  return %a, %b, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @choices
// CHECK-NEXT: %[[SWAPPED:.*]] = tenon.select %arg0, %arg2, %arg1
// CHECK-NEXT: return %arg1, %[[SWAPPED]], %arg0
func.func @choices(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xi1>) {
  %true = tenon.constant dense<true> : tensor<4xi1>
  %false = tenon.constant dense<false> : tensor<4xi1>
  %not = tenon.not %c : tensor<4xi1>
  %a = tenon.select %true, %x, %y : tensor<4xi1>, tensor<4xf32>
  %b = tenon.select %not, %x, %y : tensor<4xi1>, tensor<4xf32>
  %d = tenon.select %c, %true, %false : tensor<4xi1>, tensor<4xi1>
  return %a, %b, %d : tensor<4xf32>, tensor<4xf32>, tensor<4xi1>
}

// A real number saturates where an integer wraps, so the way over f64 matters for i8.
// CHECK-LABEL: @conversions
// CHECK-NEXT: %[[REAL:.*]] = tenon.convert %arg0 : tensor<4xi32> -> tensor<4xf64>
// CHECK-NEXT: %[[WIDE:.*]] = tenon.convert %arg0 : tensor<4xi32> -> tensor<4xi64>
// CHECK-NEXT: %[[SMALL:.*]] = tenon.convert %[[REAL]] : tensor<4xf64> -> tensor<4xi8>
// CHECK-NEXT: return %[[WIDE]], %[[SMALL]]
func.func @conversions(%x: tensor<4xi32>) -> (tensor<4xi64>, tensor<4xi8>) {
  %r = tenon.convert %x : tensor<4xi32> -> tensor<4xf64>
  %a = tenon.convert %r : tensor<4xf64> -> tensor<4xi64>
  %b = tenon.convert %r : tensor<4xf64> -> tensor<4xi8>
  return %a, %b : tensor<4xi64>, tensor<4xi8>
}

// CHECK-LABEL: @constants
// CHECK-DAG: tenon.constant dense<7.500000e+00> : tensor<f32>
// CHECK-DAG: tenon.constant dense<true> : tensor<i1>
// CHECK-NOT: tenon.{{add|dimension|compare|convert}}
func.func @constants() -> (tensor<f32>, tensor<i1>) {
  %n = tenon.dimension <7> : tensor<i32>
  %r = tenon.convert %n : tensor<i32> -> tensor<f32>
  %half = tenon.constant dense<0.5> : tensor<f32>
  %a = tenon.add %r, %half : tensor<f32>
  %b = tenon.compare gt %a, %half : tensor<f32> -> tensor<i1>
  return %a, %b : tensor<f32>, tensor<i1>
}

// The exponential is taken of 8 numbers and not of 32.
// CHECK-LABEL: @broadcast_last
// CHECK: tenon.exp {{.*}} : tensor<8xf32>
// CHECK: tenon.mul {{.*}} : tensor<8xf32>
// CHECK: tenon.broadcast {{.*}} axes [1] : tensor<8xf32> -> tensor<4x8xf32>
func.func @broadcast_last(%x: tensor<8xf32>, %s: tensor<f32>) -> tensor<4x8xf32> {
  %a = tenon.broadcast %x axes [1] : tensor<8xf32> -> tensor<4x8xf32>
  %b = tenon.exp %a : tensor<4x8xf32>
  %c = tenon.broadcast %s axes [] : tensor<f32> -> tensor<4x8xf32>
  %d = tenon.mul %b, %c : tensor<4x8xf32>
  return %d : tensor<4x8xf32>
}
