// RUN: tenon-opt --evaluate="symbols=n=3,z=0" %s -o /dev/null | FileCheck %s
// RUN: tenon-opt --evaluate="symbols=n=3,z=0 wide" %s -o /dev/null | FileCheck %s --check-prefix=WIDE
// RUN: tenon-opt --evaluate="symbols=n=3,z=0 unfused" %s -o /dev/null | FileCheck %s --check-prefix=UNFUSED

// CHECK-LABEL: @matmul
// CHECK-NEXT: f32[2, 2] [14, 32, 32, 77]
func.func @matmul() -> tensor<2x2xf32> {
  %a = tenon.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %r = tenon.contract sum over <2, 2, 3> (%a, %a)
         maps [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
               affine_map<(i, j, k) -> (i, j)>] {
  ^bb0(%x: f32, %y: f32):
    %p = tenon.mul %x, %y : f32
    tenon.yield %p : f32
  } : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
  return %r : tensor<2x2xf32>
}

// (1 + e)(1 - e) - 1 = -e^2, which a product rounded by itself loses.
// CHECK-LABEL: @chain
// CHECK-NEXT: f32[] [-1.42108547e-14]
// WIDE-LABEL: @chain
// WIDE-NEXT: f64[] [-1.42108547e-14]
// UNFUSED-LABEL: @chain
// UNFUSED-NEXT: f32[] [0]
func.func @chain() -> tensor<f32> {
  %a = tenon.constant dense<[-1.0, 0x3F800001]> : tensor<2xf32>
  %b = tenon.constant dense<[1.0, 0x3F7FFFFE]> : tensor<2xf32>
  %r = tenon.contract sum over <2> (%a, %b)
         maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: f32, %y: f32):
    %p = tenon.mul %y, %x : f32
    tenon.yield %p : f32
  } : (tensor<2xf32>, tensor<2xf32>) -> tensor<f32>
  return %r : tensor<f32>
}

// Sums of bf16 accumulate in f32 and are rounded once; in wide runs not at all.
// CHECK-LABEL: @half_sum
// CHECK-NEXT: bf16[] [260]
// WIDE-LABEL: @half_sum
// WIDE-NEXT: f64[] [259]
func.func @half_sum() -> tensor<bf16> {
  %a = tenon.constant dense<[256.0, 1.0, 1.0, 1.0]> : tensor<4xbf16>
  %r = tenon.contract sum over <4> (%a) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: bf16):
    tenon.yield %x : bf16
  } : (tensor<4xbf16>) -> tensor<bf16>
  return %r : tensor<bf16>
}

// A window of two with stride two: pooling.
// CHECK-LABEL: @pooling
// CHECK-NEXT: f32[2] [3, nan]
// CHECK-NEXT: i32[2] [1, 0]
// CHECK-NEXT: i32[2] [0, 0]
func.func @pooling() -> (tensor<2xf32>, tensor<2xi32>, tensor<2xi32>) {
  %a = tenon.constant dense<[1.0, 3.0, 0x7FC00000, 9.0]> : tensor<4xf32>
  %r = tenon.contract max over <2, 2> (%a)
         maps [affine_map<(i, k) -> (2 * i + k)>, affine_map<(i, k) -> (i)>] {
  ^bb0(%x: f32):
    tenon.yield %x : f32
  } : (tensor<4xf32>) -> tensor<2xf32>
  %s = tenon.contract argmax over <2, 2> (%a)
         maps [affine_map<(i, k) -> (2 * i + k)>, affine_map<(i, k) -> (i)>] {
  ^bb0(%x: f32):
    tenon.yield %x : f32
  } : (tensor<4xf32>) -> tensor<2xi32>
  %t = tenon.contract argmin over <2, 2> (%a)
         maps [affine_map<(i, k) -> (2 * i + k)>, affine_map<(i, k) -> (i)>] {
  ^bb0(%x: f32):
    tenon.yield %x : f32
  } : (tensor<4xf32>) -> tensor<2xi32>
  return %r, %s, %t : tensor<2xf32>, tensor<2xi32>, tensor<2xi32>
}

