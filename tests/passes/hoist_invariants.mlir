// RUN: tenon-opt --hoist-invariants --simplify %s | FileCheck %s

// The product of every slice with w leaves the scan with the maps before it; that of the state stays.
// CHECK-LABEL: @input_product
// CHECK: tenon.exp {{.*}} : tensor<?x3x4xf32, #tenon.dims<time, 3, 4>>
// CHECK: %[[Z:.*]] = tenon.contract sum over <time, 3, 8, 4>
// CHECK: tenon.scan extent <time> init(%arg0) over(%[[Z]]) axes [0]
// CHECK-COUNT-1: tenon.contract sum over <3, 8, 8>
// CHECK-NOT: tenon.contract
func.func @input_product(%h0: tensor<3x8xf32>, %x: tensor<3x?x4xf32, #tenon.dims<3, time, 4>>, %w: tensor<4x8xf32>, %u: tensor<8x8xf32>) -> tensor<3x8xf32> {
  %h = tenon.scan extent <time> init(%h0) over(%x) axes [1] {
  ^bb0(%t: tensor<i64>, %a: tensor<3x8xf32>, %x_t: tensor<3x4xf32>):
    %e = tenon.exp %x_t : tensor<3x4xf32>
    %z = tenon.contract sum over <3, 8, 4> (%e, %w) maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {
    ^bb1(%p: f32, %q: f32):
      %r = tenon.mul %p, %q : f32
      tenon.yield %r : f32
    } : (tensor<3x4xf32>, tensor<4x8xf32>) -> tensor<3x8xf32>
    %v = tenon.contract sum over <3, 8, 8> (%a, %u) maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {
    ^bb1(%p: f32, %q: f32):
      %r = tenon.mul %p, %q : f32
      tenon.yield %r : f32
    } : (tensor<3x8xf32>, tensor<8x8xf32>) -> tensor<3x8xf32>
    %s = tenon.add %z, %v : tensor<3x8xf32>
    %y = tenon.tanh %s : tensor<3x8xf32>
    tenon.yield %y : tensor<3x8xf32>
  } : (tensor<3x8xf32>, tensor<3x?x4xf32, #tenon.dims<3, time, 4>>) -> tensor<3x8xf32>
  return %h : tensor<3x8xf32>
}

// In a reverse scan the first iteration is that of the last slice.
// CHECK-LABEL: @iteration_number
// CHECK: tenon.iota axis 0 : tensor<5xi64>
// CHECK: tenon.contract sum over <5, 3, 8, 4>
// CHECK: tenon.scan extent <5> reverse
func.func @iteration_number(%h0: tensor<3x8xf32>, %x: tensor<5x3x4xf32>, %w: tensor<4x8xf32>) -> tensor<3x8xf32> {
  %h = tenon.scan extent <5> reverse init(%h0) over(%x) axes [0] {
  ^bb0(%t: tensor<i64>, %a: tensor<3x8xf32>, %x_t: tensor<3x4xf32>):
    %n = tenon.convert %t : tensor<i64> -> tensor<f32>
    %b = tenon.broadcast %n axes [] : tensor<f32> -> tensor<3x4xf32>
    %e = tenon.mul %x_t, %b : tensor<3x4xf32>
    %z = tenon.contract sum over <3, 8, 4> (%e, %w) maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {
    ^bb1(%p: f32, %q: f32):
      %r = tenon.mul %p, %q : f32
      tenon.yield %r : f32
    } : (tensor<3x4xf32>, tensor<4x8xf32>) -> tensor<3x8xf32>
    %m = tenon.mul %a, %a : tensor<3x8xf32>
    %y = tenon.sub %z, %m : tensor<3x8xf32>
    tenon.yield %y : tensor<3x8xf32>
  } : (tensor<3x8xf32>, tensor<5x3x4xf32>) -> tensor<3x8xf32>
  return %h : tensor<3x8xf32>
}
