// RUN: tenon-opt --tenon-graph %s | FileCheck %s
// RUN: tenon-opt --tenon-graph --tenon-kernels %s | FileCheck %s --check-prefix=KERNELS
// RUN: tenon-opt --tenon-graph --tenon-kernels --print-plans -o /dev/null %s | FileCheck %s --check-prefix=PLANS

// The gradients of an LSTM over a few steps, with a dropout mask for each gate on what it reads. One
// contraction stays in each scan; the input's, its gradient and those of both weights are outside.

!masks = tensor<?x4x16xf32, #tenon.dims<batch, 4, 16>>
!gates = tensor<?x4x16xf32, #tenon.dims<batch, 4, 16>>
!gate = tensor<?x1x16xf32, #tenon.dims<batch, 1, 16>>
!state = tensor<?x16xf32, #tenon.dims<batch, 16>>
!series = tensor<?x5x16xf32, #tenon.dims<batch, 5, 16>>
!weights = tensor<16x4x16xf32>
!bias = tensor<4x16xf32>
#state = affine_map<(b, g, u, i) -> (b, i)>
#mask = affine_map<(b, g, u, i) -> (b, g, i)>
#weights = affine_map<(b, g, u, i) -> (i, g, u)>
#gates = affine_map<(b, g, u, i) -> (b, g, u)>

// CHECK-LABEL: @with_dropout
// CHECK: tenon.contract sum over <5, batch, 4, 16, 16>
// CHECK: tenon.scan extent <5> init
// CHECK-NOT: tenon.contract
// CHECK: tenon.contract sum over <batch, 4, 16, 16>
// CHECK-NOT: tenon.contract
// CHECK: tenon.contract sum over <batch, 5, 16>
// CHECK: tenon.scan extent <5> reverse
// CHECK-NOT: tenon.contract
// CHECK: tenon.contract sum over <batch, 4, 16, 16>
// CHECK: tenon.contract sum over <batch, 4, 16>
// CHECK-NOT: tenon.contract sum over <batch
// CHECK-COUNT-1: tenon.contract sum over <5, batch, 4, 16, 16>
// CHECK: tenon.contract sum over <5, batch, 4, 16>
// CHECK-COUNT-2: tenon.contract sum over <5, batch, 4, 16, 16>
// CHECK: tenon.contract sum over <5, batch, 4, 16>
// CHECK-NOT: tenon.contract

// KERNELS-LABEL: @with_dropout
// KERNELS: tenon.scan extent <5> init
// KERNELS-NEXT: ^bb0
// KERNELS-NEXT: tenon.kernel contraction
// KERNELS: tenon.kernel map
// KERNELS-NOT: tenon.kernel {{map|contraction|reduction}}
// KERNELS: tenon.kernel pack
// KERNELS: tenon.scan extent <5> reverse
// KERNELS-NEXT: ^bb0
// KERNELS-NEXT: tenon.kernel map
// KERNELS: tenon.kernel map
// KERNELS: tenon.kernel contraction
// KERNELS: tenon.kernel reduction
// KERNELS: tenon.yield

// The two scans run without a barrier. The state has two buffers in each of them, in turn.
// PLANS-LABEL: @with_dropout
// PLANS: arena: {{.*}}*batch + 4096 bytes in {{.*}} for a largest live set of
// PLANS: scan of 5: threads share batch rows
// PLANS: scan of 5, reverse: threads share batch rows
func.func @with_dropout(%x: !series, %keep_x: !masks, %keep_h: !masks, %kernel: !weights,
                        %recurrent: !weights, %bias: !bias)
    -> (tensor<f32>, !series, !weights, !weights, !bias) attributes {tenon.symbols = ["batch"]} {
  %one = tenon.constant dense<1.0> : tensor<f32>
  %loss, %dx, %dw, %du, %db = tenon.vjp (%x, %kernel, %recurrent, %bias) cotangents (%one) {
  ^bb0(%xv: !series, %w: !weights, %r: !weights, %b: !bias):
    %zero = tenon.constant dense<0.0> : tensor<f32>
    %h0 = tenon.broadcast %zero axes [] : tensor<f32> -> !state
    %hn, %cn, %hs = tenon.scan extent <5> init(%h0, %h0) over(%xv) axes [1] stack axes [1] {
    ^bb1(%t: tensor<i64>, %h: !state, %c: !state, %x_t: !state):
      %zx = tenon.contract sum over <batch, 4, 16, 16> (%x_t, %keep_x, %w) maps [#state, #mask, #weights, #gates] {
      ^bb2(%e0: f32, %e1: f32, %e2: f32):
        %p = tenon.mul %e0, %e1 : f32
        %q = tenon.mul %p, %e2 : f32
        tenon.yield %q : f32
      } : (!state, !masks, !weights) -> !gates
      %zh = tenon.contract sum over <batch, 4, 16, 16> (%h, %keep_h, %r) maps [#state, #mask, #weights, #gates] {
      ^bb2(%e0: f32, %e1: f32, %e2: f32):
        %p = tenon.mul %e0, %e1 : f32
        %q = tenon.mul %p, %e2 : f32
        tenon.yield %q : f32
      } : (!state, !masks, !weights) -> !gates
      %bb = tenon.broadcast %b axes [1, 2] : !bias -> !gates
      %z1 = tenon.add %bb, %zx : !gates
      %z = tenon.add %z1, %zh : !gates
      %i0 = tenon.slice %z offsets <0, 0, 0> strides [1, 1, 1] : !gates -> !gate
      %i1 = tenon.reshape %i0 : !gate -> !state
      %i = tenon.sigmoid %i1 : !state
      %f0 = tenon.slice %z offsets <0, 1, 0> strides [1, 1, 1] : !gates -> !gate
      %f1 = tenon.reshape %f0 : !gate -> !state
      %f = tenon.sigmoid %f1 : !state
      %g0 = tenon.slice %z offsets <0, 2, 0> strides [1, 1, 1] : !gates -> !gate
      %g1 = tenon.reshape %g0 : !gate -> !state
      %g = tenon.tanh %g1 : !state
      %o0 = tenon.slice %z offsets <0, 3, 0> strides [1, 1, 1] : !gates -> !gate
      %o1 = tenon.reshape %o0 : !gate -> !state
      %o = tenon.sigmoid %o1 : !state
      %fc = tenon.mul %f, %c : !state
      %ig = tenon.mul %i, %g : !state
      %c1 = tenon.add %fc, %ig : !state
      %tc = tenon.tanh %c1 : !state
      %h1 = tenon.mul %o, %tc : !state
      tenon.yield %h1, %c1, %h1 : !state, !state, !state
    } : (!state, !state, !series) -> (!state, !state, !series)
    %l = tenon.contract sum over <batch, 5, 16> (%hs) maps [affine_map<(b, t, u) -> (b, t, u)>, affine_map<(b, t, u) -> ()>] {
    ^bb1(%e: f32):
      tenon.yield %e : f32
    } : (!series) -> tensor<f32>
    tenon.yield %l : tensor<f32>
  } : (!series, !weights, !weights, !bias), (tensor<f32>) -> (tensor<f32>, !series, !weights, !weights, !bias)
  return %loss, %dx, %dw, %du, %db : tensor<f32>, !series, !weights, !weights, !bias
}
