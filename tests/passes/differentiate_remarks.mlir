// RUN: tenon-opt %s --differentiate --remarks-filter=differentiate --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s

// What is saved and what is computed again is said at its line of the program.
// CHECK-DAG: model.tn:2:9: remark: {{.*}}saved{{.*}}saved for the derivative: tensor<4xf32>
// CHECK-DAG: model.tn:1:9: remark: {{.*}}recomputed{{.*}}computed again for the derivative: tensor<4xf32>
func.func @dropout(%h0: tensor<4xf32>, %s: tensor<i64>, %ct: tensor<4xf32>) -> tensor<4xf32> {
  %half = tenon.constant dense<0.5> : tensor<f32>
  %r:2 = tenon.vjp (%h0) cotangents (%ct) {
  ^bb0(%h: tensor<4xf32>):
    %o = tenon.scan extent <5> init(%h) {
    ^bb0(%it: tensor<i64>, %a: tensor<4xf32>):
      %m = tenon.draw bernoulli(%half : tensor<f32>) seed %s step %s stream 1 iterations(%it) : tensor<4xf32> loc("model.tn":1:9)
      %p = tenon.mul %a, %m : tensor<4xf32>
      %n = tenon.exp %p : tensor<4xf32> loc("model.tn":2:9)
      tenon.yield %n : tensor<4xf32>
    } : (tensor<4xf32>) -> tensor<4xf32>
    tenon.yield %o : tensor<4xf32>
  } : (tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %r#1 : tensor<4xf32>
}
