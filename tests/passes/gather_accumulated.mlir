// RUN: tenon-opt --gather-accumulated --simplify --cse %s | FileCheck %s

#lhs = affine_map<(b, i, u) -> (b, i)>
#rhs = affine_map<(b, i, u) -> (b, u)>
#out = affine_map<(b, i, u) -> (i, u)>

// A weight's gradient: one contraction over all steps. The state, which the scan computes, is
// stacked; x is there already. The sum of what is stacked anyway goes along.
// CHECK-LABEL: @weight_gradient
// CHECK: %[[S:.*]]:2 = tenon.scan extent <5> init(%arg0) stack axes [0]
// CHECK-NOT: tenon.contract
// CHECK: tenon.yield
// CHECK: %[[W:.*]] = tenon.contract sum over <5, 3, 4, 8> (%arg1, %[[S]]#1)
// CHECK: tenon.add %arg2, %[[W]]
// CHECK: tenon.contract sum over <5, 3, 8> (%[[S]]#1)
func.func @weight_gradient(%h0: tensor<3x8xf32>, %x: tensor<3x5x4xf32>, %dw0: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<3x8xf32>) {
  %zero = tenon.constant dense<0.0> : tensor<3x8xf32>
  %h, %dw, %db = tenon.scan extent <5> init(%h0, %dw0, %zero) over(%x) axes [1] {
  ^bb0(%t: tensor<i64>, %a: tensor<3x8xf32>, %acc: tensor<4x8xf32>, %sum: tensor<3x8xf32>, %x_t: tensor<3x4xf32>):
    %g = tenon.tanh %a : tensor<3x8xf32>
    %c = tenon.contract sum over <3, 4, 8> (%x_t, %g) maps [#lhs, #rhs, #out] {
    ^bb1(%p: f32, %q: f32):
      %r = tenon.mul %p, %q : f32
      tenon.yield %r : f32
    } : (tensor<3x4xf32>, tensor<3x8xf32>) -> tensor<4x8xf32>
    %acc1 = tenon.add %acc, %c : tensor<4x8xf32>
    %sum1 = tenon.add %g, %sum : tensor<3x8xf32>
    tenon.yield %g, %acc1, %sum1 : tensor<3x8xf32>, tensor<4x8xf32>, tensor<3x8xf32>
  } : (tensor<3x8xf32>, tensor<4x8xf32>, tensor<3x8xf32>, tensor<3x5x4xf32>) -> (tensor<3x8xf32>, tensor<4x8xf32>, tensor<3x8xf32>)
  return %dw, %db : tensor<4x8xf32>, tensor<3x8xf32>
}

// The same without a batch: an outer product for each step, with its sign.
// CHECK-LABEL: @outer_products
// CHECK: %[[S:.*]]:2 = tenon.scan extent <5> init(%arg0) stack axes [0]
// CHECK-NOT: tenon.broadcast
// CHECK: tenon.yield
// CHECK: %[[W:.*]] = tenon.contract sum over <5, 4, 8> (%arg1, %[[S]]#1)
// CHECK: %[[N:.*]] = tenon.neg %[[W]]
// CHECK: return %[[N]]
func.func @outer_products(%h0: tensor<8xf32>, %x: tensor<5x4xf32>) -> tensor<4x8xf32> {
  %zero = tenon.constant dense<0.0> : tensor<4x8xf32>
  %h, %dw = tenon.scan extent <5> init(%h0, %zero) over(%x) axes [0] {
  ^bb0(%t: tensor<i64>, %a: tensor<8xf32>, %acc: tensor<4x8xf32>, %x_t: tensor<4xf32>):
    %g = tenon.tanh %a : tensor<8xf32>
    %left = tenon.broadcast %x_t axes [0] : tensor<4xf32> -> tensor<4x8xf32>
    %right = tenon.broadcast %g axes [1] : tensor<8xf32> -> tensor<4x8xf32>
    %p = tenon.mul %left, %right : tensor<4x8xf32>
    %n = tenon.neg %p : tensor<4x8xf32>
    %acc1 = tenon.add %acc, %n : tensor<4x8xf32>
    tenon.yield %g, %acc1 : tensor<8xf32>, tensor<4x8xf32>
  } : (tensor<8xf32>, tensor<4x8xf32>, tensor<5x4xf32>) -> (tensor<8xf32>, tensor<4x8xf32>)
  return %dw : tensor<4x8xf32>
}

