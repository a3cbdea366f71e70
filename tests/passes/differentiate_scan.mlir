// RUN: tenon-opt %s --differentiate --split-input-file | FileCheck %s

// The reverse of an LSTM saves both carried values, the four gates and tanh(c), stacked by step, and
// runs no recurrent product again; the input's slices are read once more. Gradients of weights are
// carried sums.
// CHECK-LABEL: func.func @lstm
// CHECK: %[[FORWARD:.+]]:9 = tenon.scan extent <time> init(%{{.+}}, %{{.+}}) over(%[[X:.+]]) axes [0] stack axes [0, 0, 0, 0, 0, 0, 0]
// CHECK: ^bb0(%{{.+}}: tensor<i64>, %[[H:[^:]+]]: tensor<32x8xf32>, %[[C:[^:]+]]: tensor<32x8xf32>,
// CHECK-COUNT-2: tenon.contract
// CHECK: %[[I:.+]] = tenon.sigmoid
// CHECK: %[[F:.+]] = tenon.sigmoid
// CHECK: %[[G:.+]] = tenon.tanh
// CHECK: %[[O:.+]] = tenon.sigmoid
// CHECK: %[[CELL:.+]] = tenon.add
// CHECK: %[[T:.+]] = tenon.tanh %[[CELL]]
// CHECK: tenon.yield %{{.+}}, %[[CELL]], %[[H]], %[[C]], %[[I]], %[[F]], %[[G]], %[[O]], %[[T]] :
// CHECK: tenon.scan extent <time> reverse init({{.+}}) over(%[[FORWARD]]#2, %[[FORWARD]]#3, %[[FORWARD]]#4, %[[FORWARD]]#5, %[[FORWARD]]#6, %[[FORWARD]]#7, %[[FORWARD]]#8, %[[X]]) axes [0, 0, 0, 0, 0, 0, 0, 0]
// CHECK: ^bb0(%{{[^:]+}}: tensor<i64>, %{{[^:]+}}: tensor<32x8xf32>, %{{[^:]+}}: tensor<32x8xf32>, %[[SUMW:[^:]+]]: tensor<16x4x8xf32>, %[[SUMU:[^:]+]]: tensor<8x4x8xf32>,
// CHECK-NOT: tenon.sigmoid
// CHECK-NOT: tenon.tanh
// CHECK-COUNT-3: tenon.contract
// CHECK-NOT: tenon.contract
// CHECK: %[[NEXTW:.+]] = tenon.add %[[SUMW]], %{{.+}} : tensor<16x4x8xf32>
// CHECK: %[[NEXTU:.+]] = tenon.add %[[SUMU]], %{{.+}} : tensor<8x4x8xf32>
// CHECK: tenon.yield %{{.+}}, %{{.+}}, %[[NEXTW]], %[[NEXTU]] :
!x = tensor<?x32x16xf32, #tenon.dims<time, 32, 16>>
!xt = tensor<32x16xf32>
!h = tensor<32x8xf32>
!z = tensor<32x4x8xf32>
!w = tensor<16x4x8xf32>
!u = tensor<8x4x8xf32>
!hs = tensor<?x32x8xf32, #tenon.dims<time, 32, 8>>
#zx = affine_map<(b, g, u, i) -> (b, i)>
#zw = affine_map<(b, g, u, i) -> (i, g, u)>
#zo = affine_map<(b, g, u, i) -> (b, g, u)>
func.func @lstm(%x: !x, %w: !w, %u: !u, %h0: !h, %c0: !h, %ct: !h) -> (!w, !u) {
  %r:3 = tenon.vjp (%w, %u) cotangents (%ct) {
  ^bb0(%wk: !w, %uk: !u):
    %s:2 = tenon.scan extent <time> init(%h0, %c0) over(%x) axes [0] {
    ^bb0(%t: tensor<i64>, %h: !h, %c: !h, %xt: !xt):
      %zx = tenon.contract sum over <32, 4, 8, 16> (%xt, %wk) maps [#zx, #zw, #zo] {
      ^bb0(%p: f32, %q: f32):
        %m = tenon.mul %p, %q : f32
        tenon.yield %m : f32
      } : (!xt, !w) -> !z
      %zh = tenon.contract sum over <32, 4, 8, 8> (%h, %uk) maps [#zx, #zw, #zo] {
      ^bb0(%p: f32, %q: f32):
        %m = tenon.mul %p, %q : f32
        tenon.yield %m : f32
      } : (!h, !u) -> !z
      %z = tenon.add %zx, %zh : !z
      %z0 = tenon.slice %z offsets #tenon.dims<0, 0, 0> strides [1, 1, 1] : !z -> tensor<32x1x8xf32>
      %z1 = tenon.slice %z offsets #tenon.dims<0, 1, 0> strides [1, 1, 1] : !z -> tensor<32x1x8xf32>
      %z2 = tenon.slice %z offsets #tenon.dims<0, 2, 0> strides [1, 1, 1] : !z -> tensor<32x1x8xf32>
      %z3 = tenon.slice %z offsets #tenon.dims<0, 3, 0> strides [1, 1, 1] : !z -> tensor<32x1x8xf32>
      %y0 = tenon.reshape %z0 : tensor<32x1x8xf32> -> !h
      %y1 = tenon.reshape %z1 : tensor<32x1x8xf32> -> !h
      %y2 = tenon.reshape %z2 : tensor<32x1x8xf32> -> !h
      %y3 = tenon.reshape %z3 : tensor<32x1x8xf32> -> !h
      %i = tenon.sigmoid %y0 : !h
      %f = tenon.sigmoid %y1 : !h
      %g = tenon.tanh %y2 : !h
      %o = tenon.sigmoid %y3 : !h
      %fc = tenon.mul %f, %c : !h
      %ig = tenon.mul %i, %g : !h
      %cn = tenon.add %fc, %ig : !h
      %tc = tenon.tanh %cn : !h
      %hn = tenon.mul %o, %tc : !h
      tenon.yield %hn, %cn : !h, !h
    } : (!h, !h, !x) -> (!h, !h)
    tenon.yield %s#0 : !h
  } : (!w, !u), (!h) -> (!h, !w, !u)
  return %r#1, %r#2 : !w, !u
}

