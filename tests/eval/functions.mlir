// RUN: tenon-opt --evaluate %s -o /dev/null | FileCheck %s

// CHECK-LABEL: @exponentials
// CHECK-NEXT: f32[4] [1, 2.71828175, 0, inf]
// CHECK-NEXT: f32[4] [0, 1.71828187, -1, inf]
// CHECK-NEXT: f64[] [1e-20]
func.func @exponentials() -> (tensor<4xf32>, tensor<4xf32>, tensor<f64>) {
  %a = tenon.constant dense<[0.0, 1.0, 0xFF800000, 0x7F800000]> : tensor<4xf32>
  %r = tenon.exp %a : tensor<4xf32>
  %s = tenon.expm1 %a : tensor<4xf32>
  %b = tenon.constant dense<1.0e-20> : tensor<f64>
  %t = tenon.expm1 %b : tensor<f64>
  return %r, %s, %t : tensor<4xf32>, tensor<4xf32>, tensor<f64>
}

// CHECK-LABEL: @logarithms
// CHECK-NEXT: f32[4] [0, 0.693147182, -inf, nan]
// CHECK-NEXT: f32[4] [0.693147182, 1.09861231, 0, -inf]
// CHECK-NEXT: f64[] [1e-20]
func.func @logarithms() -> (tensor<4xf32>, tensor<4xf32>, tensor<f64>) {
  %a = tenon.constant dense<[1.0, 2.0, 0.0, -1.0]> : tensor<4xf32>
  %r = tenon.log %a : tensor<4xf32>
  %s = tenon.log1p %a : tensor<4xf32>
  %b = tenon.constant dense<1.0e-20> : tensor<f64>
  %t = tenon.log1p %b : tensor<f64>
  return %r, %s, %t : tensor<4xf32>, tensor<4xf32>, tensor<f64>
}

// CHECK-LABEL: @roots_and_circles
// CHECK-NEXT: f32[3] [1.5, 0, nan]
// CHECK-NEXT: f32[2] [0, 0.841470957]
// CHECK-NEXT: f32[2] [1, 0.540302277]
func.func @roots_and_circles() -> (tensor<3xf32>, tensor<2xf32>, tensor<2xf32>) {
  %a = tenon.constant dense<[2.25, 0.0, -1.0]> : tensor<3xf32>
  %r = tenon.sqrt %a : tensor<3xf32>
  %b = tenon.constant dense<[0.0, 1.0]> : tensor<2xf32>
  %s = tenon.sin %b : tensor<2xf32>
  %t = tenon.cos %b : tensor<2xf32>
  return %r, %s, %t : tensor<3xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @sigmoids
// CHECK-NEXT: f32[4] [0, 0.761594176, 1, -1]
// CHECK-NEXT: f32[4] [0.5, 0.731058598, 1, 0]
// CHECK-NEXT: f32[4] [0, 0.842700779, 1, -1]
func.func @sigmoids() -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %a = tenon.constant dense<[0.0, 1.0, 200.0, -200.0]> : tensor<4xf32>
  %r = tenon.tanh %a : tensor<4xf32>
  %s = tenon.sigmoid %a : tensor<4xf32>
  %t = tenon.erf %a : tensor<4xf32>
  return %r, %s, %t : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @softplus
// CHECK-NEXT: f32[5] [0.693147182, 1.31326163, 200, 0, nan]
// CHECK-NEXT: f64[] [2.06115362e-09]
func.func @softplus() -> (tensor<5xf32>, tensor<f64>) {
  %a = tenon.constant dense<[0.0, 1.0, 200.0, -200.0, 0x7FC00000]> : tensor<5xf32>
  %r = tenon.softplus %a : tensor<5xf32>
  %b = tenon.constant dense<-20.0> : tensor<f64>
  %s = tenon.softplus %b : tensor<f64>
  return %r, %s : tensor<5xf32>, tensor<f64>
}

// Halves go to the even number.
// CHECK-LABEL: @whole_numbers
// CHECK-NEXT: f32[7] [2, -3, 0, -1, 1, 8388608, nan]
// CHECK-NEXT: f32[7] [2, -2, 0, -0, 2, 8388608, nan]
func.func @whole_numbers() -> (tensor<7xf32>, tensor<7xf32>) {
  %a = tenon.constant dense<[2.5, -2.5, 0.5, -0.5, 1.5, 8388608.0, 0x7FC00000]> : tensor<7xf32>
  %r = tenon.floor %a : tensor<7xf32>
  %s = tenon.round %a : tensor<7xf32>
  return %r, %s : tensor<7xf32>, tensor<7xf32>
}

// CHECK-LABEL: @stop_gradient
// CHECK-NEXT: f32[2] [1, 2]
// CHECK-NEXT: bool[2] [1, 0]
func.func @stop_gradient() -> (tensor<2xf32>, tensor<2xi1>) {
  %a = tenon.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = tenon.constant dense<[true, false]> : tensor<2xi1>
  %r = tenon.stop_gradient %a : tensor<2xf32>
  %s = tenon.stop_gradient %b : tensor<2xi1>
  return %r, %s : tensor<2xf32>, tensor<2xi1>
}
