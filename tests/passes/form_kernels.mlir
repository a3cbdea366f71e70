// RUN: tenon-opt --form-kernels %s | FileCheck %s

// CHECK-LABEL: @chain
// CHECK-COUNT-1: tenon.kernel map
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @chain(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
  %a = tenon.exp %x : tensor<8xf32>
  %b = tenon.add %a, %y : tensor<8xf32>
  %c = tenon.tanh %b : tensor<8xf32>
  return %c : tensor<8xf32>
}

// Two results of one shape from one operand.
// CHECK-LABEL: @siblings
// CHECK-COUNT-1: tenon.kernel map
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @siblings(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %a = tenon.exp %x : tensor<8xf32>
  %b = tenon.sin %x : tensor<8xf32>
  return %a, %b : tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: @strangers
// CHECK-COUNT-2: tenon.kernel map
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @strangers(%x: tensor<8xf32>, %y: tensor<8xf32>, %z: tensor<9xf32>) -> (tensor<8xf32>, tensor<9xf32>) {
  %a = tenon.exp %x : tensor<8xf32>
  %b = tenon.sin %z : tensor<9xf32>
  return %a, %b : tensor<8xf32>, tensor<9xf32>
}

// What computes the product's operands and what follows it.
// CHECK-LABEL: @dense
// CHECK-COUNT-1: tenon.kernel contraction
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @dense(%table: tensor<20x8xf32>, %ids: tensor<6xi32>, %w: tensor<8x16xf32>, %b: tensor<16xf32>) -> tensor<6x16xf32> {
  %x = tenon.gather %table[%ids] : tensor<20x8xf32>, tensor<6xi32> -> tensor<6x8xf32>
  %z = tenon.contract sum over <6, 16, 8> (%x, %w) maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<6x8xf32>, tensor<8x16xf32>) -> tensor<6x16xf32>
  %bb = tenon.broadcast %b axes [1] : tensor<16xf32> -> tensor<6x16xf32>
  %s = tenon.add %z, %bb : tensor<6x16xf32>
  %r = tenon.tanh %s : tensor<6x16xf32>
  return %r : tensor<6x16xf32>
}

// The map reads other elements of the product than it writes.
// CHECK-LABEL: @transposed_reader
// CHECK: tenon.kernel contraction
// CHECK: tenon.kernel map
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @transposed_reader(%x: tensor<16x8xf32>, %w: tensor<8x16xf32>) -> tensor<16x16xf32> {
  %z = tenon.contract sum over <16, 16, 8> (%x, %w) maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<16x8xf32>, tensor<8x16xf32>) -> tensor<16x16xf32>
  %t = tenon.transpose %z [1, 0] : tensor<16x16xf32> -> tensor<16x16xf32>
  %s = tenon.add %z, %t : tensor<16x16xf32>
  return %s : tensor<16x16xf32>
}

// The last map needs the sum of all rows, so it can't join the kernel that makes the exponentials.
// CHECK-LABEL: @softmax
// CHECK: tenon.kernel reduction
// CHECK: tenon.kernel map "exp_sub"
// CHECK: tenon.kernel reduction
// CHECK: tenon.kernel map "div"
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @softmax(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %m = tenon.contract max over <4, 8> (%x) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<4x8xf32>) -> tensor<4xf32>
  %mb = tenon.broadcast %m axes [0] : tensor<4xf32> -> tensor<4x8xf32>
  %d = tenon.sub %x, %mb : tensor<4x8xf32>
  %e = tenon.exp %d : tensor<4x8xf32>
  %s = tenon.contract sum over <4, 8> (%e) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>] {
  ^bb0(%f: f32):
    tenon.yield %f : f32
  } : (tensor<4x8xf32>) -> tensor<4xf32>
  %sb = tenon.broadcast %s axes [0] : tensor<4xf32> -> tensor<4x8xf32>
  %p = tenon.div %e, %sb : tensor<4x8xf32>
  return %p : tensor<4x8xf32>
}

// Eight exponentials, not thirty-two: a value that a broadcast repeats is stored if it is dear ...
// CHECK-LABEL: @dear_repeated
// CHECK-COUNT-2: tenon.kernel map
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @dear_repeated(%x: tensor<8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %a = tenon.exp %x : tensor<8xf32>
  %b = tenon.broadcast %a axes [1] : tensor<8xf32> -> tensor<4x8xf32>
  %c = tenon.mul %b, %y : tensor<4x8xf32>
  return %c : tensor<4x8xf32>
}

// ... and computed again if it is cheap.
// CHECK-LABEL: @cheap_repeated
// CHECK-COUNT-1: tenon.kernel map
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @cheap_repeated(%x: tensor<8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %a = tenon.neg %x : tensor<8xf32>
  %b = tenon.broadcast %a axes [1] : tensor<8xf32> -> tensor<4x8xf32>
  %c = tenon.mul %b, %y : tensor<4x8xf32>
  return %c : tensor<4x8xf32>
}

