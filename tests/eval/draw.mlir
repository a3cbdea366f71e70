// RUN: tenon-opt --evaluate %s -o /dev/null | FileCheck %s

// The numbers of runtime/core/Philox.h for seed 42, step 3.
// CHECK-LABEL: @draws
// CHECK-NEXT: f32[4] [0.56761843, 0.606579304, 0.0211886764, 0.898134768]
// CHECK-NEXT: f32[3] [-0.778506279, -0.974843502, -1.77300715]
// CHECK-NEXT: f32[8] [0, 0, 1, 0, 0, 0, 0, 1]
// CHECK-NEXT: i32[6] [0, 1, -5, 3, 2, 4]
func.func @draws() -> (tensor<4xf32>, tensor<3xf32>, tensor<8xf32>, tensor<6xi32>) {
  %seed = tenon.constant dense<42> : tensor<i64>
  %step = tenon.constant dense<3> : tensor<i64>
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %one = tenon.constant dense<1.0> : tensor<f32>
  %half = tenon.constant dense<0.5> : tensor<f32>
  %low = tenon.constant dense<-5> : tensor<i32>
  %high = tenon.constant dense<5> : tensor<i32>
  %0 = tenon.draw uniform(%zero, %one : tensor<f32>, tensor<f32>) seed %seed step %step stream 17 : tensor<4xf32>
  %1 = tenon.draw normal(%zero, %one : tensor<f32>, tensor<f32>) seed %seed step %step stream 17 : tensor<3xf32>
  %2 = tenon.draw bernoulli(%half : tensor<f32>) seed %seed step %step stream 17 : tensor<8xf32>
  %3 = tenon.draw integers(%low, %high : tensor<i32>, tensor<i32>) seed %seed step %step stream 17 : tensor<6xi32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<3xf32>, tensor<8xf32>, tensor<6xi32>
}

// Loops around a draw are part of its place.
// CHECK-LABEL: @iterations
// CHECK-NEXT: f64[2, 2] [0.428139596, 0.790920916, 0.858125063, 0.34472708]
func.func @iterations() -> tensor<2x2xf64> {
  %seed = tenon.constant dense<42> : tensor<i64>
  %step = tenon.constant dense<3> : tensor<i64>
  %zero = tenon.constant dense<0.0> : tensor<f64>
  %one = tenon.constant dense<1.0> : tensor<f64>
  %0 = tenon.scan extent <2> init() stack axes [0] {
  ^bb0(%i: tensor<i64>):
    %d = tenon.draw uniform(%zero, %one : tensor<f64>, tensor<f64>) seed %seed step %step stream 17 iterations(%i) : tensor<2xf64>
    tenon.yield %d : tensor<2xf64>
  } : () -> tensor<2x2xf64>
  return %0 : tensor<2x2xf64>
}