// A factor with all axes would be stacked at the cost of the sum.
// CHECK-LABEL: @scaled_rows
// CHECK: tenon.scan extent <5> init(%arg0, %{{.*}}) {
func.func @scaled_rows(%h0: tensor<3x8xf32>, %scale: tensor<3xf32>) -> (tensor<3x8xf32>, tensor<3x8xf32>) {
  %zero = tenon.constant dense<0.0> : tensor<3x8xf32>
  %h, %s = tenon.scan extent <5> init(%h0, %zero) {
  ^bb0(%t: tensor<i64>, %a: tensor<3x8xf32>, %sum: tensor<3x8xf32>):
    %g = tenon.tanh %a : tensor<3x8xf32>
    %rows = tenon.broadcast %scale axes [0] : tensor<3xf32> -> tensor<3x8xf32>
    %p = tenon.mul %g, %rows : tensor<3x8xf32>
    %sum1 = tenon.add %sum, %p : tensor<3x8xf32>
    tenon.yield %g, %sum1 : tensor<3x8xf32>, tensor<3x8xf32>
  } : (tensor<3x8xf32>, tensor<3x8xf32>) -> (tensor<3x8xf32>, tensor<3x8xf32>)
  return %h, %s : tensor<3x8xf32>, tensor<3x8xf32>
}

// Stacking it would cost more than adding it up.
// CHECK-LABEL: @light_sum
// CHECK: tenon.scan extent <5> init(%arg0, %{{.*}}) {
func.func @light_sum(%h0: tensor<3x8xf32>) -> (tensor<3x8xf32>, tensor<3x8xf32>) {
  %zero = tenon.constant dense<0.0> : tensor<3x8xf32>
  %h, %s = tenon.scan extent <5> init(%h0, %zero) {
  ^bb0(%t: tensor<i64>, %a: tensor<3x8xf32>, %sum: tensor<3x8xf32>):
    %g = tenon.tanh %a : tensor<3x8xf32>
    %sum1 = tenon.add %g, %sum : tensor<3x8xf32>
    tenon.yield %g, %sum1 : tensor<3x8xf32>, tensor<3x8xf32>
  } : (tensor<3x8xf32>, tensor<3x8xf32>) -> (tensor<3x8xf32>, tensor<3x8xf32>)
  return %h, %s : tensor<3x8xf32>, tensor<3x8xf32>
}

// The accumulator is looked at in between.
// CHECK-LABEL: @seen
// CHECK: tenon.scan
// CHECK: tenon.contract sum over <3, 4, 8>
// CHECK: tenon.yield
// CHECK: tenon.yield
// CHECK-NOT: tenon.contract
func.func @seen(%x: tensor<5x3x4xf32>, %y: tensor<5x3x8xf32>) -> tensor<4x8xf32> {
  %zero = tenon.constant dense<0.0> : tensor<4x8xf32>
  %dw = tenon.scan extent <5> init(%zero) over(%x, %y) axes [0, 0] {
  ^bb0(%t: tensor<i64>, %acc: tensor<4x8xf32>, %x_t: tensor<3x4xf32>, %y_t: tensor<3x8xf32>):
    %c = tenon.contract sum over <3, 4, 8> (%x_t, %y_t) maps [#lhs, #rhs, #out] {
    ^bb1(%p: f32, %q: f32):
      %r = tenon.mul %p, %q : f32
      tenon.yield %r : f32
    } : (tensor<3x4xf32>, tensor<3x8xf32>) -> tensor<4x8xf32>
    %d = tenon.mul %c, %acc : tensor<4x8xf32>
    %acc1 = tenon.add %acc, %d : tensor<4x8xf32>
    tenon.yield %acc1 : tensor<4x8xf32>
  } : (tensor<4x8xf32>, tensor<5x3x4xf32>, tensor<5x3x8xf32>) -> tensor<4x8xf32>
  return %dw : tensor<4x8xf32>
}

