// RUN: tenon-opt --tenon-graph --tenon-kernels --print-plans -o %t %s | FileCheck %s --check-prefix=PLANS
// RUN: FileCheck %s < %t

// A training step: loss, gradient, Adam, accuracy. A parameter's gradient and its update by Adam are
// one kernel, whose three results overwrite the donated arguments at the end; the prediction is made
// where the output layer's sum is stored; loss and accuracy are a reduction each.

!x = tensor<?x8xf32, #tenon.dims<batch, 8>>
!z = tensor<?x16xf32, #tenon.dims<batch, 16>>
!y = tensor<?xf32, #tenon.dims<batch>>

// CHECK-LABEL: @step
// CHECK: tenon.kernel pack
// CHECK: tenon.kernel contraction "contract_tanh"
// CHECK-COUNT-2: tenon.kernel map
// CHECK-COUNT-2: tenon.kernel reduction
// CHECK: tenon.kernel pack
// CHECK: tenon.kernel reduction
// CHECK-NOT: commit
// CHECK: %[[U:.*]]:3 = tenon.kernel reduction {{.*}} attributes {commit}
// CHECK: %[[W:.*]]:3 = tenon.kernel contraction {{.*}} attributes {commit}
// CHECK-NOT: tenon.kernel
// CHECK: return %[[W]]#2, %[[W]]#0, %[[W]]#1, %[[U]]#2, %[[U]]#0, %[[U]]#1

