// RUN: tenon-opt --evaluate="symbols=n=2,z=0" %s -o /dev/null | FileCheck %s

// CHECK-LABEL: @constants
// CHECK-NEXT: f32[] [1.5]
// CHECK-NEXT: u8[3] [7, 7, 7]
// CHECK-NEXT: bool[2] [1, 0]
// CHECK-NEXT: f16[2] [0.333251953, -inf]
// CHECK-NEXT: f32[0, 2] []
func.func @constants() -> (tensor<f32>, tensor<3xui8>, tensor<2xi1>, tensor<2xf16>, tensor<0x2xf32>) {
  %0 = tenon.constant dense<1.5> : tensor<f32>
  %1 = tenon.constant dense<7> : tensor<3xui8>
  %2 = tenon.constant dense<[true, false]> : tensor<2xi1>
  %3 = tenon.constant dense<[0.33333, 0xFC00]> : tensor<2xf16>
  %4 = tenon.constant dense<1.0> : tensor<0x2xf32>
  return %0, %1, %2, %3, %4 : tensor<f32>, tensor<3xui8>, tensor<2xi1>, tensor<2xf16>, tensor<0x2xf32>
}

// CHECK-LABEL: @dimension
// CHECK-NEXT: i32[] [5]
// CHECK-NEXT: f64[] [0.5]
func.func @dimension() -> (tensor<i32>, tensor<f64>) {
  %0 = tenon.dimension <2*n + 1> : tensor<i32>
  %1 = tenon.dimension <n> : tensor<f64>
  %one = tenon.constant dense<1.0> : tensor<f64>
  %2 = tenon.div %one, %1 : tensor<f64>
  return %0, %2 : tensor<i32>, tensor<f64>
}

// CHECK-LABEL: @iota
// CHECK-NEXT: f32[2, 3] [0, 1, 2, 0, 1, 2]
// CHECK-NEXT: i64[2, 2] [0, 0, 1, 1]
// CHECK-NEXT: u8[0] []
func.func @iota() -> (tensor<2x3xf32>, tensor<?x2xi64, #tenon.dims<n, 2>>, tensor<?xui8, #tenon.dims<z>>) {
  %0 = tenon.iota axis 1 : tensor<2x3xf32>
  %1 = tenon.iota axis 0 : tensor<?x2xi64, #tenon.dims<n, 2>>
  %2 = tenon.iota axis 0 : tensor<?xui8, #tenon.dims<z>>
  return %0, %1, %2 : tensor<2x3xf32>, tensor<?x2xi64, #tenon.dims<n, 2>>, tensor<?xui8, #tenon.dims<z>>
}

// CHECK-LABEL: @broadcast
// CHECK-NEXT: f32[2, 3] [1, 2, 3, 1, 2, 3]
// CHECK-NEXT: f32[3, 2] [1, 1, 2, 2, 3, 3]
// CHECK-NEXT: bool[2, 0] []
func.func @broadcast() -> (tensor<?x3xf32, #tenon.dims<n, 3>>, tensor<3x2xf32>, tensor<?x0xi1, #tenon.dims<n, 0>>) {
  %a = tenon.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = tenon.broadcast %a axes [1] : tensor<3xf32> -> tensor<?x3xf32, #tenon.dims<n, 3>>
  %1 = tenon.broadcast %a axes [0] : tensor<3xf32> -> tensor<3x2xf32>
  %t = tenon.constant dense<true> : tensor<i1>
  %2 = tenon.broadcast %t axes [] : tensor<i1> -> tensor<?x0xi1, #tenon.dims<n, 0>>
  return %0, %1, %2 : tensor<?x3xf32, #tenon.dims<n, 3>>, tensor<3x2xf32>, tensor<?x0xi1, #tenon.dims<n, 0>>
}

