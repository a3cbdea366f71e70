// RUN: tenon-opt %s --simplify --split-input-file | FileCheck %s

// What decides about another step stays, though nobody uses it after the loop; a carried value that
// decides nothing and a stacked result that nobody uses go, and with it the name of the steps.
// CHECK-LABEL: func.func @unneeded
// CHECK: %[[L:.+]]:3 = tenon.loop init(%{{.+}}, %{{.+}}, %{{.+}}) at_most <9> {
// CHECK: return %[[L]]#2
func.func @unneeded(%go: tensor<i1>, %x: tensor<f64>, %y: tensor<f64>) -> tensor<f64> {
  %l:5 = tenon.loop init(%go, %x, %y, %y) at_most <9> steps "steps.0" {
  ^bb0(%i: tensor<i64>, %g: tensor<i1>, %a: tensor<f64>, %b: tensor<f64>, %c: tensor<f64>):
    %n = tenon.sin %a : tensor<f64>
    %m = tenon.cos %b : tensor<f64>
    %o = tenon.exp %c : tensor<f64>
    %more = tenon.compare gt %n, %a : tensor<f64> -> tensor<i1>
    tenon.yield %more, %n, %m, %o, %o : tensor<i1>, tensor<f64>, tensor<f64>, tensor<f64>, tensor<f64>
  } : (tensor<i1>, tensor<f64>, tensor<f64>, tensor<f64>) -> (tensor<i1>, tensor<f64>, tensor<f64>, tensor<f64>, tensor<?xf64, #tenon.dims<steps.0>>)
  return %l#2 : tensor<f64>
}

// -----

// A loop whose results nobody uses goes; but not if its steps are.
// CHECK-LABEL: func.func @unused
// CHECK: tenon.loop init(%{{.+}}) steps "steps.1" {
// CHECK-NOT: tenon.loop
// CHECK: tenon.dimension <steps.1>
func.func @unused(%go: tensor<i1>) -> tensor<i64> {
  %l = tenon.loop init(%go) steps "steps.0" {
  ^bb0(%i: tensor<i64>, %g: tensor<i1>):
    %not = tenon.not %g : tensor<i1>
    tenon.yield %not : tensor<i1>
  } : (tensor<i1>) -> tensor<i1>
  %m = tenon.loop init(%go) steps "steps.1" {
  ^bb0(%i: tensor<i64>, %g: tensor<i1>):
    %not = tenon.not %g : tensor<i1>
    tenon.yield %not : tensor<i1>
  } : (tensor<i1>) -> tensor<i1>
  %n = tenon.dimension <steps.1> : tensor<i64>
  return %n : tensor<i64>
}

// -----

// What doesn't change leaves the loop, but nothing that has the steps of a loop in it.
// CHECK-LABEL: func.func @invariant
// CHECK: tenon.exp
// CHECK: tenon.loop
// CHECK: tenon.loop
// CHECK: tenon.dimension <steps.0>
// CHECK: tenon.add
func.func @invariant(%go: tensor<i1>, %x: tensor<f64>, %k: tensor<i64>) -> (tensor<f64>, tensor<i64>) {
  %l:3 = tenon.loop init(%go, %x, %k) at_most <4> {
  ^bb0(%i: tensor<i64>, %g: tensor<i1>, %a: tensor<f64>, %j: tensor<i64>):
    %e = tenon.exp %x : tensor<f64>
    %n = tenon.mul %a, %e : tensor<f64>
    %m = tenon.loop init(%g) at_most <3> steps "steps.0" {
    ^bb0(%ii: tensor<i64>, %gg: tensor<i1>):
      %not = tenon.compare lt %ii, %j : tensor<i64> -> tensor<i1>
      tenon.yield %not : tensor<i1>
    } : (tensor<i1>) -> tensor<i1>
    %steps = tenon.dimension <steps.0> : tensor<i64>
    %next = tenon.add %steps, %k : tensor<i64>
    tenon.yield %m, %n, %next : tensor<i1>, tensor<f64>, tensor<i64>
  } : (tensor<i1>, tensor<f64>, tensor<i64>) -> (tensor<i1>, tensor<f64>, tensor<i64>)
  return %l#1, %l#2 : tensor<f64>, tensor<i64>
}
