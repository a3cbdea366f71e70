// RUN: tenon-opt --mlir-disable-threading --tenon-graph --tenon-kernels --print-plans -o /dev/null %s | FileCheck %s

// What a loop with a bound stacks has room for so many steps in the arena; without, it has memory of
// its own.
// CHECK-LABEL: @fixed
// CHECK-NEXT: arena: {{.+}} in {{[0-9]+}} slots
// CHECK-NOT: grows
// CHECK: loop {{.+}}, 192 bytes
// CHECK-LABEL: @by_dimension
// CHECK-NOT: grows
// CHECK: loop {{.+}}, 64*((8*n + 7) floordiv 64) + 64 bytes
// CHECK-LABEL: @unbounded
// CHECK-NEXT: arena: {{[0-9]+}} bytes
// CHECK-NEXT: slot 0, grows, 64*((8*steps.0 + 63) floordiv 64) bytes
// CHECK-NOT: grows
func.func @fixed(%x: tensor<f64>, %a: tensor<f64>, %c: tensor<f64>,
                  %b: tensor<?xf64, #tenon.dims<n>>) -> (tensor<f64>, tensor<f64>, tensor<f64>) {
  %r:3 = tenon.vjp (%x, %a) cotangents (%c) {
  ^bb0(%x0: tensor<f64>, %x1: tensor<f64>):
    %yes = tenon.constant dense<true> : tensor<i1>
    %s:2 = tenon.loop init(%yes, %x0) at_most <20> {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f64>):
      %q = tenon.div %x1, %v : tensor<f64>
      %p = tenon.add %v, %q : tensor<f64>
      %half = tenon.constant dense<0.5> : tensor<f64>
      %n = tenon.mul %p, %half : tensor<f64>
      %end = tenon.constant dense<7> : tensor<i64>
      %more = tenon.compare lt %i, %end : tensor<i64> -> tensor<i1>
      tenon.yield %more, %n : tensor<i1>, tensor<f64>
    } : (tensor<i1>, tensor<f64>) -> (tensor<i1>, tensor<f64>)
    tenon.yield %s#1 : tensor<f64>
  } : (tensor<f64>, tensor<f64>), (tensor<f64>) -> (tensor<f64>, tensor<f64>, tensor<f64>)
  return %r#0, %r#1, %r#2 : tensor<f64>, tensor<f64>, tensor<f64>
}
func.func @by_dimension(%x: tensor<f64>, %a: tensor<f64>, %c: tensor<f64>,
                  %b: tensor<?xf64, #tenon.dims<n>>) -> (tensor<f64>, tensor<f64>, tensor<f64>) {
  %r:3 = tenon.vjp (%x, %a) cotangents (%c) {
  ^bb0(%x0: tensor<f64>, %x1: tensor<f64>):
    %yes = tenon.constant dense<true> : tensor<i1>
    %s:2 = tenon.loop init(%yes, %x0) at_most <n + 1> {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f64>):
      %q = tenon.div %x1, %v : tensor<f64>
      %p = tenon.add %v, %q : tensor<f64>
      %half = tenon.constant dense<0.5> : tensor<f64>
      %n = tenon.mul %p, %half : tensor<f64>
      %end = tenon.constant dense<7> : tensor<i64>
      %more = tenon.compare lt %i, %end : tensor<i64> -> tensor<i1>
      tenon.yield %more, %n : tensor<i1>, tensor<f64>
    } : (tensor<i1>, tensor<f64>) -> (tensor<i1>, tensor<f64>)
    tenon.yield %s#1 : tensor<f64>
  } : (tensor<f64>, tensor<f64>), (tensor<f64>) -> (tensor<f64>, tensor<f64>, tensor<f64>)
  return %r#0, %r#1, %r#2 : tensor<f64>, tensor<f64>, tensor<f64>
}
func.func @unbounded(%x: tensor<f64>, %a: tensor<f64>, %c: tensor<f64>,
                  %b: tensor<?xf64, #tenon.dims<n>>) -> (tensor<f64>, tensor<f64>, tensor<f64>) {
  %r:3 = tenon.vjp (%x, %a) cotangents (%c) {
  ^bb0(%x0: tensor<f64>, %x1: tensor<f64>):
    %yes = tenon.constant dense<true> : tensor<i1>
    %s:2 = tenon.loop init(%yes, %x0)  {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f64>):
      %q = tenon.div %x1, %v : tensor<f64>
      %p = tenon.add %v, %q : tensor<f64>
      %half = tenon.constant dense<0.5> : tensor<f64>
      %n = tenon.mul %p, %half : tensor<f64>
      %end = tenon.constant dense<7> : tensor<i64>
      %more = tenon.compare lt %i, %end : tensor<i64> -> tensor<i1>
      tenon.yield %more, %n : tensor<i1>, tensor<f64>
    } : (tensor<i1>, tensor<f64>) -> (tensor<i1>, tensor<f64>)
    tenon.yield %s#1 : tensor<f64>
  } : (tensor<f64>, tensor<f64>), (tensor<f64>) -> (tensor<f64>, tensor<f64>, tensor<f64>)
  return %r#0, %r#1, %r#2 : tensor<f64>, tensor<f64>, tensor<f64>
}
