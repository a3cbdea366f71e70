// RUN: tenon-opt %s --differentiate | FileCheck %s

// The regions' residuals share results; what the `if` gives anyway is read from there. The reverse is
// an `if` on the same condition. The cotangent of what only one region uses is zero in the other.
// CHECK-LABEL: func.func @branches
// CHECK-SAME: (%[[C:[^:]+]]: tensor<i1>, %[[X:[^:]+]]: tensor<4xf32>, %[[Y:[^:]+]]: tensor<4xf32>, %[[CT:[^:]+]]: tensor<4xf32>)
// CHECK: %[[FORWARD:.+]]:3 = tenon.if %[[C]] -> tensor<4xf32>, tensor<4xf32>, tensor<4xf32> {
// CHECK: %[[E:.+]] = tenon.exp %[[X]]
// CHECK: %[[R:.+]] = tenon.sin %[[E]]
// CHECK: %[[COS:.+]] = tenon.cos %[[E]]
// CHECK: tenon.yield %[[R]], %[[E]], %[[COS]] :
// CHECK: } else {
// CHECK: %[[S:.+]] = tenon.sin %[[Y]]
// CHECK: %[[T:.+]] = tenon.tanh %[[S]]
// CHECK: %[[COSY:.+]] = tenon.cos %[[Y]]
// CHECK: %[[ZERO:.+]] = tenon.broadcast
// CHECK: tenon.yield %[[T]], %[[COSY]], %[[ZERO]] :
// CHECK: %[[REVERSE:.+]]:2 = tenon.if %[[C]] -> tensor<4xf32>, tensor<4xf32> {
// CHECK: %[[DR:.+]] = tenon.mul %[[CT]], %[[FORWARD]]#2
// CHECK: %[[DX:.+]] = tenon.mul %[[DR]], %[[FORWARD]]#1
// CHECK: %[[NOTHING:.+]] = tenon.broadcast
// CHECK: tenon.yield %[[DX]], %[[NOTHING]] :
// CHECK: } else {
// CHECK-NOT: tenon.tanh
// CHECK: tenon.mul %[[FORWARD]]#0, %[[FORWARD]]#0
// CHECK: tenon.mul %{{.+}}, %[[FORWARD]]#1
// CHECK: tenon.yield
// CHECK: return %[[REVERSE]]#0, %[[REVERSE]]#1
func.func @branches(%c: tensor<i1>, %x: tensor<4xf32>, %y: tensor<4xf32>, %ct: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>) {
  %r:3 = tenon.vjp (%x, %y) cotangents (%ct) {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %n = tenon.if %c -> tensor<4xf32> {
      %e = tenon.exp %a : tensor<4xf32>
      %s = tenon.sin %e : tensor<4xf32>
      tenon.yield %s : tensor<4xf32>
    } else {
      %s = tenon.sin %b : tensor<4xf32>
      %t = tenon.tanh %s : tensor<4xf32>
      tenon.yield %t : tensor<4xf32>
    }
    tenon.yield %n : tensor<4xf32>
  } : (tensor<4xf32>, tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %r#1, %r#2 : tensor<4xf32>, tensor<4xf32>
}
