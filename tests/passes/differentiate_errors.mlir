// RUN: tenon-opt %s --differentiate --split-input-file --verify-diagnostics

func.func private @other(tensor<4xf32>) -> tensor<4xf32>
func.func @reverse(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r:2 = tenon.vjp (%x) cotangents (%x) {
  ^bb0(%a: tensor<4xf32>):
    // expected-error @+1 {{'func.call' op has no derivative}}
    %y = func.call @other(%a) : (tensor<4xf32>) -> tensor<4xf32>
    tenon.yield %y : tensor<4xf32>
  } : (tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %r#1 : tensor<4xf32>
}

// -----

func.func private @other(tensor<4xf32>) -> tensor<4xf32>
func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r:2 = tenon.jvp (%x) tangents (%x) {
  ^bb0(%a: tensor<4xf32>):
    // expected-error @+1 {{'func.call' op has no derivative}}
    %y = func.call @other(%a) : (tensor<4xf32>) -> tensor<4xf32>
    tenon.yield %y : tensor<4xf32>
  } : (tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %r#1 : tensor<4xf32>
}
