// RUN: tenon-opt --evaluate="symbols=n=3" %s -o /dev/null | FileCheck %s

// Doubles until it is over 20; the iterations and the values before each step, along the steps.
// CHECK-LABEL: @doubling
// CHECK-NEXT: bool[] [0]
// CHECK-NEXT: i64[] [24]
// CHECK-NEXT: i64[] [6]
// CHECK-NEXT: i64[] [21]
// CHECK-NEXT: i64[] [3]
func.func @doubling() -> (tensor<i1>, tensor<i64>, tensor<i64>, tensor<i64>, tensor<i64>) {
  %yes = tenon.constant dense<true> : tensor<i1>
  %three = tenon.constant dense<3> : tensor<i64>
  %twenty = tenon.constant dense<20> : tensor<i64>
  %0:4 = tenon.loop init(%yes, %three) steps "steps.0" {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %x: tensor<i64>):
    %next = tenon.add %x, %x : tensor<i64>
    %more = tenon.compare le %next, %twenty : tensor<i64> -> tensor<i1>
    tenon.yield %more, %next, %i, %x : tensor<i1>, tensor<i64>, tensor<i64>, tensor<i64>
  } : (tensor<i1>, tensor<i64>) -> (tensor<i1>, tensor<i64>,
      tensor<?xi64, #tenon.dims<steps.0>>, tensor<?xi64, #tenon.dims<steps.0>>)
  %i = tenon.contract sum over <steps.0> (%0#2) maps [affine_map<(t) -> (t)>, affine_map<(t) -> ()>] {
  ^bb0(%a: i64):
    %twice = tenon.add %a, %a : i64
    tenon.yield %twice : i64
  } : (tensor<?xi64, #tenon.dims<steps.0>>) -> tensor<i64>
  %x = tenon.contract sum over <steps.0> (%0#3) maps [affine_map<(t) -> (t)>, affine_map<(t) -> ()>] {
  ^bb0(%a: i64):
    tenon.yield %a : i64
  } : (tensor<?xi64, #tenon.dims<steps.0>>) -> tensor<i64>
  %steps = tenon.dimension <steps.0> : tensor<i64>
  return %0#0, %0#1, %i, %x, %steps : tensor<i1>, tensor<i64>, tensor<i64>, tensor<i64>, tensor<i64>
}

// A bound that is a dimension, one that is a value, and one that is less than nothing.
// CHECK-LABEL: @bounds
// CHECK-NEXT: i32[] [3]
// CHECK-NEXT: i32[] [5]
// CHECK-NEXT: i32[] [0]
// CHECK-NEXT: bool[] [1]
func.func @bounds() -> (tensor<i32>, tensor<i32>, tensor<i32>, tensor<i1>) {
  %yes = tenon.constant dense<true> : tensor<i1>
  %zero = tenon.constant dense<0> : tensor<i32>
  %five = tenon.constant dense<5> : tensor<i64>
  %below = tenon.constant dense<-1> : tensor<i64>
  %one = tenon.constant dense<1> : tensor<i32>
  %0:2 = tenon.loop init(%yes, %zero) at_most <n> {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %x: tensor<i32>):
    %next = tenon.add %x, %one : tensor<i32>
    tenon.yield %go, %next : tensor<i1>, tensor<i32>
  } : (tensor<i1>, tensor<i32>) -> (tensor<i1>, tensor<i32>)
  %1:2 = tenon.loop init(%yes, %zero) limit %five {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %x: tensor<i32>):
    %next = tenon.add %x, %one : tensor<i32>
    tenon.yield %go, %next : tensor<i1>, tensor<i32>
  } : (tensor<i1>, tensor<i32>) -> (tensor<i1>, tensor<i32>)
  %2:2 = tenon.loop init(%yes, %zero) at_most <n> limit %below {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %x: tensor<i32>):
    %next = tenon.add %x, %one : tensor<i32>
    tenon.yield %go, %next : tensor<i1>, tensor<i32>
  } : (tensor<i1>, tensor<i32>) -> (tensor<i1>, tensor<i32>)
  return %0#1, %1#1, %2#1, %2#0 : tensor<i32>, tensor<i32>, tensor<i32>, tensor<i1>
}

// A loop in a scan makes another number of steps each time; no step leaves the state as it was.
// CHECK-LABEL: @nested
// CHECK-NEXT: i64[3] [0, 2, 3]
// CHECK-NEXT: i64[3] [1, 4, 8]
func.func @nested() -> (tensor<3xi64>, tensor<3xi64>) {
  %goals = tenon.constant dense<[1, 4, 8]> : tensor<3xi64>
  %one = tenon.constant dense<1> : tensor<i64>
  %0:2 = tenon.scan extent <3> init() over(%goals) axes [0] stack axes [0, 0] {
  ^bb0(%i: tensor<i64>, %goal: tensor<i64>):
    %go0 = tenon.compare lt %one, %goal : tensor<i64> -> tensor<i1>
    %1:2 = tenon.loop init(%go0, %one) steps "steps.0" {
    ^bb0(%j: tensor<i64>, %go: tensor<i1>, %x: tensor<i64>):
      %next = tenon.add %x, %x : tensor<i64>
      %more = tenon.compare lt %next, %goal : tensor<i64> -> tensor<i1>
      tenon.yield %more, %next : tensor<i1>, tensor<i64>
    } : (tensor<i1>, tensor<i64>) -> (tensor<i1>, tensor<i64>)
    %steps = tenon.dimension <steps.0> : tensor<i64>
    tenon.yield %steps, %1#1 : tensor<i64>, tensor<i64>
  } : (tensor<3xi64>) -> (tensor<3xi64>, tensor<3xi64>)
  return %0#0, %0#1 : tensor<3xi64>, tensor<3xi64>
}
