// RUN: tenon-opt %s --pass-pipeline="builtin.module(func.func(differentiate{budget=1000 extents=n=1000}))" --split-input-file | FileCheck %s

// 72 steps would keep 72 states and cosines. In segments of 6 the reverse keeps 12 states and runs
// each segment again.
// CHECK-LABEL: func.func @whole_segments
// CHECK: %[[X:.+]] = tenon.reshape %{{.+}} : tensor<72x4xf64> -> tensor<12x6x4xf64>
// CHECK: %[[S:.+]]:2 = tenon.scan extent <12> init(%{{.+}}) over(%[[X]]) axes [0] stack axes [0] {
// CHECK: tenon.scan extent <6>
// CHECK: tenon.yield %{{.+}}, %{{.+}} : tensor<4xf64>, tensor<4xf64>
// CHECK: tenon.scan extent <12> reverse init(%{{.+}}) over(%{{.+}}) axes [0, 0] stack axes [0] {
// CHECK: tenon.scan extent <6> init
// CHECK: tenon.scan extent <6> reverse init
func.func @whole_segments(%x: tensor<72x4xf64>, %h: tensor<4xf64>, %c: tensor<4xf64>) -> tensor<72x4xf64> {
  %r:2 = tenon.vjp (%x) cotangents (%c) {
  ^bb0(%xs: tensor<72x4xf64>):
    %s = tenon.scan extent <72> init(%h) over(%xs) axes [0] {
    ^bb0(%t: tensor<i64>, %g: tensor<4xf64>, %a: tensor<4xf64>):
      %p = tenon.mul %g, %a : tensor<4xf64>
      %n = tenon.sin %p : tensor<4xf64>
      tenon.yield %n : tensor<4xf64>
    } : (tensor<4xf64>, tensor<72x4xf64>) -> tensor<4xf64>
    tenon.yield %s : tensor<4xf64>
  } : (tensor<72x4xf64>), (tensor<4xf64>) -> (tensor<4xf64>, tensor<72x4xf64>)
  return %r#1 : tensor<72x4xf64>
}

// -----

// What fits isn't divided, nor is a loop that keeps nothing.
// CHECK-LABEL: func.func @fits
// CHECK-NOT: tenon.reshape
// CHECK: tenon.scan extent <20> init
// CHECK: tenon.scan extent <20> reverse
// CHECK-NOT: tenon.scan
func.func @fits(%x: tensor<20xf64>, %h: tensor<f64>, %c: tensor<f64>) -> tensor<20xf64> {
  %r:2 = tenon.vjp (%x) cotangents (%c) {
  ^bb0(%xs: tensor<20xf64>):
    %s = tenon.scan extent <20> init(%h) over(%xs) axes [0] {
    ^bb0(%t: tensor<i64>, %g: tensor<f64>, %a: tensor<f64>):
      %p = tenon.mul %g, %a : tensor<f64>
      %n = tenon.sin %p : tensor<f64>
      tenon.yield %n : tensor<f64>
    } : (tensor<f64>, tensor<20xf64>) -> tensor<f64>
    tenon.yield %s : tensor<f64>
  } : (tensor<20xf64>), (tensor<f64>) -> (tensor<f64>, tensor<20xf64>)
  return %r#1 : tensor<20xf64>
}

// -----

// A loop becomes a loop over loops, each of which makes so many steps at most and as many as are
// left.
// CHECK-LABEL: func.func @loop
// CHECK: %[[S:.+]]:3 = tenon.loop init(%{{.+}}, %{{.+}}) at_most <{{.+}}> steps "steps.[[N:[0-9]+]]"
// CHECK: %[[START:.+]] = tenon.mul
// CHECK: %[[LEFT:.+]] = tenon.sub %{{.+}}, %[[START]]
// CHECK: tenon.loop init(%{{.+}}, %{{.+}}) at_most <[[K:[0-9]+]]> limit %[[LEFT]]
// CHECK: tenon.scan extent <steps.[[N]]> reverse init(%{{.+}}) over(%[[S]]#2) axes [0] {
// CHECK: tenon.loop init(%{{.+}}, %{{.+}}) at_most <[[K]]> limit %{{.+}} steps "steps.[[M:[0-9]+]]"
// CHECK: tenon.scan extent <steps.[[M]]> reverse
func.func @loop(%x: tensor<f64>, %yes: tensor<i1>, %c: tensor<f64>) -> tensor<f64> {
  %r:2 = tenon.vjp (%x) cotangents (%c) {
  ^bb0(%x0: tensor<f64>):
    %s:2 = tenon.loop init(%yes, %x0) at_most <n> {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f64>):
      %n = tenon.sin %v : tensor<f64>
      %near = tenon.constant dense<1.0e-3> : tensor<f64>
      %more = tenon.compare gt %n, %near : tensor<f64> -> tensor<i1>
      tenon.yield %more, %n : tensor<i1>, tensor<f64>
    } : (tensor<i1>, tensor<f64>) -> (tensor<i1>, tensor<f64>)
    tenon.yield %s#1 : tensor<f64>
  } : (tensor<f64>), (tensor<f64>) -> (tensor<f64>, tensor<f64>)
  return %r#1 : tensor<f64>
}
