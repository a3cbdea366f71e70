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

// A small product fills no vectors: writing and reading its 36 elements costs less than its 216 points.
// CHECK-DAG: model.tn:3:9: remark: {{.*}}saved{{.*}}saved for the derivative: tensor<6x6xf32>
// CHECK-NOT: model.tn:3:9: remark: {{.*}}recomputed
#ik = affine_map<(i, j, k) -> (i, k)>
#kj = affine_map<(i, j, k) -> (k, j)>
#ij = affine_map<(i, j, k) -> (i, j)>
func.func @small(%h0: tensor<6x6xf32>, %w: tensor<6x6xf32>, %ct: tensor<6x6xf32>) -> tensor<6x6xf32> {
  %r:2 = tenon.vjp (%h0) cotangents (%ct) {
  ^bb0(%h: tensor<6x6xf32>):
    %o = tenon.scan extent <5> init(%h) {
    ^bb0(%it: tensor<i64>, %a: tensor<6x6xf32>):
      %p = tenon.contract sum over <6, 6, 6> (%a, %w) maps [#ik, #kj, #ij] {
      ^bb0(%x: f32, %y: f32):
        %m = tenon.mul %x, %y : f32
        tenon.yield %m : f32
      } : (tensor<6x6xf32>, tensor<6x6xf32>) -> tensor<6x6xf32> loc("model.tn":3:9)
      %n = tenon.mul %p, %p : tensor<6x6xf32>
      tenon.yield %n : tensor<6x6xf32>
    } : (tensor<6x6xf32>) -> tensor<6x6xf32>
    tenon.yield %o : tensor<6x6xf32>
  } : (tensor<6x6xf32>), (tensor<6x6xf32>) -> (tensor<6x6xf32>, tensor<6x6xf32>)
  return %r#1 : tensor<6x6xf32>
}
