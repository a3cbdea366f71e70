// RUN: tenon-opt --gather-results --simplify %s | FileCheck %s

// The input's gradient of a convolution: y[h] = sum[r] x[h + r] * w[r].
// CHECK-LABEL: @convolution
// CHECK: %[[P:.*]] = tenon.pad %arg0, {{.*}} offsets <2> strides [1] : tensor<6xf32>, tensor<f32> -> tensor<10xf32>
// CHECK: tenon.contract sum over <8, 3> (%[[P]], %arg1) maps [#{{.*}}, #{{.*}}, #{{.*}}]
func.func @convolution(%dy: tensor<6xf32>, %w: tensor<3xf32>) -> tensor<8xf32> {
  %dx = tenon.contract sum over <6, 3> (%dy, %w) maps [affine_map<(h, r) -> (h)>, affine_map<(h, r) -> (r)>, affine_map<(h, r) -> (h + r)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<6xf32>, tensor<3xf32>) -> tensor<8xf32>
  return %dx : tensor<8xf32>
}

// The same with an open length.
// CHECK-LABEL: @open_length
// CHECK: tenon.contract sum over <n + 2, 3>
func.func @open_length(%dy: tensor<?xf32, #tenon.dims<n>>, %w: tensor<3xf32>) -> tensor<?xf32, #tenon.dims<n + 2>> {
  %dx = tenon.contract sum over <n, 3> (%dy, %w) maps [affine_map<(h, r) -> (h)>, affine_map<(h, r) -> (r)>, affine_map<(h, r) -> (h + r)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<?xf32, #tenon.dims<n>>, tensor<3xf32>) -> tensor<?xf32, #tenon.dims<n + 2>>
  return %dx : tensor<?xf32, #tenon.dims<n + 2>>
}

// Stride 2, three taps: even places have two terms, odd ones have one.
// CHECK-LABEL: @strided
// CHECK-DAG: tenon.contract sum over <5, 2>
// CHECK-DAG: tenon.{{contract|mul}}
// CHECK: tenon.pad {{.*}} strides [2]
func.func @strided(%dy: tensor<4xf32>, %w: tensor<3xf32>) -> tensor<9xf32> {
  %dx = tenon.contract sum over <4, 3> (%dy, %w) maps [affine_map<(h, r) -> (h)>, affine_map<(h, r) -> (r)>, affine_map<(h, r) -> (h * 2 + r)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<4xf32>, tensor<3xf32>) -> tensor<9xf32>
  return %dx : tensor<9xf32>
}

// Stride 3, dilation 2, two axes.
// CHECK-LABEL: @strided_dilated
// CHECK-NOT: tenon.compare
func.func @strided_dilated(%dy: tensor<3x4xf32>, %w: tensor<3x2xf32>) -> tensor<11x7xf32> {
  %dx = tenon.contract sum over <3, 4, 3, 2> (%dy, %w) maps [affine_map<(h, v, r, s) -> (h, v)>, affine_map<(h, v, r, s) -> (r, s)>, affine_map<(h, v, r, s) -> (h * 3 + r * 2, v + s * 2 + 1)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<3x4xf32>, tensor<3x2xf32>) -> tensor<11x7xf32>
  return %dx : tensor<11x7xf32>
}

// A strided read's gradient is its values with holes between them.
// CHECK-LABEL: @holes
// CHECK-NEXT: %[[ZERO:.*]] = tenon.constant
// CHECK-NEXT: tenon.pad %arg0, %[[ZERO]] offsets <1> strides [3] : tensor<3xf32>, tensor<f32> -> tensor<9xf32>
func.func @holes(%dy: tensor<3xf32>) -> tensor<9xf32> {
  %dx = tenon.contract sum over <3> (%dy) maps [affine_map<(h) -> (h)>, affine_map<(h) -> (h * 3 + 1)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<3xf32>) -> tensor<9xf32>
  return %dx : tensor<9xf32>
}

// A diagonal, and a place found by division: by comparison.
// CHECK-LABEL: @compared
// CHECK-COUNT-2: tenon.compare eq
func.func @compared(%d: tensor<3xf32>, %g: tensor<7xf32>) -> (tensor<3x3xf32>, tensor<4xf32>) {
  %m = tenon.contract sum over <3> (%d) maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i, i)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<3xf32>) -> tensor<3x3xf32>
  %q = tenon.contract sum over <7> (%g) maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i floordiv 2)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<7xf32>) -> tensor<4xf32>
  return %m, %q : tensor<3x3xf32>, tensor<4xf32>
}

