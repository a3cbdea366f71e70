// RUN: tenon-opt --guard-finite --evaluate %s -o /dev/null | FileCheck %s

// The answer is the first op in time: the logarithm of the second iteration, not the quotient that
// stands before it and fails in the third.
// CHECK-LABEL: @first_in_time
// CHECK-NEXT: i32[] [3]
func.func @first_in_time() -> tensor<f32> {
  %start = tenon.constant dense<1.0> : tensor<f32>
  %one = tenon.constant dense<1.0> : tensor<f32>
  %end, %all = tenon.scan extent #tenon.dims<3> init(%start) over() axes [] stack axes [0] {
  ^bb0(%t: tensor<i64>, %x: tensor<f32>):
    %more = tenon.add %x, %one : tensor<f32>
    %quotient = tenon.div %one, %more : tensor<f32>
    %log = tenon.log %x : tensor<f32>
    %next = tenon.sub %x, %one : tensor<f32>
    tenon.yield %next, %log : tensor<f32>, tensor<f32>
  } : (tensor<f32>) -> (tensor<f32>, tensor<3xf32>)
  return %end : tensor<f32>
}

// What is infinite from the start is nobody's fault.
// CHECK-LABEL: @given
// CHECK-NEXT: i32[] [0]
func.func @given() -> tensor<2xf32> {
  %x = tenon.constant dense<[0xFF800000, 1.0]> : tensor<2xf32>
  %y = tenon.exp %x : tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: @in_a_branch
// CHECK-NEXT: i32[] [1]
func.func @in_a_branch() -> tensor<f32> {
  %yes = tenon.constant dense<true> : tensor<i1>
  %x = tenon.constant dense<1000.0> : tensor<f32>
  %r = tenon.if %yes -> tensor<f32> {
    %e = tenon.exp %x : tensor<f32>
    tenon.yield %e : tensor<f32>
  } else {
    tenon.yield %x : tensor<f32>
  }
  return %r : tensor<f32>
}