// The weight's panels and the scalar of the loss share a place.
// PLANS-LABEL: @step
// PLANS: arena: {{.*}}batch{{.*}} bytes in 8 slots for 9 buffers
// PLANS: 512 bytes
// PLANS-NEXT: pack {{.*}} 512 bytes
// PLANS-NEXT: {{.*}} 64 bytes
func.func @step(%w: tensor<8x16xf32> {tenon.name = "w", tenon.role = "parameter"},
                %m: tensor<8x16xf32> {tenon.name = "first/w", tenon.role = "optimizer"},
                %v: tensor<8x16xf32> {tenon.name = "second/w", tenon.role = "optimizer"},
                %u: tensor<16xf32> {tenon.name = "u", tenon.role = "parameter"},
                %mu: tensor<16xf32> {tenon.name = "first/u", tenon.role = "optimizer"},
                %vu: tensor<16xf32> {tenon.name = "second/u", tenon.role = "optimizer"},
                %x: !x {tenon.name = "x", tenon.role = "field"},
                %y: !y {tenon.name = "y", tenon.role = "field"},
                %step: tensor<i32> {tenon.name = "step", tenon.role = "step"})
    -> (tensor<8x16xf32> {tenon.name = "w", tenon.role = "parameter", tenon.alias = 0 : i64},
        tensor<8x16xf32> {tenon.name = "first/w", tenon.role = "optimizer", tenon.alias = 1 : i64},
        tensor<8x16xf32> {tenon.name = "second/w", tenon.role = "optimizer", tenon.alias = 2 : i64},
        tensor<16xf32> {tenon.name = "u", tenon.role = "parameter", tenon.alias = 3 : i64},
        tensor<16xf32> {tenon.name = "first/u", tenon.role = "optimizer", tenon.alias = 4 : i64},
        tensor<16xf32> {tenon.name = "second/u", tenon.role = "optimizer", tenon.alias = 5 : i64},
        tensor<f32> {tenon.name = "loss", tenon.role = "loss"},
        tensor<f32> {tenon.name = "accuracy", tenon.role = "metric_value"})
    attributes {tenon.symbols = ["batch"]} {
  %one = tenon.constant dense<1.0> : tensor<f32>
  %n = tenon.dimension <batch> : tensor<f32>
  %loss, %p, %dw, %du = tenon.vjp (%w, %u) cotangents (%one) {
  ^bb0(%wv: tensor<8x16xf32>, %uv: tensor<16xf32>):
    %z = tenon.contract sum over <batch, 16, 8> (%x, %wv) maps [affine_map<(b, o, i) -> (b, i)>, affine_map<(b, o, i) -> (i, o)>, affine_map<(b, o, i) -> (b, o)>] {
    ^bb1(%e: f32, %f: f32):
      %q = tenon.mul %e, %f : f32
      tenon.yield %q : f32
    } : (!x, tensor<8x16xf32>) -> !z
    %h = tenon.tanh %z : !z
    %s = tenon.contract sum over <batch, 16> (%h, %uv) maps [affine_map<(b, o) -> (b, o)>, affine_map<(b, o) -> (o)>, affine_map<(b, o) -> (b)>] {
    ^bb1(%e: f32, %f: f32):
      %q = tenon.mul %e, %f : f32
      tenon.yield %q : f32
    } : (!z, tensor<16xf32>) -> !y
    %p = tenon.sigmoid %s : !y
    %ones = tenon.broadcast %one axes [] : tensor<f32> -> !y
    %np = tenon.sub %ones, %p : !y
    %ny = tenon.sub %ones, %y : !y
    %lp = tenon.log %p : !y
    %lq = tenon.log %np : !y
    %a = tenon.mul %y, %lp : !y
    %b = tenon.mul %ny, %lq : !y
    %c = tenon.add %a, %b : !y
    %sum = tenon.contract sum over <batch> (%c) maps [affine_map<(b) -> (b)>, affine_map<(b) -> ()>] {
    ^bb1(%e: f32):
      tenon.yield %e : f32
    } : (!y) -> tensor<f32>
    %mean = tenon.div %sum, %n : tensor<f32>
    %l = tenon.neg %mean : tensor<f32>
    tenon.yield %l, %p : tensor<f32>, !y
  } : (tensor<8x16xf32>, tensor<16xf32>), (tensor<f32>) -> (tensor<f32>, !y, tensor<8x16xf32>, tensor<16xf32>)

  %half = tenon.constant dense<0.5> : tensor<f32>
  %halves = tenon.broadcast %half axes [] : tensor<f32> -> !y
  %guess = tenon.compare gt %p, %halves : !y -> tensor<?xi1, #tenon.dims<batch>>
  %truth = tenon.compare gt %y, %halves : !y -> tensor<?xi1, #tenon.dims<batch>>
  %right = tenon.contract sum over <batch> (%guess, %truth) maps [affine_map<(b) -> (b)>, affine_map<(b) -> (b)>, affine_map<(b) -> ()>] {
  ^bb1(%e: i1, %f: i1):
    %same = tenon.compare eq %e, %f : i1 -> i1
    %r = tenon.convert %same : i1 -> f32
    tenon.yield %r : f32
  } : (tensor<?xi1, #tenon.dims<batch>>, tensor<?xi1, #tenon.dims<batch>>) -> tensor<f32>
  %accuracy = tenon.div %right, %n : tensor<f32>

  %t0 = tenon.constant dense<1> : tensor<i32>
  %t1 = tenon.add %step, %t0 : tensor<i32>
  %t = tenon.convert %t1 : tensor<i32> -> tensor<f32>
  %beta1 = tenon.constant dense<0.9> : tensor<f32>
  %beta2 = tenon.constant dense<0.999> : tensor<f32>
  %gamma1 = tenon.constant dense<0.1> : tensor<f32>
  %gamma2 = tenon.constant dense<0.001> : tensor<f32>
  %eps = tenon.constant dense<1.0e-8> : tensor<f32>
  %rate0 = tenon.constant dense<0.001> : tensor<f32>
  %b1t = tenon.pow %beta1, %t : tensor<f32>
  %b2t = tenon.pow %beta2, %t : tensor<f32>
  %c1 = tenon.sub %one, %b1t : tensor<f32>
  %c2 = tenon.sub %one, %b2t : tensor<f32>
  %rate = tenon.div %rate0, %c1 : tensor<f32>

  %rw = tenon.broadcast %rate axes [] : tensor<f32> -> tensor<8x16xf32>
  %b1w = tenon.broadcast %beta1 axes [] : tensor<f32> -> tensor<8x16xf32>
  %b2w = tenon.broadcast %beta2 axes [] : tensor<f32> -> tensor<8x16xf32>
  %g1w = tenon.broadcast %gamma1 axes [] : tensor<f32> -> tensor<8x16xf32>
  %g2w = tenon.broadcast %gamma2 axes [] : tensor<f32> -> tensor<8x16xf32>
  %c2w = tenon.broadcast %c2 axes [] : tensor<f32> -> tensor<8x16xf32>
  %ew = tenon.broadcast %eps axes [] : tensor<f32> -> tensor<8x16xf32>
  %m0 = tenon.mul %b1w, %m : tensor<8x16xf32>
  %m1 = tenon.mul %g1w, %dw : tensor<8x16xf32>
  %m2 = tenon.add %m0, %m1 : tensor<8x16xf32>
  %v0 = tenon.mul %b2w, %v : tensor<8x16xf32>
  %v1 = tenon.mul %dw, %dw : tensor<8x16xf32>
  %v2 = tenon.mul %g2w, %v1 : tensor<8x16xf32>
  %v3 = tenon.add %v0, %v2 : tensor<8x16xf32>
  %w0 = tenon.mul %rw, %m2 : tensor<8x16xf32>
  %w1 = tenon.div %v3, %c2w : tensor<8x16xf32>
  %w2 = tenon.sqrt %w1 : tensor<8x16xf32>
  %w3 = tenon.add %w2, %ew : tensor<8x16xf32>
  %w4 = tenon.div %w0, %w3 : tensor<8x16xf32>
  %w5 = tenon.sub %w, %w4 : tensor<8x16xf32>

  %ru = tenon.broadcast %rate axes [] : tensor<f32> -> tensor<16xf32>
  %b1u = tenon.broadcast %beta1 axes [] : tensor<f32> -> tensor<16xf32>
  %b2u = tenon.broadcast %beta2 axes [] : tensor<f32> -> tensor<16xf32>
  %g1u = tenon.broadcast %gamma1 axes [] : tensor<f32> -> tensor<16xf32>
  %g2u = tenon.broadcast %gamma2 axes [] : tensor<f32> -> tensor<16xf32>
  %c2u = tenon.broadcast %c2 axes [] : tensor<f32> -> tensor<16xf32>
  %eu = tenon.broadcast %eps axes [] : tensor<f32> -> tensor<16xf32>
  %mu0 = tenon.mul %b1u, %mu : tensor<16xf32>
  %mu1 = tenon.mul %g1u, %du : tensor<16xf32>
  %mu2 = tenon.add %mu0, %mu1 : tensor<16xf32>
  %vu0 = tenon.mul %b2u, %vu : tensor<16xf32>
  %vu1 = tenon.mul %du, %du : tensor<16xf32>
  %vu2 = tenon.mul %g2u, %vu1 : tensor<16xf32>
  %vu3 = tenon.add %vu0, %vu2 : tensor<16xf32>
  %u0 = tenon.mul %ru, %mu2 : tensor<16xf32>
  %u1 = tenon.div %vu3, %c2u : tensor<16xf32>
  %u2 = tenon.sqrt %u1 : tensor<16xf32>
  %u3 = tenon.add %u2, %eu : tensor<16xf32>
  %u4 = tenon.div %u0, %u3 : tensor<16xf32>
  %u5 = tenon.sub %u, %u4 : tensor<16xf32>
  return %w5, %m2, %v3, %u5, %mu2, %vu3, %loss, %accuracy : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<f32>, tensor<f32>
}