// An operand that is read from its end: zeros around it, too.
// CHECK-LABEL: @mirrored
// CHECK-DAG: tenon.pad %arg0
// CHECK-DAG: tenon.pad %arg1
// CHECK: tenon.contract sum over <n + 2, 3>
func.func @mirrored(%a: tensor<?xf32, #tenon.dims<n>>, %b: tensor<?xf32, #tenon.dims<n>>) -> tensor<?xf32, #tenon.dims<n + 2>> {
  %dx = tenon.contract sum over <n, 3> symbols <n - 1> (%a, %b) maps [affine_map<(h, r)[s] -> (h)>, affine_map<(h, r)[s] -> (s - h)>, affine_map<(h, r)[s] -> (h + r)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<?xf32, #tenon.dims<n>>, tensor<?xf32, #tenon.dims<n>>) -> tensor<?xf32, #tenon.dims<n + 2>>
  return %dx : tensor<?xf32, #tenon.dims<n + 2>>
}

// One read at a place found by division can't be surrounded: by comparison.
// CHECK-LABEL: @divided_read
// CHECK-NOT: tenon.pad
// CHECK: tenon.compare eq
func.func @divided_read(%a: tensor<3x2xf32>, %b: tensor<2xf32>) -> tensor<4xf32> {
  %y = tenon.contract sum over <3, 2> (%a, %b) maps [affine_map<(d, e) -> (d, e)>, affine_map<(d, e) -> ((d + e) floordiv 2)>, affine_map<(d, e) -> (d + e)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// The gradient of pooling with windows side by side: the window and the place in it, by division. What no
// window covers is padded.
// CHECK-LABEL: @windows_side_by_side
// CHECK: %[[C:.*]] = tenon.contract sum over <6, 8>
// CHECK-NOT: tenon.compare eq %{{.*}} : i64
// CHECK: tenon.pad %[[C]], {{.*}} offsets <0, 0> strides [1, 1] : tensor<6x8xf32>, tensor<f32> -> tensor<7x8xf32>
func.func @windows_side_by_side(%dy: tensor<3x4xf32>, %at: tensor<3x4xi32>) -> tensor<7x8xf32> {
  %n = tenon.iota axis 0 : tensor<2xi32>
  %dx = tenon.contract sum over <3, 4, 2, 2> (%dy, %at, %n, %n) maps [affine_map<(i, j, r, s) -> (i, j)>, affine_map<(i, j, r, s) -> (i, j)>, affine_map<(i, j, r, s) -> (r)>, affine_map<(i, j, r, s) -> (s)>, affine_map<(i, j, r, s) -> (i * 2 + r, j * 2 + s)>] {
  ^bb0(%e: f32, %a: i32, %r: i32, %s: i32):
    %zero = tenon.constant 0.0 : f32
    %two = tenon.constant 2 : i32
    %row = tenon.mul %r, %two : i32
    %place = tenon.add %row, %s : i32
    %here = tenon.compare eq %place, %a : i32 -> i1
    %p = tenon.select %here, %e, %zero : i1, f32
    tenon.yield %p : f32
  } : (tensor<3x4xf32>, tensor<3x4xi32>, tensor<2xi32>, tensor<2xi32>) -> tensor<7x8xf32>
  return %dx : tensor<7x8xf32>
}

// Windows of 3 that move by 2: even places have two windows, odd ones have one. The body leaves out
// windows before the first and behind the last, whatever it makes of the zeros there.
// CHECK-LABEL: @overlapping_windows
// CHECK-DAG: tenon.contract sum over <5, 2>
// CHECK: tenon.pad {{.*}} strides [2]
// CHECK-NOT: sum over <4, 3, 9>
func.func @overlapping_windows(%dy: tensor<4xf32>) -> tensor<9xf32> {
  %dx = tenon.contract sum over <4, 3> (%dy) maps [affine_map<(i, r) -> (i)>, affine_map<(i, r) -> (i * 2 + r)>] {
  ^bb0(%e: f32):
    %c = tenon.cos %e : f32
    tenon.yield %c : f32
  } : (tensor<4xf32>) -> tensor<9xf32>
  return %dx : tensor<9xf32>
}
