// RUN: tenon-opt %s --differentiate --split-input-file | FileCheck %s

// The number of steps becomes a dimension: the loop stacks its state along it, and the reverse is a
// scan of that many steps, which carries the cotangent of the state and a sum for what is captured.
// CHECK-LABEL: func.func @root
// CHECK: %[[L:.+]]:3 = tenon.loop init(%{{.+}}, %{{.+}}) at_most <20> steps "steps.0" {
// CHECK-NEXT: ^bb0(%{{.+}}: tensor<i64>, %{{.+}}: tensor<i1>, %[[V:.+]]: tensor<f64>):
// CHECK: tenon.yield %{{.+}}, %{{.+}}, %[[V]] : tensor<i1>, tensor<f64>, tensor<f64>
// CHECK-NEXT: (tensor<i1>, tensor<f64>, tensor<?xf64, #tenon.dims<steps.0>>)
// CHECK: tenon.scan extent <steps.0> reverse init(%{{.+}}, %{{.+}}) over(%[[L]]#2) axes [0] {
// CHECK-NEXT: ^bb0(%{{.+}}: tensor<i64>, %{{.+}}: tensor<f64>, %[[SUM:.+]]: tensor<f64>, %{{.+}}: tensor<f64>):
// CHECK: %[[NEXT:.+]] = tenon.add %[[SUM]], %{{.+}} : tensor<f64>
// CHECK-NEXT: tenon.yield %{{.+}}, %[[NEXT]]
func.func @root(%x: tensor<f64>, %a: tensor<f64>, %c: tensor<f64>) -> (tensor<f64>, tensor<f64>, tensor<f64>) {
  %r:3 = tenon.vjp (%x, %a) cotangents (%c) {
  ^bb0(%x0: tensor<f64>, %x1: tensor<f64>):
    %yes = tenon.constant dense<true> : tensor<i1>
    %s:2 = tenon.loop init(%yes, %x0) at_most <20> {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f64>):
      %q = tenon.div %x1, %v : tensor<f64>
      %p = tenon.add %v, %q : tensor<f64>
      %half = tenon.constant dense<0.5> : tensor<f64>
      %n = tenon.mul %p, %half : tensor<f64>
      %n2 = tenon.mul %n, %n : tensor<f64>
      %e = tenon.sub %n2, %x1 : tensor<f64>
      %near = tenon.constant dense<1.0e-3> : tensor<f64>
      %more = tenon.compare gt %e, %near : tensor<f64> -> tensor<i1>
      tenon.yield %more, %n : tensor<i1>, tensor<f64>
    } : (tensor<i1>, tensor<f64>) -> (tensor<i1>, tensor<f64>)
    tenon.yield %s#1 : tensor<f64>
  } : (tensor<f64>, tensor<f64>), (tensor<f64>) -> (tensor<f64>, tensor<f64>, tensor<f64>)
  return %r#0, %r#1, %r#2 : tensor<f64>, tensor<f64>, tensor<f64>
}

// -----

// What is linear in the state keeps nothing but the number of its steps.
// CHECK-LABEL: func.func @linear
// CHECK: tenon.loop init(%{{.+}}, %{{.+}}) steps "steps.0"
// CHECK: (tensor<i1>, tensor<f64>) -> (tensor<i1>, tensor<f64>)
// CHECK: tenon.scan extent <steps.0> reverse init(%{{.+}}) {
func.func @linear(%x: tensor<f64>, %c: tensor<f64>, %yes: tensor<i1>) -> tensor<f64> {
  %r:2 = tenon.vjp (%x) cotangents (%c) {
  ^bb0(%x0: tensor<f64>):
    %s:2 = tenon.loop init(%yes, %x0) {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f64>):
      %half = tenon.constant dense<0.5> : tensor<f64>
      %n = tenon.mul %v, %half : tensor<f64>
      %near = tenon.constant dense<1.0e-3> : tensor<f64>
      %more = tenon.compare gt %n, %near : tensor<f64> -> tensor<i1>
      tenon.yield %more, %n : tensor<i1>, tensor<f64>
    } : (tensor<i1>, tensor<f64>) -> (tensor<i1>, tensor<f64>)
    tenon.yield %s#1 : tensor<f64>
  } : (tensor<f64>), (tensor<f64>) -> (tensor<f64>, tensor<f64>)
  return %r#1 : tensor<f64>
}