// Ties go to the first.
// CHECK-LABEL: @ties
// CHECK-NEXT: i32[] [1]
// CHECK-NEXT: i32[] [0]
func.func @ties() -> (tensor<i32>, tensor<i32>) {
  %a = tenon.constant dense<[1, 3, 3, 1]> : tensor<4xi32>
  %r = tenon.contract argmax over <4> (%a) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: i32):
    tenon.yield %x : i32
  } : (tensor<4xi32>) -> tensor<i32>
  %s = tenon.contract argmin over <4> (%a) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: i32):
    tenon.yield %x : i32
  } : (tensor<4xi32>) -> tensor<i32>
  return %r, %s : tensor<i32>, tensor<i32>
}

// CHECK-LABEL: @argmax_of_nothing
// CHECK-NEXT: i32[2] [0, 0]
func.func @argmax_of_nothing() -> tensor<2xi32> {
  %x = tenon.constant dense<1.0> : tensor<2x0xf32>
  %r = tenon.contract argmax over <2, 0> (%x)
         maps [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<2x0xf32>) -> tensor<2xi32>
  return %r : tensor<2xi32>
}

// CHECK-LABEL: @combiners
// CHECK-NEXT: i32[] [-6]
// CHECK-NEXT: i32[] [-1]
// CHECK-NEXT: bool[] [1]
// CHECK-NEXT: bool[] [0]
func.func @combiners() -> (tensor<i32>, tensor<i32>, tensor<i1>, tensor<i1>) {
  %a = tenon.constant dense<[-1, 2, 3]> : tensor<3xi32>
  %r = tenon.contract prod over <3> (%a) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: i32):
    tenon.yield %x : i32
  } : (tensor<3xi32>) -> tensor<i32>
  %s = tenon.contract min over <3> (%a) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: i32):
    tenon.yield %x : i32
  } : (tensor<3xi32>) -> tensor<i32>
  %t = tenon.contract any over <3> (%a) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: i32):
    %zero = tenon.constant 0 : i32
    %c = tenon.compare lt %x, %zero : i32 -> i1
    tenon.yield %c : i1
  } : (tensor<3xi32>) -> tensor<i1>
  %u = tenon.contract all over <3> (%a) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: i32):
    %zero = tenon.constant 0 : i32
    %c = tenon.compare lt %x, %zero : i32 -> i1
    tenon.yield %c : i1
  } : (tensor<3xi32>) -> tensor<i1>
  return %r, %s, %t, %u : tensor<i32>, tensor<i32>, tensor<i1>, tensor<i1>
}