// -----

// What the scan stacks anyway isn't stacked twice, a cheap mask is drawn again with the iteration of
// the first time, and a check isn't repeated.
// CHECK-LABEL: func.func @saved
// CHECK: %[[FORWARD:.+]]:2 = tenon.scan extent <5> init(%{{.+}}) stack axes [1]
// CHECK: tenon.draw
// CHECK: %[[N:.+]] = tenon.tanh
// CHECK: tenon.check
// CHECK: tenon.yield %[[N]], %[[N]] :
// CHECK: tenon.scan extent <5> reverse init({{.+}}) over(%{{.+}}, %[[FORWARD]]#1) axes [1, 1]
// CHECK: ^bb0(%[[IT:[^:]+]]: tensor<i64>,
// CHECK: %[[LAST:.+]] = tenon.dimension <4> : tensor<i64>
// CHECK: %[[FIRST:.+]] = tenon.sub %[[LAST]], %[[IT]]
// CHECK: tenon.draw bernoulli({{.+}}) seed {{.+}} iterations(%[[FIRST]])
// CHECK-NOT: tenon.check
// CHECK: tenon.yield
func.func @saved(%h0: tensor<4xf32>, %s: tensor<i64>, %ct: tensor<4x5xf32>) -> tensor<4xf32> {
  %half = tenon.constant dense<0.5> : tensor<f32>
  %r:2 = tenon.vjp (%h0) cotangents (%ct) {
  ^bb0(%h: tensor<4xf32>):
    %o:2 = tenon.scan extent <5> init(%h) stack axes [1] {
    ^bb0(%it: tensor<i64>, %a: tensor<4xf32>):
      %m = tenon.draw bernoulli(%half : tensor<f32>) seed %s step %s stream 1 iterations(%it) : tensor<4xf32>
      %p = tenon.mul %a, %m : tensor<4xf32>
      %n = tenon.tanh %p : tensor<4xf32>
      %f = tenon.is_finite %n : tensor<4xf32> -> tensor<4xi1>
      tenon.check %f, "finite" : tensor<4xi1>
      tenon.yield %n, %n : tensor<4xf32>, tensor<4xf32>
    } : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4x5xf32>)
    tenon.yield %o#1 : tensor<4x5xf32>
  } : (tensor<4xf32>), (tensor<4x5xf32>) -> (tensor<4x5xf32>, tensor<4xf32>)
  return %r#1 : tensor<4xf32>
}
