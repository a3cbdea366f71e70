// RUN: tenon-opt --evaluate="symbols=n=3,m=4" -verify-diagnostics -split-input-file %s -o /dev/null

func.func @check() {
  %x = tenon.iota axis 1 : tensor<2x3xi32>
  %two = tenon.constant dense<2> : tensor<2x3xi32>
  %c = tenon.compare lt %x, %two : tensor<2x3xi32> -> tensor<2x3xi1>
  // expected-error @below {{check failed: index out of range (element 2)}}
  tenon.check %c, "index out of range" : tensor<2x3xi1>
  return
}

// -----

// The first one in program order.
func.func @checks() {
  %true = tenon.constant dense<true> : tensor<i1>
  %false = tenon.constant dense<false> : tensor<i1>
  tenon.check %true, "holds" : tensor<i1>
  %x = tenon.constant dense<[true, true, false]> : tensor<3xi1>
  tenon.scan extent <3> init() over(%x) axes [0] {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>):
    // expected-error @below {{check failed: inside (element 0)}}
    tenon.check %c, "inside" : tensor<i1>
    tenon.yield
  } : (tensor<3xi1>) -> ()
  tenon.check %false, "later" : tensor<i1>
  return
}

// -----

// expected-error @below {{'tenon.vjp' is not evaluated: differentiate first}}
func.func @vjp() -> (tensor<f32>, tensor<f32>) {
  %one = tenon.constant dense<1.0> : tensor<f32>
  %l, %d = tenon.vjp (%one) cotangents (%one) {
  ^bb0(%v: tensor<f32>):
    tenon.yield %v : tensor<f32>
  } : (tensor<f32>), (tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %l, %d : tensor<f32>, tensor<f32>
}

// -----

// expected-error @below {{needs the extent 'k', which the inputs' shapes don't tell}}
func.func @unknown() -> tensor<i32> {
  %r = tenon.dimension <k> : tensor<i32>
  return %r : tensor<i32>
}

// -----

// expected-error @below {{'tenon.contract' reads operand 0 outside of it}}
func.func @outside() -> tensor<3xi32> {
  %x = tenon.constant dense<[1, 2, 3]> : tensor<3xi32>
  %r = tenon.contract sum over <3> (%x) maps [affine_map<(i) -> (i + 1)>, affine_map<(i) -> (i)>] {
  ^bb0(%e: i32):
    tenon.yield %e : i32
  } : (tensor<3xi32>) -> tensor<3xi32>
  return %r : tensor<3xi32>
}

// -----

// expected-error @below {{'tenon.slice' reads outside of its operand}}
func.func @slice() -> tensor<?xi32, #tenon.dims<m>> {
  %x = tenon.iota axis 0 : tensor<?xi32, #tenon.dims<n>>
  %r = tenon.slice %x offsets <n - 1> strides [1] : tensor<?xi32, #tenon.dims<n>> -> tensor<?xi32, #tenon.dims<m>>
  return %r : tensor<?xi32, #tenon.dims<m>>
}

// -----

// expected-error @below {{draws integers from an empty range or one above 2^32}}
func.func @draw() -> tensor<2xi32> {
  %seed = tenon.constant dense<42> : tensor<i64>
  %low = tenon.constant dense<5> : tensor<i32>
  %r = tenon.draw integers(%low, %low : tensor<i32>, tensor<i32>) seed %seed step %seed stream 17 : tensor<2xi32>
  return %r : tensor<2xi32>
}
