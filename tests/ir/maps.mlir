// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt --mlir-print-op-generic %s | tenon-opt | FileCheck %s

// CHECK-LABEL: @binary
func.func @binary(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %[[ADD:.*]] = tenon.add %{{.*}}, %{{.*}} : tensor<4xf32>
  %0 = tenon.add %a, %b : tensor<4xf32>
  // CHECK-NEXT: tenon.sub %[[ADD]], %{{.*}} : tensor<4xf32>
  %1 = tenon.sub %0, %b : tensor<4xf32>
  // CHECK-NEXT: tenon.mul
  %2 = tenon.mul %1, %b : tensor<4xf32>
  // CHECK-NEXT: tenon.div
  %3 = tenon.div %2, %b : tensor<4xf32>
  // CHECK-NEXT: tenon.rem
  %4 = tenon.rem %3, %b : tensor<4xf32>
  // CHECK-NEXT: tenon.max
  %5 = tenon.max %4, %b : tensor<4xf32>
  // CHECK-NEXT: tenon.min
  %6 = tenon.min %5, %b : tensor<4xf32>
  // CHECK-NEXT: tenon.pow
  %7 = tenon.pow %6, %b : tensor<4xf32>
  return %7 : tensor<4xf32>
}

// CHECK-LABEL: @unary
func.func @unary(%a: tensor<?xf64, #tenon.dims<n>>) -> tensor<?xf64, #tenon.dims<n>> {
  // CHECK-NEXT: tenon.neg %{{.*}} : tensor<?xf64, #tenon.dims<n>>
  %0 = tenon.neg %a : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.abs
  %1 = tenon.abs %0 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.sign
  %2 = tenon.sign %1 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.exp
  %3 = tenon.exp %2 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.expm1
  %4 = tenon.expm1 %3 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.log
  %5 = tenon.log %4 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.log1p
  %6 = tenon.log1p %5 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.sqrt
  %7 = tenon.sqrt %6 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.sin
  %8 = tenon.sin %7 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.cos
  %9 = tenon.cos %8 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.tanh
  %10 = tenon.tanh %9 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.sigmoid
  %s = tenon.sigmoid %10 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.softplus
  %11 = tenon.softplus %s : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.erf
  %12 = tenon.erf %11 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.floor
  %13 = tenon.floor %12 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.round
  %14 = tenon.round %13 : tensor<?xf64, #tenon.dims<n>>
  // CHECK-NEXT: tenon.stop_gradient
  %15 = tenon.stop_gradient %14 : tensor<?xf64, #tenon.dims<n>>
  return %15 : tensor<?xf64, #tenon.dims<n>>
}

// CHECK-LABEL: @truth
func.func @truth(%a: tensor<2xi8>, %b: tensor<2xi8>, %x: tensor<2xbf16>) -> tensor<2xf16> {
  // CHECK-NEXT: tenon.compare lt %{{.*}}, %{{.*}} : tensor<2xi8> -> tensor<2xi1>
  %0 = tenon.compare lt %a, %b : tensor<2xi8> -> tensor<2xi1>
  // CHECK-NEXT: tenon.is_finite %{{.*}} : tensor<2xbf16> -> tensor<2xi1>
  %1 = tenon.is_finite %x : tensor<2xbf16> -> tensor<2xi1>
  // CHECK-NEXT: tenon.and
  %2 = tenon.and %0, %1 : tensor<2xi1>
  // CHECK-NEXT: tenon.or
  %3 = tenon.or %2, %1 : tensor<2xi1>
  // CHECK-NEXT: tenon.not
  %4 = tenon.not %3 : tensor<2xi1>
  // CHECK-NEXT: tenon.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<2xi1>, tensor<2xi8>
  %5 = tenon.select %4, %a, %b : tensor<2xi1>, tensor<2xi8>
  // CHECK-NEXT: tenon.convert %{{.*}} : tensor<2xi8> -> tensor<2xf16>
  %6 = tenon.convert %5 : tensor<2xi8> -> tensor<2xf16>
  return %6 : tensor<2xf16>
}