// A check is made where its condition is computed; an aliasing reshape is no kernel.
// CHECK-LABEL: @check_and_reshape
// CHECK-COUNT-1: tenon.kernel map
// CHECK: tenon.check
// CHECK-NOT: tenon.kernel
// CHECK: tenon.reshape
// CHECK: return
func.func @check_and_reshape(%x: tensor<8xf32>) -> tensor<2x4xf32> {
  %a = tenon.exp %x : tensor<8xf32>
  %f = tenon.is_finite %a : tensor<8xf32> -> tensor<8xi1>
  tenon.check %f, "overflow" : tensor<8xi1>
  %r = tenon.reshape %a : tensor<8xf32> -> tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}

// Neither the repeated mask nor the product is stored for its two readers, only the draw.
// CHECK-LABEL: @masked_twice
// CHECK: tenon.kernel map "draw" {{.*}}
// CHECK: } : {{.*}} -> tensor<4x8xf32>
// CHECK-COUNT-2: tenon.kernel contraction
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @masked_twice(%x: tensor<5x4x8xf32>, %p: tensor<f32>, %s: tensor<i64>, %n: tensor<i64>, %w: tensor<8x8xf32>, %v: tensor<8x16xf32>) -> (tensor<5x4x8xf32>, tensor<5x4x16xf32>) {
  %m = tenon.draw bernoulli(%p : tensor<f32>) seed %s step %n stream 1 : tensor<4x8xf32>
  %b = tenon.broadcast %m axes [1, 2] : tensor<4x8xf32> -> tensor<5x4x8xf32>
  %y = tenon.mul %x, %b : tensor<5x4x8xf32>
  %z = tenon.contract sum over <5, 4, 8, 8> (%y, %w) maps [affine_map<(t, m, n, k) -> (t, m, k)>, affine_map<(t, m, n, k) -> (k, n)>, affine_map<(t, m, n, k) -> (t, m, n)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<5x4x8xf32>, tensor<8x8xf32>) -> tensor<5x4x8xf32>
  %u = tenon.contract sum over <5, 4, 16, 8> (%y, %v) maps [affine_map<(t, m, n, k) -> (t, m, k)>, affine_map<(t, m, n, k) -> (k, n)>, affine_map<(t, m, n, k) -> (t, m, n)>] {
  ^bb0(%e: f32, %f: f32):
    %q = tenon.mul %e, %f : f32
    tenon.yield %q : f32
  } : (tensor<5x4x8xf32>, tensor<8x16xf32>) -> tensor<5x4x16xf32>
  return %z, %u : tensor<5x4x8xf32>, tensor<5x4x16xf32>
}

// The first state of a scan is memory, also where the scan stands in a branch and the constant
// before it.
// CHECK-LABEL: @constant_state_in_a_branch
// CHECK: %[[ONE:.*]] = tenon.kernel map "constant"
// CHECK: tenon.if
// CHECK: tenon.scan {{.*}} init(%[[ONE]])
func.func @constant_state_in_a_branch(%c: tensor<i1>, %x: tensor<8xf32>) -> tensor<f32> {
  %one = tenon.constant dense<1.0> : tensor<f32>
  %r = tenon.if %c -> tensor<f32> {
    %p = tenon.scan extent <8> init(%one) over(%x) axes [0] stack axes [] {
    ^bb0(%t: tensor<i64>, %q: tensor<f32>, %e: tensor<f32>):
      %m = tenon.mul %q, %e : tensor<f32>
      tenon.yield %m : tensor<f32>
    } : (tensor<f32>, tensor<8xf32>) -> (tensor<f32>)
    tenon.yield %p : tensor<f32>
  } else {
    tenon.yield %one : tensor<f32>
  }
  return %r : tensor<f32>
}

// Updates of the same rows are looked for once; other indices, and tables of other rows, are other
// kernels, and so is a table whose updates are made of another's sums.
// CHECK-LABEL: @scatters_at_the_same_indices
// CHECK: tenon.kernel scatter "scatter_add{{.*}}
// CHECK: } : {{.*}} -> (tensor<7x3xf32>, tensor<7xf32>)
// CHECK-COUNT-3: tenon.kernel scatter
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @scatters_at_the_same_indices(%a: tensor<9x3xf32>, %b: tensor<9xf32>, %i: tensor<9xi32>, %j: tensor<9xi32>) -> (tensor<7x3xf32>, tensor<7xf32>, tensor<7xf32>, tensor<8xf32>, tensor<7xf32>) {
  %p = tenon.scatter_add %a at %i : tensor<9x3xf32>, tensor<9xi32> -> tensor<7x3xf32>
  %q = tenon.scatter_add %b at %i : tensor<9xf32>, tensor<9xi32> -> tensor<7xf32>
  %r = tenon.scatter_add %b at %j : tensor<9xf32>, tensor<9xi32> -> tensor<7xf32>
  %s = tenon.scatter_add %b at %i : tensor<9xf32>, tensor<9xi32> -> tensor<8xf32>
  %g = tenon.gather %q[%j] : tensor<7xf32>, tensor<9xi32> -> tensor<9xf32>
  %t = tenon.scatter_add %g at %i : tensor<9xf32>, tensor<9xi32> -> tensor<7xf32>
  return %p, %q, %r, %s, %t : tensor<7x3xf32>, tensor<7xf32>, tensor<7xf32>, tensor<8xf32>, tensor<7xf32>
}

