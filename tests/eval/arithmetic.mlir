// RUN: tenon-opt --evaluate %s -o /dev/null | FileCheck %s

// CHECK-LABEL: @add
// CHECK-NEXT: f32[3] [11, 22, nan]
// CHECK-NEXT: i32[2] [-2147483648, 5]
// CHECK-NEXT: u8[2] [4, 0]
func.func @add() -> (tensor<3xf32>, tensor<2xi32>, tensor<2xui8>) {
  %a = tenon.constant dense<[1.0, 2.0, 0x7FC00000]> : tensor<3xf32>
  %b = tenon.constant dense<[10.0, 20.0, 1.0]> : tensor<3xf32>
  %r = tenon.add %a, %b : tensor<3xf32>
  %i = tenon.constant dense<[2147483647, 2]> : tensor<2xi32>
  %j = tenon.constant dense<[1, 3]> : tensor<2xi32>
  %k = tenon.add %i, %j : tensor<2xi32>
  %u = tenon.constant dense<[250, 255]> : tensor<2xui8>
  %v = tenon.constant dense<[10, 1]> : tensor<2xui8>
  %w = tenon.add %u, %v : tensor<2xui8>
  return %r, %k, %w : tensor<3xf32>, tensor<2xi32>, tensor<2xui8>
}

// f32 is rounded after each operation, bf16 and f16 from the nearest f32.
// CHECK-LABEL: @rounding
// CHECK-NEXT: f32[] [16777216]
// CHECK-NEXT: bf16[] [256]
// CHECK-NEXT: f16[2] [inf, 2048]
// CHECK-NEXT: f64[] [0.3]
func.func @rounding() -> (tensor<f32>, tensor<bf16>, tensor<2xf16>, tensor<f64>) {
  %a = tenon.constant dense<16777216.0> : tensor<f32>
  %one = tenon.constant dense<1.0> : tensor<f32>
  %r = tenon.add %a, %one : tensor<f32>
  %b = tenon.constant dense<256.0> : tensor<bf16>
  %bone = tenon.constant dense<1.0> : tensor<bf16>
  %s = tenon.add %b, %bone : tensor<bf16>
  %h = tenon.constant dense<[65504.0, 2048.0]> : tensor<2xf16>
  %i = tenon.constant dense<[65504.0, 1.0]> : tensor<2xf16>
  %t = tenon.add %h, %i : tensor<2xf16>
  %x = tenon.constant dense<0.1> : tensor<f64>
  %y = tenon.constant dense<0.2> : tensor<f64>
  %u = tenon.add %x, %y : tensor<f64>
  return %r, %s, %t, %u : tensor<f32>, tensor<bf16>, tensor<2xf16>, tensor<f64>
}

// CHECK-LABEL: @sub
// CHECK-NEXT: f32[2] [-9, 0]
// CHECK-NEXT: i8[2] [127, -1]
func.func @sub() -> (tensor<2xf32>, tensor<2xi8>) {
  %a = tenon.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = tenon.constant dense<[10.0, 2.0]> : tensor<2xf32>
  %r = tenon.sub %a, %b : tensor<2xf32>
  %i = tenon.constant dense<[-128, 1]> : tensor<2xi8>
  %j = tenon.constant dense<[1, 2]> : tensor<2xi8>
  %s = tenon.sub %i, %j : tensor<2xi8>
  return %r, %s : tensor<2xf32>, tensor<2xi8>
}

// CHECK-LABEL: @mul
// CHECK-NEXT: f32[3] [6, -0, nan]
// CHECK-NEXT: i64[2] [-9223372036854775808, -6]
func.func @mul() -> (tensor<3xf32>, tensor<2xi64>) {
  %a = tenon.constant dense<[2.0, -0.0, 0.0]> : tensor<3xf32>
  %b = tenon.constant dense<[3.0, 5.0, 0x7F800000]> : tensor<3xf32>
  %r = tenon.mul %a, %b : tensor<3xf32>
  %i = tenon.constant dense<[4611686018427387904, 2]> : tensor<2xi64>
  %j = tenon.constant dense<[2, -3]> : tensor<2xi64>
  %s = tenon.mul %i, %j : tensor<2xi64>
  return %r, %s : tensor<3xf32>, tensor<2xi64>
}

// Integers round down, by zero give 0; the smallest number by -1 wraps.
// CHECK-LABEL: @div
// CHECK-NEXT: f32[3] [0.5, inf, nan]
// CHECK-NEXT: i32[6] [3, -4, -4, 3, 0, -2147483648]
// CHECK-NEXT: u8[2] [127, 0]
func.func @div() -> (tensor<3xf32>, tensor<6xi32>, tensor<2xui8>) {
  %a = tenon.constant dense<[1.0, 1.0, 0.0]> : tensor<3xf32>
  %b = tenon.constant dense<[2.0, 0.0, 0.0]> : tensor<3xf32>
  %r = tenon.div %a, %b : tensor<3xf32>
  %i = tenon.constant dense<[7, -7, 7, -7, 7, -2147483648]> : tensor<6xi32>
  %j = tenon.constant dense<[2, 2, -2, -2, 0, -1]> : tensor<6xi32>
  %s = tenon.div %i, %j : tensor<6xi32>
  %u = tenon.constant dense<[255, 9]> : tensor<2xui8>
  %v = tenon.constant dense<[2, 0]> : tensor<2xui8>
  %t = tenon.div %u, %v : tensor<2xui8>
  return %r, %s, %t : tensor<3xf32>, tensor<6xi32>, tensor<2xui8>
}

