// RUN: tenon-opt --evaluate %s -o /dev/null | FileCheck %s

// With NaN everything but `ne` is false.
// CHECK-LABEL: @compare_reals
// CHECK-NEXT: bool[4] [0, 1, 0, 0]
// CHECK-NEXT: bool[4] [1, 0, 1, 1]
// CHECK-NEXT: bool[4] [1, 0, 0, 0]
// CHECK-NEXT: bool[4] [1, 1, 0, 0]
// CHECK-NEXT: bool[4] [0, 0, 1, 0]
// CHECK-NEXT: bool[4] [0, 1, 1, 0]
func.func @compare_reals() -> (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>,
                               tensor<4xi1>, tensor<4xi1>) {
  %a = tenon.constant dense<[1.0, 0.0, 3.0, 0x7FC00000]> : tensor<4xf32>
  %b = tenon.constant dense<[2.0, -0.0, 2.0, 1.0]> : tensor<4xf32>
  %0 = tenon.compare eq %a, %b : tensor<4xf32> -> tensor<4xi1>
  %1 = tenon.compare ne %a, %b : tensor<4xf32> -> tensor<4xi1>
  %2 = tenon.compare lt %a, %b : tensor<4xf32> -> tensor<4xi1>
  %3 = tenon.compare le %a, %b : tensor<4xf32> -> tensor<4xi1>
  %4 = tenon.compare gt %a, %b : tensor<4xf32> -> tensor<4xi1>
  %5 = tenon.compare ge %a, %b : tensor<4xf32> -> tensor<4xi1>
  return %0, %1, %2, %3, %4, %5 : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>,
                                  tensor<4xi1>, tensor<4xi1>
}

// CHECK-LABEL: @compare_integers
// CHECK-NEXT: bool[2] [1, 0]
// CHECK-NEXT: bool[2] [0, 0]
func.func @compare_integers() -> (tensor<2xi1>, tensor<2xi1>) {
  %a = tenon.constant dense<[-1, 1]> : tensor<2xi8>
  %b = tenon.constant dense<[1, 1]> : tensor<2xi8>
  %0 = tenon.compare lt %a, %b : tensor<2xi8> -> tensor<2xi1>
  %u = tenon.constant dense<[255, 1]> : tensor<2xui8>
  %v = tenon.constant dense<[1, 1]> : tensor<2xui8>
  %1 = tenon.compare lt %u, %v : tensor<2xui8> -> tensor<2xi1>
  return %0, %1 : tensor<2xi1>, tensor<2xi1>
}

// CHECK-LABEL: @truth
// CHECK-NEXT: bool[4] [0, 0, 0, 1]
// CHECK-NEXT: bool[4] [0, 1, 1, 1]
// CHECK-NEXT: bool[4] [1, 1, 0, 0]
// CHECK-NEXT: bool[3] [1, 0, 0]
func.func @truth() -> (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<3xi1>) {
  %a = tenon.constant dense<[false, false, true, true]> : tensor<4xi1>
  %b = tenon.constant dense<[false, true, false, true]> : tensor<4xi1>
  %0 = tenon.and %a, %b : tensor<4xi1>
  %1 = tenon.or %a, %b : tensor<4xi1>
  %2 = tenon.not %a : tensor<4xi1>
  %x = tenon.constant dense<[1.0, 0x7F800000, 0x7FC00000]> : tensor<3xf32>
  %3 = tenon.is_finite %x : tensor<3xf32> -> tensor<3xi1>
  return %0, %1, %2, %3 : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<3xi1>
}

// CHECK-LABEL: @select
// CHECK-NEXT: f32[2] [1, nan]
func.func @select() -> tensor<2xf32> {
  %c = tenon.constant dense<[true, false]> : tensor<2xi1>
  %a = tenon.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = tenon.constant dense<0x7FC00000> : tensor<2xf32>
  %r = tenon.select %c, %a, %b : tensor<2xi1>, tensor<2xf32>
  return %r : tensor<2xf32>
}

// Towards zero, saturating; NaN gives 0.
// CHECK-LABEL: @convert_reals
// CHECK-NEXT: i32[6] [1, -1, 2147483647, -2147483648, 0, 2147483647]
// CHECK-NEXT: u8[6] [1, 0, 255, 0, 0, 255]
// CHECK-NEXT: i64[6] [1, -1, 3000000000, -9223372036854775808, 0, 9223372036854775807]
// CHECK-NEXT: bool[6] [1, 1, 1, 1, 1, 1]
// CHECK-NEXT: bf16[6] [1.8984375, -1.8984375, 3.00312166e+09, -inf, nan, inf]
func.func @convert_reals() -> (tensor<6xi32>, tensor<6xui8>, tensor<6xi64>, tensor<6xi1>,
                               tensor<6xbf16>) {
  %a = tenon.constant dense<[1.9, -1.9, 3.0e9, 0xFF800000, 0x7FC00000, 0x7F800000]> : tensor<6xf32>
  %0 = tenon.convert %a : tensor<6xf32> -> tensor<6xi32>
  %1 = tenon.convert %a : tensor<6xf32> -> tensor<6xui8>
  %2 = tenon.convert %a : tensor<6xf32> -> tensor<6xi64>
  %3 = tenon.convert %a : tensor<6xf32> -> tensor<6xi1>
  %4 = tenon.convert %a : tensor<6xf32> -> tensor<6xbf16>
  return %0, %1, %2, %3, %4 : tensor<6xi32>, tensor<6xui8>, tensor<6xi64>, tensor<6xi1>,
                              tensor<6xbf16>
}

// Narrower integers wrap; f32 is rounded from the whole i64.
// CHECK-LABEL: @convert_integers
// CHECK-NEXT: i8[3] [44, -128, -1]
// CHECK-NEXT: u8[3] [44, 128, 255]
// CHECK-NEXT: bool[3] [1, 1, 1]
// CHECK-NEXT: f32[] [9.00719925e+15]
// CHECK-NEXT: f32[] [9.00720033e+15]
// CHECK-NEXT: i32[2] [200, 1]
// CHECK-NEXT: f32[2] [0, 1]
func.func @convert_integers() -> (tensor<3xi8>, tensor<3xui8>, tensor<3xi1>, tensor<f32>,
                                  tensor<f32>, tensor<2xi32>, tensor<2xf32>) {
  %a = tenon.constant dense<[300, 128, -1]> : tensor<3xi32>
  %0 = tenon.convert %a : tensor<3xi32> -> tensor<3xi8>
  %1 = tenon.convert %a : tensor<3xi32> -> tensor<3xui8>
  %2 = tenon.convert %a : tensor<3xi32> -> tensor<3xi1>
  %even = tenon.constant dense<9007199791611904> : tensor<i64>
  %above = tenon.constant dense<9007199791611905> : tensor<i64>
  %3 = tenon.convert %even : tensor<i64> -> tensor<f32>
  %4 = tenon.convert %above : tensor<i64> -> tensor<f32>
  %u = tenon.constant dense<[200, 1]> : tensor<2xui8>
  %5 = tenon.convert %u : tensor<2xui8> -> tensor<2xi32>
  %t = tenon.constant dense<[false, true]> : tensor<2xi1>
  %6 = tenon.convert %t : tensor<2xi1> -> tensor<2xf32>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<3xi8>, tensor<3xui8>, tensor<3xi1>, tensor<f32>,
                                      tensor<f32>, tensor<2xi32>, tensor<2xf32>
}