// CHECK-LABEL: @reshape_transpose
// CHECK-NEXT: i32[3, 2] [0, 1, 2, 3, 4, 5]
// CHECK-NEXT: i32[3, 2] [0, 3, 1, 4, 2, 5]
// CHECK-NEXT: i32[3, 1, 2] [0, 3, 1, 4, 2, 5]
func.func @reshape_transpose() -> (tensor<3x2xi32>, tensor<3x2xi32>, tensor<3x1x2xi32>) {
  %a = tenon.constant dense<[[0, 1, 2], [3, 4, 5]]> : tensor<2x3xi32>
  %0 = tenon.reshape %a : tensor<2x3xi32> -> tensor<3x2xi32>
  %1 = tenon.transpose %a [1, 0] : tensor<2x3xi32> -> tensor<3x2xi32>
  %b = tenon.reshape %a : tensor<2x3xi32> -> tensor<2x3x1xi32>
  %2 = tenon.transpose %b [1, 2, 0] : tensor<2x3x1xi32> -> tensor<3x1x2xi32>
  return %0, %1, %2 : tensor<3x2xi32>, tensor<3x2xi32>, tensor<3x1x2xi32>
}

// CHECK-LABEL: @slice_pad
// CHECK-NEXT: i32[2] [1, 3]
// CHECK-NEXT: i32[1] [4]
// CHECK-NEXT: i32[7] [9, 0, 9, 9, 1, 9, 9]
func.func @slice_pad() -> (tensor<2xi32>, tensor<?xi32, #tenon.dims<n - 1>>, tensor<7xi32>) {
  %a = tenon.constant dense<[0, 1, 2, 3, 4]> : tensor<5xi32>
  %0 = tenon.slice %a offsets <1> strides [2] : tensor<5xi32> -> tensor<2xi32>
  %1 = tenon.slice %a offsets <2*n> strides [1] : tensor<5xi32> -> tensor<?xi32, #tenon.dims<n - 1>>
  %b = tenon.constant dense<[0, 1]> : tensor<2xi32>
  %v = tenon.constant dense<9> : tensor<i32>
  %2 = tenon.pad %b, %v offsets <1> strides [3] : tensor<2xi32>, tensor<i32> -> tensor<7xi32>
  return %0, %1, %2 : tensor<2xi32>, tensor<?xi32, #tenon.dims<n - 1>>, tensor<7xi32>
}

// CHECK-LABEL: @concat
// CHECK-NEXT: i32[2, 3] [0, 1, 4, 2, 3, 5]
// CHECK-NEXT: i32[2] [0, 1]
func.func @concat() -> (tensor<2x3xi32>, tensor<?xi32, #tenon.dims<n + z>>) {
  %a = tenon.constant dense<[[0, 1], [2, 3]]> : tensor<2x2xi32>
  %b = tenon.constant dense<[[4], [5]]> : tensor<2x1xi32>
  %0 = tenon.concat %a, %b axis 1 : tensor<2x2xi32>, tensor<2x1xi32> -> tensor<2x3xi32>
  %c = tenon.iota axis 0 : tensor<?xi32, #tenon.dims<n>>
  %d = tenon.iota axis 0 : tensor<?xi32, #tenon.dims<z>>
  %1 = tenon.concat %d, %c axis 0 : tensor<?xi32, #tenon.dims<z>>, tensor<?xi32, #tenon.dims<n>>
    -> tensor<?xi32, #tenon.dims<n + z>>
  return %0, %1 : tensor<2x3xi32>, tensor<?xi32, #tenon.dims<n + z>>
}