// CHECK-LABEL: @rem
// CHECK-NEXT: f32[5] [1, 1, -1, -1, nan]
// CHECK-NEXT: i32[6] [1, 1, -1, -1, 0, 0]
func.func @rem() -> (tensor<5xf32>, tensor<6xi32>) {
  %a = tenon.constant dense<[7.0, -7.0, 7.0, -7.0, 7.0]> : tensor<5xf32>
  %b = tenon.constant dense<[2.0, 2.0, -2.0, -2.0, 0.0]> : tensor<5xf32>
  %r = tenon.rem %a, %b : tensor<5xf32>
  %i = tenon.constant dense<[7, -7, 7, -7, 7, -2147483648]> : tensor<6xi32>
  %j = tenon.constant dense<[2, 2, -2, -2, 0, -1]> : tensor<6xi32>
  %s = tenon.rem %i, %j : tensor<6xi32>
  return %r, %s : tensor<5xf32>, tensor<6xi32>
}

// CHECK-LABEL: @max_min
// CHECK-NEXT: f32[4] [2, nan, nan, inf]
// CHECK-NEXT: f32[4] [1, nan, nan, -1]
// CHECK-NEXT: u8[2] [200, 7]
// CHECK-NEXT: i8[2] [-56, 3]
func.func @max_min() -> (tensor<4xf32>, tensor<4xf32>, tensor<2xui8>, tensor<2xi8>) {
  %a = tenon.constant dense<[1.0, 0x7FC00000, 1.0, -1.0]> : tensor<4xf32>
  %b = tenon.constant dense<[2.0, 1.0, 0x7FC00000, 0x7F800000]> : tensor<4xf32>
  %r = tenon.max %a, %b : tensor<4xf32>
  %s = tenon.min %a, %b : tensor<4xf32>
  %u = tenon.constant dense<[200, 7]> : tensor<2xui8>
  %v = tenon.constant dense<[100, 3]> : tensor<2xui8>
  %t = tenon.max %u, %v : tensor<2xui8>
  %i = tenon.constant dense<[-56, 7]> : tensor<2xi8>
  %j = tenon.constant dense<[100, 3]> : tensor<2xi8>
  %w = tenon.min %i, %j : tensor<2xi8>
  return %r, %s, %t, %w : tensor<4xf32>, tensor<4xf32>, tensor<2xui8>, tensor<2xi8>
}

// A negative exponent is the quotient 1 / a^-b rounded down.
// CHECK-LABEL: @pow
// CHECK-NEXT: f32[5] [8, 0.25, 1, nan, 1]
// CHECK-NEXT: i32[8] [8, 1, 0, 0, -1, 1, -1, 0]
// CHECK-NEXT: i32[2] [-2147483648, 0]
func.func @pow() -> (tensor<5xf32>, tensor<8xi32>, tensor<2xi32>) {
  %a = tenon.constant dense<[2.0, 2.0, 0.0, -8.0, 0x7FC00000]> : tensor<5xf32>
  %b = tenon.constant dense<[3.0, -2.0, 0.0, 0.5, 0.0]> : tensor<5xf32>
  %r = tenon.pow %a, %b : tensor<5xf32>
  %i = tenon.constant dense<[2, 0, 0, 2, -2, -1, -1, 3]> : tensor<8xi32>
  %j = tenon.constant dense<[3, 0, -1, -1, -1, -2, -3, -25]> : tensor<8xi32>
  %s = tenon.pow %i, %j : tensor<8xi32>
  %k = tenon.constant dense<[2, 2]> : tensor<2xi32>
  %l = tenon.constant dense<[31, 32]> : tensor<2xi32>
  %t = tenon.pow %k, %l : tensor<2xi32>
  return %r, %s, %t : tensor<5xf32>, tensor<8xi32>, tensor<2xi32>
}

// CHECK-LABEL: @signs
// CHECK-NEXT: f32[4] [2, 0, -2, nan]
// CHECK-NEXT: f32[4] [2, 0, 2, nan]
// CHECK-NEXT: f32[4] [-1, 0, 1, nan]
// CHECK-NEXT: i32[3] [-2147483648, -3, 0]
// CHECK-NEXT: i32[3] [-2147483648, 3, 0]
// CHECK-NEXT: i32[3] [-1, 1, 0]
// CHECK-NEXT: u8[] [255]
func.func @signs() -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xi32>, tensor<3xi32>,
                       tensor<3xi32>, tensor<ui8>) {
  %a = tenon.constant dense<[-2.0, -0.0, 2.0, 0x7FC00000]> : tensor<4xf32>
  %0 = tenon.neg %a : tensor<4xf32>
  %1 = tenon.abs %a : tensor<4xf32>
  %2 = tenon.sign %a : tensor<4xf32>
  %i = tenon.constant dense<[-2147483648, 3, 0]> : tensor<3xi32>
  %3 = tenon.neg %i : tensor<3xi32>
  %4 = tenon.abs %i : tensor<3xi32>
  %5 = tenon.sign %i : tensor<3xi32>
  %u = tenon.constant dense<1> : tensor<ui8>
  %6 = tenon.neg %u : tensor<ui8>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xi32>,
                                      tensor<3xi32>, tensor<3xi32>, tensor<ui8>
}