// Large numbers don't overflow; -inf stays what it is.
// CHECK-LABEL: @logsumexp
// CHECK-NEXT: f32[4] [1000.69318, -inf, inf, nan]
func.func @logsumexp() -> tensor<4xf32> {
  %a = tenon.constant dense<[[1000.0, 1000.0], [0xFF800000, 0xFF800000], [1.0, 0x7F800000],
                             [0x7FC00000, 0x7F800000]]> : tensor<4x2xf32>
  %r = tenon.contract logsumexp over <4, 2> (%a)
         maps [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>] {
  ^bb0(%x: f32):
    tenon.yield %x : f32
  } : (tensor<4x2xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// Every element starts at the neutral value.
// CHECK-LABEL: @empty
// CHECK-NEXT: f32[] [0]
// CHECK-NEXT: f32[] [1]
// CHECK-NEXT: f32[] [-inf]
// CHECK-NEXT: f32[] [inf]
// CHECK-NEXT: f32[] [-inf]
// CHECK-NEXT: u8[] [0]
// CHECK-NEXT: u8[] [255]
// CHECK-NEXT: i8[] [-128]
// CHECK-NEXT: bool[] [0]
// CHECK-NEXT: bool[] [1]
func.func @empty() -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<ui8>,
                       tensor<ui8>, tensor<i8>, tensor<i1>, tensor<i1>) {
  %a = tenon.iota axis 0 : tensor<?xf32, #tenon.dims<z>>
  %b = tenon.iota axis 0 : tensor<?xui8, #tenon.dims<z>>
  %c = tenon.iota axis 0 : tensor<?xi8, #tenon.dims<z>>
  %d = tenon.compare eq %a, %a : tensor<?xf32, #tenon.dims<z>> -> tensor<?xi1, #tenon.dims<z>>
  %0 = tenon.contract sum over <z> (%a) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: f32):
    tenon.yield %x : f32
  } : (tensor<?xf32, #tenon.dims<z>>) -> tensor<f32>
  %1 = tenon.contract prod over <z> (%a) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: f32):
    tenon.yield %x : f32
  } : (tensor<?xf32, #tenon.dims<z>>) -> tensor<f32>
  %2 = tenon.contract max over <z> (%a) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: f32):
    tenon.yield %x : f32
  } : (tensor<?xf32, #tenon.dims<z>>) -> tensor<f32>
  %3 = tenon.contract min over <z> (%a) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: f32):
    tenon.yield %x : f32
  } : (tensor<?xf32, #tenon.dims<z>>) -> tensor<f32>
  %4 = tenon.contract logsumexp over <z> (%a)
         maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: f32):
    tenon.yield %x : f32
  } : (tensor<?xf32, #tenon.dims<z>>) -> tensor<f32>
  %5 = tenon.contract max over <z> (%b) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: ui8):
    tenon.yield %x : ui8
  } : (tensor<?xui8, #tenon.dims<z>>) -> tensor<ui8>
  %6 = tenon.contract min over <z> (%b) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: ui8):
    tenon.yield %x : ui8
  } : (tensor<?xui8, #tenon.dims<z>>) -> tensor<ui8>
  %7 = tenon.contract max over <z> (%c) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: i8):
    tenon.yield %x : i8
  } : (tensor<?xi8, #tenon.dims<z>>) -> tensor<i8>
  %8 = tenon.contract any over <z> (%d) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: i1):
    tenon.yield %x : i1
  } : (tensor<?xi1, #tenon.dims<z>>) -> tensor<i1>
  %9 = tenon.contract all over <z> (%d) maps [affine_map<(k) -> (k)>, affine_map<(k) -> ()>] {
  ^bb0(%x: i1):
    tenon.yield %x : i1
  } : (tensor<?xi1, #tenon.dims<z>>) -> tensor<i1>
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9 : tensor<f32>, tensor<f32>, tensor<f32>,
    tensor<f32>, tensor<f32>, tensor<ui8>, tensor<ui8>, tensor<i8>, tensor<i1>, tensor<i1>
}

// The input gradient of a convolution: several loops write one element; one element gets nothing.
// CHECK-LABEL: @scattered
// CHECK-NEXT: f32[6] [1, 2, 5, 6, 6, 0]
func.func @scattered() -> tensor<6xf32> {
  %y = tenon.constant dense<[1.0, 3.0]> : tensor<2xf32>
  %k = tenon.constant dense<[1.0, 2.0, 2.0]> : tensor<3xf32>
  %r = tenon.contract sum over <2, 3> (%y, %k)
         maps [affine_map<(i, k) -> (i)>, affine_map<(i, k) -> (k)>,
               affine_map<(i, k) -> (2 * i + k)>] {
  ^bb0(%a: f32, %b: f32):
    %p = tenon.mul %a, %b : f32
    tenon.yield %p : f32
  } : (tensor<2xf32>, tensor<3xf32>) -> tensor<6xf32>
  return %r : tensor<6xf32>
}

// Extents and places that depend on a named dimension: a mirror image.
// CHECK-LABEL: @dynamic
// CHECK-NEXT: i32[3] [2, 1, 0]
// CHECK-NEXT: f32[3] [0, 3, 6]
func.func @dynamic() -> (tensor<?xi32, #tenon.dims<n>>, tensor<?xf32, #tenon.dims<n>>) {
  %a = tenon.iota axis 0 : tensor<?xi32, #tenon.dims<n>>
  %r = tenon.contract sum over <n> symbols <n - 1> (%a)
         maps [affine_map<(i)[s] -> (s - i)>, affine_map<(i)[s] -> (i)>] {
  ^bb0(%x: i32):
    tenon.yield %x : i32
  } : (tensor<?xi32, #tenon.dims<n>>) -> tensor<?xi32, #tenon.dims<n>>
  %b = tenon.iota axis 0 : tensor<?xf32, #tenon.dims<n>>
  %s = tenon.contract sum over <n> (%b) maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] {
  ^bb0(%x: f32):
    %m = tenon.dimension <n> : f32
    %p = tenon.mul %x, %m : f32
    tenon.yield %p : f32
  } : (tensor<?xf32, #tenon.dims<n>>) -> tensor<?xf32, #tenon.dims<n>>
  return %r, %s : tensor<?xi32, #tenon.dims<n>>, tensor<?xf32, #tenon.dims<n>>
}