// -----

// Forward mode carries tangents along; the number of steps needs no name.
// CHECK-LABEL: func.func @forward
// CHECK: tenon.loop init(%{{.+}}, %{{.+}}, %{{.+}}) at_most <n> {
// CHECK: tenon.yield %{{.+}}, %{{.+}}, %{{.+}} : tensor<i1>, tensor<f64>, tensor<f64>
func.func @forward(%x: tensor<f64>, %t: tensor<f64>, %yes: tensor<i1>) -> tensor<f64> {
  %r:2 = tenon.jvp (%x) tangents (%t) {
  ^bb0(%x0: tensor<f64>):
    %s:2 = tenon.loop init(%yes, %x0) at_most <n> {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f64>):
      %n = tenon.sin %v : tensor<f64>
      tenon.yield %go, %n : tensor<i1>, tensor<f64>
    } : (tensor<i1>, tensor<f64>) -> (tensor<i1>, tensor<f64>)
    tenon.yield %s#1 : tensor<f64>
  } : (tensor<f64>), (tensor<f64>) -> (tensor<f64>, tensor<f64>)
  return %r#1 : tensor<f64>
}

// -----

// In a scan each iteration makes another number of steps. Nothing along them leaves the body: the
// scan stacks what the loop begins with, and the reverse runs it again, under another name and
// without its check.
// CHECK-LABEL: func.func @nested
// CHECK: %[[S:.+]]:2 = tenon.scan extent <n> init(%{{.+}}) over(%{{.+}}) axes [0] stack axes [0]
// CHECK: tenon.loop init(%{{.+}}, %{{.+}})
// CHECK: tenon.check
// CHECK: (tensor<f64>, tensor<?xf64, #tenon.dims<n>>)
// CHECK: tenon.scan extent <n> reverse
// CHECK: %[[AGAIN:.+]]:4 = tenon.loop init(%{{.+}}, %{{.+}}) at_most <6> steps "steps.[[N:[0-9]+]]"
// CHECK-NOT: tenon.check
// CHECK: tenon.scan extent <steps.[[N]]> reverse init({{.+}}) over(%[[AGAIN]]#2, %[[AGAIN]]#3)
func.func @nested(%x: tensor<?xf64, #tenon.dims<n>>, %h: tensor<f64>, %c: tensor<f64>,
                  %yes: tensor<i1>) -> tensor<?xf64, #tenon.dims<n>> {
  %r:2 = tenon.vjp (%x) cotangents (%c) {
  ^bb0(%xs: tensor<?xf64, #tenon.dims<n>>):
    %s = tenon.scan extent <n> init(%h) over(%xs) axes [0] {
    ^bb0(%t: tensor<i64>, %g: tensor<f64>, %a: tensor<f64>):
      %q:2 = tenon.loop init(%yes, %g) at_most <6> {
      ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f64>):
        %p = tenon.mul %v, %a : tensor<f64>
        %n = tenon.sin %p : tensor<f64>
        %near = tenon.constant dense<1.0e-3> : tensor<f64>
        %more = tenon.compare gt %n, %near : tensor<f64> -> tensor<i1>
        tenon.check %go, "goes on" : tensor<i1>
        tenon.yield %more, %n : tensor<i1>, tensor<f64>
      } : (tensor<i1>, tensor<f64>) -> (tensor<i1>, tensor<f64>)
      %m = tenon.add %q#1, %a : tensor<f64>
      tenon.yield %m : tensor<f64>
    } : (tensor<f64>, tensor<?xf64, #tenon.dims<n>>) -> tensor<f64>
    tenon.yield %s : tensor<f64>
  } : (tensor<?xf64, #tenon.dims<n>>), (tensor<f64>) -> (tensor<f64>, tensor<?xf64, #tenon.dims<n>>)
  return %r#1 : tensor<?xf64, #tenon.dims<n>>
}
