// RUN: tenon-opt --tenon-kernels %s | FileCheck %s

// The second writer reads what the first overwrites: it goes first.
// CHECK-LABEL: @ordered
// CHECK: tenon.kernel reduction {{.*}} attributes {commit}
// CHECK: tenon.kernel map {{.*}} attributes {commit}
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @ordered(%a: tensor<4x8xf32>, %b: tensor<8xf32>, %g: tensor<4x8xf32>)
    -> (tensor<4x8xf32> {tenon.alias = 0 : i64}, tensor<8xf32> {tenon.alias = 1 : i64}) {
  %a1 = tenon.sub %a, %g : tensor<4x8xf32>
  %s = tenon.contract sum over <4, 8> (%a) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<4x8xf32>) -> tensor<8xf32>
  %b1 = tenon.sub %b, %s : tensor<8xf32>
  return %a1, %b1 : tensor<4x8xf32>, tensor<8xf32>
}

// Each reads what the other overwrites: one writes elsewhere and is copied at the end.
// CHECK-LABEL: @circle
// CHECK: tenon.kernel map
// CHECK: tenon.kernel {{.*}} attributes {commit}
// CHECK: tenon.kernel copy {{.*}} attributes {commit}
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @circle(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>)
    -> (tensor<4x8xf32> {tenon.alias = 0 : i64}, tensor<8x4xf32> {tenon.alias = 1 : i64}) {
  %at = tenon.transpose %a [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  %bt = tenon.transpose %b [1, 0] : tensor<8x4xf32> -> tensor<4x8xf32>
  %a1 = tenon.sub %a, %bt : tensor<4x8xf32>
  %b1 = tenon.sub %b, %at : tensor<8x4xf32>
  return %a1, %b1 : tensor<4x8xf32>, tensor<8x4xf32>
}

// A carried value that is stacked as it stands is written by the map kernel beside it.
// CHECK-LABEL: @passed_on
// CHECK: tenon.scan
// CHECK-COUNT-1: tenon.kernel map
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @passed_on(%h0: tensor<8xf32>) -> tensor<5x8xf32> {
  %h, %hs = tenon.scan extent <5> init(%h0) stack axes [0] {
  ^bb0(%t: tensor<i64>, %a: tensor<8xf32>):
    %n = tenon.tanh %a : tensor<8xf32>
    tenon.yield %n, %a : tensor<8xf32>, tensor<8xf32>
  } : (tensor<8xf32>) -> (tensor<8xf32>, tensor<5x8xf32>)
  return %hs : tensor<5x8xf32>
}

// A scatter that is returned twice, once in place of an argument: the copy overwrites it, at the end.
// CHECK-LABEL: func.func @returned_twice
// CHECK: %[[S:.+]] = tenon.kernel scatter
// CHECK: %[[C:.+]] = tenon.kernel copy "copy" (%[[S]]) attributes {commit}
// CHECK: return %[[C]], %[[S]]
func.func @returned_twice(%a: tensor<4xf32>, %u: tensor<3xf32>, %i: tensor<3xi32>)
    -> (tensor<4xf32> {tenon.alias = 0 : i64}, tensor<4xf32>) {
  %s = tenon.kernel scatter "scatter_add" (%u, %i) {
  ^bb0(%x: tensor<3xf32>, %j: tensor<3xi32>):
    %r = tenon.scatter_add %x at %j : tensor<3xf32>, tensor<3xi32> -> tensor<4xf32>
    tenon.yield %r : tensor<4xf32>
  } : (tensor<3xf32>, tensor<3xi32>) -> tensor<4xf32>
  return %s, %s : tensor<4xf32>, tensor<4xf32>
}