// What a convolution's windows read again and again is computed once, into memory; what a dense layer
// reads is computed where it is packed.
// CHECK-LABEL: @windows
// CHECK: tenon.kernel map "pad"
// CHECK: tenon.kernel contraction "contract"
// CHECK-NOT: tenon.pad
func.func @windows(%x: tensor<2x8x9x16xf32>, %k: tensor<3x3x16x32xf32>) -> tensor<2x8x9x32xf32> {
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %p = tenon.pad %x, %zero offsets <0, 1, 1, 0> strides [1, 1, 1, 1] : tensor<2x8x9x16xf32>, tensor<f32> -> tensor<2x10x11x16xf32>
  %y = tenon.contract sum over <2, 8, 9, 32, 3, 3, 16> (%p, %k) maps [affine_map<(b, h, w, o, r, s, c) -> (b, h + r, w + s, c)>, affine_map<(b, h, w, o, r, s, c) -> (r, s, c, o)>, affine_map<(b, h, w, o, r, s, c) -> (b, h, w, o)>] {
  ^bb0(%a: f32, %b: f32):
    %m = tenon.mul %a, %b : f32
    tenon.yield %m : f32
  } : (tensor<2x10x11x16xf32>, tensor<3x3x16x32xf32>) -> tensor<2x8x9x32xf32>
  return %y : tensor<2x8x9x32xf32>
}

// Two kernels that read a large tensor's normalised elements compute them from it: storing them would
// take longer. Of a small one they are stored.
// CHECK-LABEL: @large_is_computed_again
// CHECK: tenon.kernel reduction
// CHECK: tenon.div
// CHECK: tenon.kernel map
// CHECK: tenon.div
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @large_is_computed_again(%x: tensor<64x512xf32>, %m: tensor<512xf32>, %s: tensor<512xf32>) -> (tensor<512xf32>, tensor<64x512xf32>) {
  %mb = tenon.broadcast %m axes [1] : tensor<512xf32> -> tensor<64x512xf32>
  %sb = tenon.broadcast %s axes [1] : tensor<512xf32> -> tensor<64x512xf32>
  %d = tenon.sub %x, %mb : tensor<64x512xf32>
  %n = tenon.div %d, %sb : tensor<64x512xf32>
  %t = tenon.contract sum over <512, 64> (%n) maps [affine_map<(j, i) -> (i, j)>, affine_map<(j, i) -> (j)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<64x512xf32>) -> tensor<512xf32>
  %tb = tenon.broadcast %t axes [1] : tensor<512xf32> -> tensor<64x512xf32>
  %r = tenon.mul %n, %tb : tensor<64x512xf32>
  return %t, %r : tensor<512xf32>, tensor<64x512xf32>
}

// CHECK-LABEL: @small_is_stored
// CHECK: tenon.kernel map
// CHECK: tenon.div
// CHECK: tenon.kernel reduction
// CHECK-NOT: tenon.div
// CHECK: return
func.func @small_is_stored(%x: tensor<6x512xf32>, %m: tensor<512xf32>, %s: tensor<512xf32>) -> (tensor<512xf32>, tensor<6x512xf32>) {
  %mb = tenon.broadcast %m axes [1] : tensor<512xf32> -> tensor<6x512xf32>
  %sb = tenon.broadcast %s axes [1] : tensor<512xf32> -> tensor<6x512xf32>
  %d = tenon.sub %x, %mb : tensor<6x512xf32>
  %n = tenon.div %d, %sb : tensor<6x512xf32>
  %t = tenon.contract sum over <512, 6> (%n) maps [affine_map<(j, i) -> (i, j)>, affine_map<(j, i) -> (j)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<6x512xf32>) -> tensor<512xf32>
  %tb = tenon.broadcast %t axes [1] : tensor<512xf32> -> tensor<6x512xf32>
  %r = tenon.mul %n, %tb : tensor<6x512xf32>
  return %t, %r : tensor<512xf32>, tensor<6x512xf32>
}
