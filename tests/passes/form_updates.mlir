// RUN: tenon-opt --form-updates %s | FileCheck %s
// RUN: tenon-opt --tenon-kernels %s | FileCheck %s --check-prefix=KERNELS

// One row of the state changes, and only the new state is read.
// CHECK-LABEL: @cache
// CHECK: ^bb0(%{{.*}}: tensor<i64>, %[[OLD:.*]]: tensor<2x8x3xf32>, %[[ROW:.*]]: tensor<2x3xf32>, %[[AT:.*]]: tensor<i32>)
// CHECK: %[[NEW:.*]] = tenon.kernel map "update" (%[[OLD]], %[[ROW]], %[[AT]]) attributes {update = 1 : i64}
// CHECK: tenon.contract sum {{.*}} (%[[NEW]])
// CHECK: tenon.yield %[[NEW]]
// KERNELS-LABEL: @cache
// KERNELS: attributes {update = 1 : i64}
// KERNELS-NOT: tenon.kernel copy
// KERNELS: tenon.yield %{{.*}}, %{{.*}} : tensor<2x8x3xf32>, tensor<2xf32>
func.func @cache(%init: tensor<2x8x3xf32>, %rows: tensor<8x2x3xf32>)
    -> (tensor<2x8x3xf32>, tensor<8x2xf32>) {
  %numbers = tenon.iota axis 0 : tensor<8xi32>
  %c, %s = tenon.scan extent <8> init(%init) over(%rows, %numbers) axes [0, 0] stack axes [0] {
  ^bb0(%t: tensor<i64>, %old: tensor<2x8x3xf32>, %row: tensor<2x3xf32>, %at: tensor<i32>):
    %places = tenon.iota axis 1 : tensor<2x8x3xi32>
    %here = tenon.broadcast %at axes [] : tensor<i32> -> tensor<2x8x3xi32>
    %is = tenon.compare eq %places, %here : tensor<2x8x3xi32> -> tensor<2x8x3xi1>
    %wide = tenon.broadcast %row axes [0, 2] : tensor<2x3xf32> -> tensor<2x8x3xf32>
    %new = tenon.select %is, %wide, %old : tensor<2x8x3xi1>, tensor<2x8x3xf32>
    %sum = tenon.contract sum over <2, 8, 3> (%new)
        maps [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i)>] {
    ^bb1(%e: f32):
      tenon.yield %e : f32
    } : (tensor<2x8x3xf32>) -> tensor<2xf32>
    tenon.yield %new, %sum : tensor<2x8x3xf32>, tensor<2xf32>
  } : (tensor<2x8x3xf32>, tensor<8x2x3xf32>, tensor<8xi32>)
      -> (tensor<2x8x3xf32>, tensor<8x2xf32>)
  return %c, %s : tensor<2x8x3xf32>, tensor<8x2xf32>
}

// The condition compared before it is repeated, and the other way round; a number as the row.
// CHECK-LABEL: @unequal
// CHECK: %[[ROW:.*]] = tenon.broadcast %{{.*}} axes [] : tensor<f32> -> tensor<3xf32>
// CHECK: tenon.kernel map "update" (%{{.*}}, %[[ROW]], %{{.*}}) attributes {update = 0 : i64}
func.func @unequal(%init: tensor<5x3xf32>, %order: tensor<4xi32>, %v: tensor<f32>) -> tensor<5x3xf32> {
  %c = tenon.scan extent <4> init(%init) over(%order) axes [0] stack axes [] {
  ^bb0(%t: tensor<i64>, %old: tensor<5x3xf32>, %at: tensor<i32>):
    %places = tenon.iota axis 0 : tensor<5xi32>
    %here = tenon.broadcast %at axes [] : tensor<i32> -> tensor<5xi32>
    %isnt = tenon.compare ne %here, %places : tensor<5xi32> -> tensor<5xi1>
    %keep = tenon.broadcast %isnt axes [0] : tensor<5xi1> -> tensor<5x3xi1>
    %wide = tenon.broadcast %v axes [] : tensor<f32> -> tensor<5x3xf32>
    %new = tenon.select %keep, %old, %wide : tensor<5x3xi1>, tensor<5x3xf32>
    tenon.yield %new : tensor<5x3xf32>
  } : (tensor<5x3xf32>, tensor<4xi32>) -> tensor<5x3xf32>
  return %c : tensor<5x3xf32>
}

// The old state is read, too: both are needed.
// CHECK-LABEL: @read_again
// CHECK-NOT: update
// CHECK: return
func.func @read_again(%init: tensor<5xf32>, %order: tensor<4xi32>) -> (tensor<5xf32>, tensor<4x5xf32>) {
  %c, %s = tenon.scan extent <4> init(%init) over(%order) axes [0] stack axes [0] {
  ^bb0(%t: tensor<i64>, %old: tensor<5xf32>, %at: tensor<i32>):
    %places = tenon.iota axis 0 : tensor<5xi32>
    %here = tenon.broadcast %at axes [] : tensor<i32> -> tensor<5xi32>
    %is = tenon.compare eq %places, %here : tensor<5xi32> -> tensor<5xi1>
    %one = tenon.constant dense<1.0> : tensor<f32>
    %wide = tenon.broadcast %one axes [] : tensor<f32> -> tensor<5xf32>
    %new = tenon.select %is, %wide, %old : tensor<5xi1>, tensor<5xf32>
    %twice = tenon.add %old, %new : tensor<5xf32>
    tenon.yield %new, %twice : tensor<5xf32>, tensor<5xf32>
  } : (tensor<5xf32>, tensor<4xi32>) -> (tensor<5xf32>, tensor<4x5xf32>)
  return %c, %s : tensor<5xf32>, tensor<4x5xf32>
}

// What is written differs from row to row.
// CHECK-LABEL: @not_a_row
// CHECK-NOT: update
// CHECK: return
func.func @not_a_row(%init: tensor<5xf32>, %order: tensor<4xi32>, %x: tensor<5xf32>) -> tensor<5xf32> {
  %c = tenon.scan extent <4> init(%init) over(%order) axes [0] stack axes [] {
  ^bb0(%t: tensor<i64>, %old: tensor<5xf32>, %at: tensor<i32>):
    %places = tenon.iota axis 0 : tensor<5xi32>
    %here = tenon.broadcast %at axes [] : tensor<i32> -> tensor<5xi32>
    %is = tenon.compare eq %places, %here : tensor<5xi32> -> tensor<5xi1>
    %new = tenon.select %is, %x, %old : tensor<5xi1>, tensor<5xf32>
    tenon.yield %new : tensor<5xf32>
  } : (tensor<5xf32>, tensor<4xi32>) -> tensor<5xf32>
  return %c : tensor<5xf32>
}
