// RUN: tenon-opt -verify-diagnostics -split-input-file %s -o /dev/null

func.func @unknown_extent(%a: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @below {{operand #0 must be tensor of reals or one real, but got 'tensor<?xf32>'}}
  %r = tenon.exp %a : tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

// expected-error @below {{the encoding says n where the shape says 4}}
func.func @encoding(%a: tensor<4xf32, #tenon.dims<n>>) {
  return
}

// -----

// expected-error @below {{the encoding has 1 extents for a tensor of rank 2}}
func.func @rank(%a: tensor<4x?xf32, #tenon.dims<n>>) {
  return
}

// -----

// expected-error @below {{a tensor of fixed extents carries no encoding}}
func.func @fixed(%a: tensor<4xf32, #tenon.dims<4>>) {
  return
}

// -----

// expected-error @below {{is not an extent}}
func.func @division(%a: tensor<?xf32, #tenon.dims<n floordiv 0>>) {
  return
}

// -----

func.func @other_names(%a: tensor<?xf32, #tenon.dims<n>>, %b: tensor<?xf32, #tenon.dims<m>>) {
  // expected-note @above {{prior use here}}
  // expected-error @below {{expects different type than prior uses}}
  %r = tenon.add %a, %b : tensor<?xf32, #tenon.dims<n>>
  return
}

// -----

func.func @real_function(%a: tensor<4xi32>) {
  // expected-error @below {{operand #0 must be tensor of reals or one real}}
  %r = tenon.exp %a : tensor<4xi32>
  return
}

// -----

func.func @bool_arithmetic(%a: tensor<4xi1>) {
  // expected-error @below {{operand #0 must be tensor of numbers or one number}}
  %r = tenon.add %a, %a : tensor<4xi1>
  return
}

// -----

func.func @compare(%a: tensor<4xf32>) {
  // expected-error @below {{extents of 'tensor<4xf32>' and 'tensor<5xi1>' differ}}
  %r = tenon.compare lt %a, %a : tensor<4xf32> -> tensor<5xi1>
  return
}

// -----

func.func @convert(%a: tensor<4xf32>) {
  // expected-error @below {{extents of 'tensor<4xf32>' and 'f32' differ}}
  %r = tenon.convert %a : tensor<4xf32> -> f32
  return
}

// -----

func.func @dimension() {
  // expected-error @below {{is one extent, not 2}}
  %r = tenon.dimension <n, m> : tensor<i32>
  return
}

// -----

func.func @iota() {
  // expected-error @below {{axis 1 is not one of 'tensor<4xi32>'}}
  %r = tenon.iota axis 1 : tensor<4xi32>
  return
}

// -----

func.func @iota() {
  // expected-error @below {{counts in numbers}}
  %r = tenon.iota axis 0 : tensor<4xi1>
  return
}

// -----

func.func @broadcast(%a: tensor<4xf32>) {
  // expected-error @below {{extent 4 goes to axis 0 of extent 3}}
  %r = tenon.broadcast %a axes [0] : tensor<4xf32> -> tensor<3x4xf32>
  return
}

// -----

func.func @broadcast(%a: tensor<4x4xf32>) {
  // expected-error @below {{axes must ascend}}
  %r = tenon.broadcast %a axes [1, 0] : tensor<4x4xf32> -> tensor<4x4xf32>
  return
}

// -----

func.func @reshape(%a: tensor<?x2xf32, #tenon.dims<n, 2>>) {
  // expected-error @below {{makes 3*n elements of 2*n}}
  %r = tenon.reshape %a : tensor<?x2xf32, #tenon.dims<n, 2>> -> tensor<?x3xf32, #tenon.dims<n, 3>>
  return
}

// -----

func.func @transpose(%a: tensor<2x3xf32>) {
  // expected-error @below {{needs a permutation of 2 axes}}
  %r = tenon.transpose %a [0, 0] : tensor<2x3xf32> -> tensor<2x2xf32>
  return
}

// -----

func.func @transpose(%a: tensor<2x3xf32>) {
  // expected-error @below {{axis 0 has extent 2 for 3}}
  %r = tenon.transpose %a [1, 0] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

func.func @slice(%a: tensor<4xf32>) {
  // expected-error @below {{axis 0: 4 is outside an extent of 4}}
  %r = tenon.slice %a offsets <2> strides [2] : tensor<4xf32> -> tensor<2xf32>
  return
}

// -----

func.func @slice(%a: tensor<4xf32>) {
  // expected-error @below {{strides are positive}}
  %r = tenon.slice %a offsets <3> strides [-1] : tensor<4xf32> -> tensor<2xf32>
  return
}

// -----

func.func @slice(%a: tensor<4xf32>) {
  // expected-error @below {{axis 0: offset -1 is negative}}
  %r = tenon.slice %a offsets <-1> strides [1] : tensor<4xf32> -> tensor<2xf32>
  return
}

// -----

func.func @pad(%a: tensor<4xf32>, %v: tensor<f64>) {
  // expected-error @below {{pads 'tensor<6xf32>' with 'tensor<f64>'}}
  %r = tenon.pad %a, %v offsets <1> strides [1] : tensor<4xf32>, tensor<f64> -> tensor<6xf32>
  return
}

// -----

func.func @concat(%a: tensor<2x4xf32>) {
  // expected-error @below {{parts add up to 8, not 9}}
  %r = tenon.concat %a, %a axis 1 : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<2x9xf32>
  return
}

// -----

func.func @gather(%t: tensor<3x2xf32>, %i: tensor<4xi32>) {
  // expected-error @below {{are not 'tensor<4x3xf32>'}}
  %r = tenon.gather %t[%i] : tensor<3x2xf32>, tensor<4xi32> -> tensor<4x3xf32>
  return
}

// -----

func.func @scatter_add(%u: tensor<4xf32>, %i: tensor<4xf32>) {
  // expected-error @below {{operand #1 must be tensor of integer values}}
  %r = tenon.scatter_add %u at %i : tensor<4xf32>, tensor<4xf32> -> tensor<2xf32>
  return
}

// -----

func.func @contract(%x: tensor<4xf32>) {
  // expected-error @below {{loop 0 of extent 5 leaves axis 0 of 'tensor<4xf32>'}}
  %r = tenon.contract sum over <5> (%x) maps [affine_map<(i) -> (i)>, affine_map<(i) -> ()>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<4xf32>) -> tensor<f32>
  return
}

// -----

func.func @contract(%x: tensor<4x4xf32>) {
  // expected-error @below {{argmax and argmin reduce one loop}}
  %r = tenon.contract argmax over <4, 4> (%x)
         maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<4x4xf32>) -> tensor<i32>
  return
}

// -----

func.func @contract(%x: tensor<4xf32>) {
  // expected-error @below {{the body yields 'f32' for a result of 'f64'}}
  %r = tenon.contract sum over <4> (%x) maps [affine_map<(i) -> (i)>, affine_map<(i) -> ()>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<4xf32>) -> tensor<f64>
  return
}

// -----

func.func @contract(%x: tensor<4xi32>) {
  // expected-error @below {{logsumexp combines real numbers}}
  %r = tenon.contract logsumexp over <4> (%x) maps [affine_map<(i) -> (i)>, affine_map<(i) -> ()>] {
  ^bb0(%e: i32):
    tenon.yield %e : i32
  } : (tensor<4xi32>) -> tensor<i32>
  return
}

// -----

func.func @scan(%x: tensor<4xf32>) {
  // expected-error @below {{runs 3 steps, which is not axis 0 of 'tensor<4xf32>'}}
  tenon.scan extent <3> init() over(%x) axes [0] {
  ^bb0(%i: tensor<i64>, %e: tensor<f32>):
    tenon.yield
  } : (tensor<4xf32>) -> ()
  return
}

// -----

func.func @scan(%h: tensor<f32>) {
  // expected-error @below {{carries 'tensor<f32>' but yields 'tensor<i64>'}}
  %r = tenon.scan extent <3> init(%h) {
  ^bb0(%i: tensor<i64>, %e: tensor<f32>):
    tenon.yield %i : tensor<i64>
  } : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @loop(%h: tensor<f32>) {
  // expected-error @below {{carries first whether another step is made}}
  %r = tenon.loop init(%h) {
  ^bb0(%i: tensor<i64>, %e: tensor<f32>):
    tenon.yield %e : tensor<f32>
  } : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @loop(%c: tensor<i1>) {
  // expected-error @below {{has one bound}}
  %r = tenon.loop init(%c) at_most <4, 5> {
  ^bb0(%i: tensor<i64>, %e: tensor<i1>):
    tenon.yield %e : tensor<i1>
  } : (tensor<i1>) -> tensor<i1>
  return
}

// -----

func.func @loop(%c: tensor<i1>) {
  // expected-error @below {{stacks results along its steps, which need a name}}
  %r:2 = tenon.loop init(%c) {
  ^bb0(%i: tensor<i64>, %e: tensor<i1>):
    tenon.yield %e, %i : tensor<i1>, tensor<i64>
  } : (tensor<i1>) -> (tensor<i1>, tensor<?xi64, #tenon.dims<s>>)
  return
}

// -----

func.func @loop(%c: tensor<i1>) {
  // expected-error @below {{stacks 'tensor<i64>' to 'tensor<?xi64, #tenon.dims<s>>'}}
  %r:2 = tenon.loop init(%c) steps "steps.0" {
  ^bb0(%i: tensor<i64>, %e: tensor<i1>):
    tenon.yield %e, %i : tensor<i1>, tensor<i64>
  } : (tensor<i1>) -> (tensor<i1>, tensor<?xi64, #tenon.dims<s>>)
  return
}

// -----

func.func @if(%c: tensor<i1>, %a: tensor<f32>) {
  // expected-error @below {{both regions yield the op's results}}
  %r = tenon.if %c -> tensor<f32> {
    tenon.yield %a : tensor<f32>
  } else {
    tenon.yield %c : tensor<i1>
  }
  return
}

// -----

func.func @vjp(%w: tensor<2xf32>) {
  // expected-error @below {{gives the region's yields, then a cotangent for each input}}
  %r = tenon.vjp (%w) cotangents (%w) {
  ^bb0(%x: tensor<2xf32>):
    tenon.yield %x : tensor<2xf32>
  } : (tensor<2xf32>), (tensor<2xf32>) -> (tensor<2xf32>)
  return
}

// -----

func.func @jvp(%w: tensor<2xf32>) {
  // expected-error @below {{needs a tangent for each input}}
  %r:2 = tenon.jvp (%w) tangents () {
  ^bb0(%x: tensor<2xf32>):
    tenon.yield %x : tensor<2xf32>
  } : (tensor<2xf32>), () -> (tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @draw(%p: tensor<f32>, %s: tensor<i64>) {
  // expected-error @below {{takes 1 parameters, not 2}}
  %r = tenon.draw bernoulli(%p, %p : tensor<f32>, tensor<f32>) seed %s step %s stream 1 : tensor<4xf32>
  return
}

// -----

func.func @draw(%p: tensor<f32>, %s: tensor<i64>) {
  // expected-error @below {{draws the wrong kind of number}}
  %r = tenon.draw integers(%p, %p : tensor<f32>, tensor<f32>) seed %s step %s stream 1 : tensor<4xf32>
  return
}

// -----

func.func @kernel(%a: tensor<4xf32>) {
  // expected-error @below {{the region's arguments are the operands}}
  %r = tenon.kernel map "k" (%a) {
  ^bb0(%x: tensor<5xf32>):
    tenon.yield %x : tensor<5xf32>
  } : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @custom_gradient(%x: tensor<2xf32>, %n: tensor<i32>) {
  // expected-error @below {{'back' takes the inputs, the results and a cotangent for each real result}}
  %r = tenon.custom_gradient (%x, %n) {
  ^bb0(%v: tensor<2xf32>, %k: tensor<i32>):
    tenon.yield %v : tensor<2xf32>
  } back {
  ^bb0(%v: tensor<2xf32>, %k: tensor<i32>, %d: tensor<2xf32>):
    tenon.yield %d : tensor<2xf32>
  } : (tensor<2xf32>, tensor<i32>) -> tensor<2xf32>
  return
}

// -----

func.func @custom_gradient(%x: tensor<2xf32>, %n: tensor<i32>) {
  // expected-error @below {{'back' yields a cotangent for each real input}}
  %r = tenon.custom_gradient (%x, %n) {
  ^bb0(%v: tensor<2xf32>, %k: tensor<i32>):
    tenon.yield %v : tensor<2xf32>
  } back {
  ^bb0(%v: tensor<2xf32>, %k: tensor<i32>, %y: tensor<2xf32>, %d: tensor<2xf32>):
    tenon.yield %d, %k : tensor<2xf32>, tensor<i32>
  } : (tensor<2xf32>, tensor<i32>) -> tensor<2xf32>
  return
}

// -----

func.func @argsort(%x: tensor<f32>) {
  // expected-error @below {{needs an axis to sort along}}
  %r = tenon.argsort %x : tensor<f32> -> tensor<i32>
  return
}

// -----

func.func @argsort(%x: tensor<4xf32>) {
  // expected-error @below {{gives i32 places in the operand's shape}}
  %r = tenon.argsort %x : tensor<4xf32> -> tensor<5xi32>
  return
}