// An index outside reads the nearest row, of a table without rows 0.
// CHECK-LABEL: @gather
// CHECK-NEXT: f32[4, 2] [5, 6, 1, 2, 1, 2, 5, 6]
// CHECK-NEXT: i32[] [2]
// CHECK-NEXT: f32[1, 2] [0, 0]
func.func @gather() -> (tensor<4x2xf32>, tensor<i32>, tensor<1x2xf32>) {
  %t = tenon.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %i = tenon.constant dense<[2, 0, -1, 7]> : tensor<4xi32>
  %0 = tenon.gather %t[%i] : tensor<3x2xf32>, tensor<4xi32> -> tensor<4x2xf32>
  %u = tenon.constant dense<[0, 1, 2]> : tensor<3xi32>
  %j = tenon.constant dense<2> : tensor<ui8>
  %1 = tenon.gather %u[%j] : tensor<3xi32>, tensor<ui8> -> tensor<i32>
  %e = tenon.constant dense<1.0> : tensor<0x2xf32>
  %k = tenon.constant dense<0> : tensor<1xi64>
  %2 = tenon.gather %e[%k] : tensor<0x2xf32>, tensor<1xi64> -> tensor<1x2xf32>
  return %0, %1, %2 : tensor<4x2xf32>, tensor<i32>, tensor<1x2xf32>
}

// Rows are added in ascending order: 2^24 + 1 - 2^24 is 0 in f32. f16 adds in f32.
// CHECK-LABEL: @scatter_add
// CHECK-NEXT: f32[3, 1] [5, 0, 0]
// CHECK-NEXT: f16[1] [2052]
// CHECK-NEXT: i32[0] []
func.func @scatter_add() -> (tensor<3x1xf32>, tensor<1xf16>, tensor<0xi32>) {
  %u = tenon.constant dense<[[16777216.0], [5.0], [1.0], [-16777216.0]]> : tensor<4x1xf32>
  %i = tenon.constant dense<[2, -3, 2, 9]> : tensor<4xi32>
  %0 = tenon.scatter_add %u at %i : tensor<4x1xf32>, tensor<4xi32> -> tensor<3x1xf32>
  %h = tenon.constant dense<[2048.0, 1.0, 1.0, 1.0]> : tensor<4xf16>
  %z = tenon.constant dense<0> : tensor<4xi64>
  %1 = tenon.scatter_add %h at %z : tensor<4xf16>, tensor<4xi64> -> tensor<1xf16>
  %v = tenon.constant dense<1> : tensor<1xi32>
  %j = tenon.constant dense<0> : tensor<1xi32>
  %2 = tenon.scatter_add %v at %j : tensor<1xi32>, tensor<1xi32> -> tensor<0xi32>
  return %0, %1, %2 : tensor<3x1xf32>, tensor<1xf16>, tensor<0xi32>
}

// Equal elements keep their order (both zeros are equal), NaN is last both ways.
// CHECK-LABEL: @argsort
// CHECK-NEXT: i32[2, 4] [1, 2, 3, 0, 3, 2, 0, 1]
// CHECK-NEXT: i32[2, 4] [3, 1, 2, 0, 1, 0, 2, 3]
// CHECK-NEXT: i32[3] [1, 2, 0]
// CHECK-NEXT: i32[3] [1, 2, 0]
// CHECK-NEXT: i32[3, 0] []
func.func @argsort() -> (tensor<2x4xi32>, tensor<2x4xi32>, tensor<3xi32>, tensor<3xi32>, tensor<3x0xi32>) {
  %x = tenon.constant dense<[[0x7FC00000, 0.0, -0.0, 5.0], [1.0, 0x7F800000, -1.0, 0xFF800000]]> : tensor<2x4xf32>
  %0 = tenon.argsort %x : tensor<2x4xf32> -> tensor<2x4xi32>
  %1 = tenon.argsort %x descending : tensor<2x4xf32> -> tensor<2x4xi32>
  %b = tenon.constant dense<[true, false, false]> : tensor<3xi1>
  %2 = tenon.argsort %b : tensor<3xi1> -> tensor<3xi32>
  %u = tenon.constant dense<[3, 200, 7]> : tensor<3xui8>
  %3 = tenon.argsort %u descending : tensor<3xui8> -> tensor<3xi32>
  %e = tenon.constant dense<1.0> : tensor<3x0xf64>
  %4 = tenon.argsort %e : tensor<3x0xf64> -> tensor<3x0xi32>
  return %0, %1, %2, %3, %4 : tensor<2x4xi32>, tensor<2x4xi32>, tensor<3xi32>, tensor<3xi32>, tensor<3x0xi32>
}
