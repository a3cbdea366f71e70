// RUN: tenon-opt --canonicalize %s | FileCheck %s

// Only what is exact for every value: 1 is neutral to a product, 0 to a difference.
// CHECK-LABEL: @neutral
// CHECK-SAME: (%[[A:.*]]: tensor<2xf32>, %[[I:.*]]: tensor<2xi32>)
// CHECK: %[[SUM:.*]] = tenon.add %[[A]]
// CHECK-NEXT: return %[[A]], %[[A]], %[[A]], %[[SUM]], %[[I]]
func.func @neutral(%a: tensor<2xf32>, %i: tensor<2xi32>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xi32>) {
  %zero = tenon.constant dense<0.0> : tensor<2xf32>
  %one = tenon.constant dense<1.0> : tensor<2xf32>
  %none = tenon.constant dense<0> : tensor<2xi32>
  %0 = tenon.mul %one, %a : tensor<2xf32>
  %1 = tenon.sub %a, %zero : tensor<2xf32>
  %2 = tenon.div %a, %one : tensor<2xf32>
  // -0 + 0 is 0: the sum stays.
  %3 = tenon.add %a, %zero : tensor<2xf32>
  %4 = tenon.add %none, %i : tensor<2xi32>
  return %0, %1, %2, %3, %4 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xi32>
}

// 0 - a isn't folded to a, a - (-0) is not a - 0's fold, 0 * a may be NaN.
// CHECK-LABEL: @kept
// CHECK: tenon.sub
// CHECK: tenon.sub
// CHECK: tenon.mul
// CHECK: tenon.div
func.func @kept(%a: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %zero = tenon.constant dense<0.0> : tensor<2xf32>
  %minus = tenon.constant dense<-0.0> : tensor<2xf32>
  %one = tenon.constant dense<1.0> : tensor<2xf32>
  %0 = tenon.sub %zero, %a : tensor<2xf32>
  %1 = tenon.sub %a, %minus : tensor<2xf32>
  %2 = tenon.mul %a, %zero : tensor<2xf32>
  %3 = tenon.div %one, %a : tensor<2xf32>
  return %0, %1, %2, %3 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @twice
// CHECK-SAME: (%[[A:.*]]: tensor<2xf32>, %[[C:.*]]: tensor<2xi1>, %[[X:.*]]: tensor<2x3xf32>)
// CHECK-NEXT: return %[[A]], %[[C]], %[[C]], %[[C]], %[[X]]
func.func @twice(%a: tensor<2xf32>, %c: tensor<2xi1>, %x: tensor<2x3xf32>)
    -> (tensor<2xf32>, tensor<2xi1>, tensor<2xi1>, tensor<2xi1>, tensor<2x3xf32>) {
  %0 = tenon.neg %a : tensor<2xf32>
  %1 = tenon.neg %0 : tensor<2xf32>
  %2 = tenon.not %c : tensor<2xi1>
  %3 = tenon.not %2 : tensor<2xi1>
  %4 = tenon.and %c, %c : tensor<2xi1>
  %5 = tenon.or %c, %c : tensor<2xi1>
  %6 = tenon.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %7 = tenon.transpose %6 [1, 0] : tensor<3x2xf32> -> tensor<2x3xf32>
  return %1, %3, %4, %5, %7 : tensor<2xf32>, tensor<2xi1>, tensor<2xi1>, tensor<2xi1>, tensor<2x3xf32>
}

// CHECK-LABEL: @views
// CHECK-SAME: (%[[A:.*]]: tensor<2x3xf32>, %[[V:.*]]: tensor<3xf32>)
// CHECK-NEXT: %[[B:.*]] = tenon.broadcast %[[V]] axes [2] : tensor<3xf32> -> tensor<4x2x3xf32>
// CHECK-NEXT: return %[[A]], %[[A]], %[[A]], %[[B]]
func.func @views(%a: tensor<2x3xf32>, %v: tensor<3xf32>)
    -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<4x2x3xf32>) {
  %0 = tenon.reshape %a : tensor<2x3xf32> -> tensor<6xf32>
  %1 = tenon.reshape %0 : tensor<6xf32> -> tensor<2x3xf32>
  %2 = tenon.broadcast %a axes [0, 1] : tensor<2x3xf32> -> tensor<2x3xf32>
  %3 = tenon.slice %a offsets <0, 0> strides [1, 1] : tensor<2x3xf32> -> tensor<2x3xf32>
  %4 = tenon.broadcast %v axes [1] : tensor<3xf32> -> tensor<2x3xf32>
  %5 = tenon.broadcast %4 axes [1, 2] : tensor<2x3xf32> -> tensor<4x2x3xf32>
  return %1, %2, %3, %5 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<4x2x3xf32>
}

// CHECK-LABEL: @choice
// CHECK-SAME: (%[[A:.*]]: tensor<2xf32>, %[[B:.*]]: tensor<2xf32>, %[[C:.*]]: tensor<2xi1>)
// CHECK-NEXT: return %[[A]], %[[B]], %[[A]]
func.func @choice(%a: tensor<2xf32>, %b: tensor<2xf32>, %c: tensor<2xi1>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %true = tenon.constant dense<true> : tensor<2xi1>
  %false = tenon.constant dense<false> : tensor<2xi1>
  %0 = tenon.select %true, %a, %b : tensor<2xi1>, tensor<2xf32>
  %1 = tenon.select %false, %a, %b : tensor<2xi1>, tensor<2xf32>
  %2 = tenon.select %c, %a, %a : tensor<2xi1>, tensor<2xf32>
  return %0, %1, %2 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// Truth values: `true` is neutral to `and`, `false` to `or`, whatever the sign of an i1.
// CHECK-LABEL: @truth
// CHECK-SAME: (%[[C:.*]]: tensor<2xi1>)
// CHECK-NEXT: return %[[C]], %[[C]]
func.func @truth(%c: tensor<2xi1>) -> (tensor<2xi1>, tensor<2xi1>) {
  %true = tenon.constant dense<true> : tensor<2xi1>
  %false = tenon.constant dense<false> : tensor<2xi1>
  %0 = tenon.and %c, %true : tensor<2xi1>
  %1 = tenon.or %c, %false : tensor<2xi1>
  return %0, %1 : tensor<2xi1>, tensor<2xi1>
}