// An embedding's gradient inside a loop.
// CHECK-LABEL: @table
// CHECK: %[[S:.*]]:2 = tenon.scan
// CHECK: tenon.scatter_add %[[S]]#1 at
// CHECK-SAME: tensor<5x3x8xf32>, tensor<5x3xi32> -> tensor<9x8xf32>
func.func @table(%h0: tensor<3x8xf32>, %ids: tensor<3x5xi32>) -> (tensor<9x8xf32>, tensor<3x8xf32>) {
  %zero = tenon.constant dense<0.0> : tensor<9x8xf32>
  %h, %d = tenon.scan extent <5> init(%h0, %zero) over(%ids) axes [1] {
  ^bb0(%t: tensor<i64>, %a: tensor<3x8xf32>, %acc: tensor<9x8xf32>, %id: tensor<3xi32>):
    %g = tenon.tanh %a : tensor<3x8xf32>
    %s = tenon.scatter_add %g at %id : tensor<3x8xf32>, tensor<3xi32> -> tensor<9x8xf32>
    %acc1 = tenon.add %acc, %s : tensor<9x8xf32>
    tenon.yield %g, %acc1 : tensor<3x8xf32>, tensor<9x8xf32>
  } : (tensor<3x8xf32>, tensor<9x8xf32>, tensor<3x5xi32>) -> (tensor<3x8xf32>, tensor<9x8xf32>)
  return %d, %h : tensor<9x8xf32>, tensor<3x8xf32>
}

// An input's gradient is stacked and nothing else: it is computed from the stacked state.
// CHECK-LABEL: @handed_out
// CHECK: %[[S:.*]]:2 = tenon.scan
// CHECK-NOT: tenon.contract
// CHECK: tenon.yield
// CHECK: tenon.contract sum over <5, 3, 4, 8> (%[[S]]#1, %arg1)
func.func @handed_out(%h0: tensor<3x8xf32>, %w: tensor<4x8xf32>) -> (tensor<3x8xf32>, tensor<3x5x4xf32>) {
  %h, %dx = tenon.scan extent <5> reverse init(%h0) stack axes [1] {
  ^bb0(%t: tensor<i64>, %a: tensor<3x8xf32>):
    %g = tenon.tanh %a : tensor<3x8xf32>
    %c = tenon.contract sum over <3, 4, 8> (%g, %w) maps [affine_map<(b, i, u) -> (b, u)>, affine_map<(b, i, u) -> (i, u)>, affine_map<(b, i, u) -> (b, i)>] {
    ^bb1(%p: f32, %q: f32):
      %r = tenon.mul %p, %q : f32
      tenon.yield %r : f32
    } : (tensor<3x8xf32>, tensor<4x8xf32>) -> tensor<3x4xf32>
    tenon.yield %g, %c : tensor<3x8xf32>, tensor<3x4xf32>
  } : (tensor<3x8xf32>) -> (tensor<3x8xf32>, tensor<3x5x4xf32>)
  return %h, %dx : tensor<3x8xf32>, tensor<3x5x4xf32>
}

// Each iteration changes one row of the table: to have the sum afterwards, all tables would be kept.
// CHECK-LABEL: @growing_table
// CHECK: tenon.scan
// CHECK: tenon.contract sum
// CHECK: tenon.yield %{{.*}}, %{{.*}} : tensor<6x3xf32>, tensor<6xf32>
// CHECK: return
func.func @growing_table(%init: tensor<6x3xf32>, %rows: tensor<6x3xf32>) -> (tensor<6x3xf32>, tensor<6x6xf32>) {
  %numbers = tenon.iota axis 0 : tensor<6xi32>
  %c, %s = tenon.scan extent <6> init(%init) over(%rows, %numbers) axes [0, 0] stack axes [0] {
  ^bb0(%t: tensor<i64>, %old: tensor<6x3xf32>, %row: tensor<3xf32>, %at: tensor<i32>):
    %places = tenon.iota axis 0 : tensor<6x3xi32>
    %here = tenon.broadcast %at axes [] : tensor<i32> -> tensor<6x3xi32>
    %is = tenon.compare eq %places, %here : tensor<6x3xi32> -> tensor<6x3xi1>
    %wide = tenon.broadcast %row axes [1] : tensor<3xf32> -> tensor<6x3xf32>
    %new = tenon.select %is, %wide, %old : tensor<6x3xi1>, tensor<6x3xf32>
    %sum = tenon.contract sum over <6, 3> (%new, %row)
        maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>] {
    ^bb1(%x: f32, %y: f32):
      %p = tenon.mul %x, %y : f32
      tenon.yield %p : f32
    } : (tensor<6x3xf32>, tensor<3xf32>) -> tensor<6xf32>
    tenon.yield %new, %sum : tensor<6x3xf32>, tensor<6xf32>
  } : (tensor<6x3xf32>, tensor<6x3xf32>, tensor<6xi32>) -> (tensor<6x3xf32>, tensor<6x6xf32>)
  return %c, %s : tensor<6x3xf32>, tensor<6x6xf32>
}
