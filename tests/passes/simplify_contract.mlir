// RUN: tenon-opt --simplify %s | FileCheck %s

// CHECK-DAG: #[[LHS:.*]] = affine_map<(d0, d1, d2) -> (d2, d0)>
// CHECK-DAG: #[[RHS:.*]] = affine_map<(d0, d1, d2) -> (d2 * 2 + 1, d1)>
// CHECK-DAG: #[[RESULT:.*]] = affine_map<(d0, d1, d2) -> (d1, d0)>

// CHECK-LABEL: @movements_become_maps
// CHECK-NEXT: tenon.contract sum over <4, 5, 3> (%arg0, %arg1) maps [#[[LHS]], #[[RHS]], #[[RESULT]]]
// CHECK-NOT: tenon.{{transpose|slice|reshape}}
func.func @movements_become_maps(%x: tensor<3x4xf32>, %y: tensor<8x5xf32>) -> tensor<5x4xf32> {
  %a = tenon.transpose %x [1, 0] : tensor<3x4xf32> -> tensor<4x3xf32>
  %b = tenon.slice %y offsets <1, 0> strides [2, 1] : tensor<8x5xf32> -> tensor<3x5xf32>
  %c = tenon.reshape %b : tensor<3x5xf32> -> tensor<1x3x5xf32>
  %z = tenon.contract sum over <4, 5, 3> (%a, %c) maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (0, k, n)>, affine_map<(m, n, k) -> (m, n)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<4x3xf32>, tensor<1x3x5xf32>) -> tensor<4x5xf32>
  %t = tenon.transpose %z [1, 0] : tensor<4x5xf32> -> tensor<5x4xf32>
  return %t : tensor<5x4xf32>
}

// CHECK-LABEL: @without_reduction
// CHECK-NOT: tenon.contract
// CHECK: %[[T:.*]] = tenon.transpose %arg0 [1, 0]
// CHECK: %[[B:.*]] = tenon.broadcast %arg1 axes [1]
// CHECK: tenon.mul %[[T]], %[[B]]
func.func @without_reduction(%x: tensor<3x4xf32>, %y: tensor<3xf32>) -> tensor<4x3xf32> {
  %z = tenon.contract sum over <3, 4> (%x, %y) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j, i)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<3x4xf32>, tensor<3xf32>) -> tensor<4x3xf32>
  return %z : tensor<4x3xf32>
}

// CHECK-LABEL: @reduced_broadcasts
// CHECK-NOT: tenon.contract
// CHECK: tenon.mul
// CHECK: return {{.*}}, %arg0
func.func @reduced_broadcasts(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %b = tenon.broadcast %x axes [1] : tensor<3xf32> -> tensor<7x3xf32>
  %s = tenon.contract sum over <7, 3> (%b) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<7x3xf32>) -> tensor<3xf32>
  %m = tenon.contract max over <7, 3> (%b) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<7x3xf32>) -> tensor<3xf32>
  return %s, %m : tensor<3xf32>, tensor<3xf32>
}

// The sum over a named extent may be empty.
// CHECK-LABEL: @perhaps_empty
// CHECK: tenon.contract sum
func.func @perhaps_empty(%x: tensor<3xf32>) -> tensor<3xf32> {
  %b = tenon.broadcast %x axes [1] : tensor<3xf32> -> tensor<?x3xf32, #tenon.dims<n, 3>>
  %s = tenon.contract sum over <n, 3> (%b) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<?x3xf32, #tenon.dims<n, 3>>) -> tensor<3xf32>
  return %s : tensor<3xf32>
}

// CHECK-LABEL: @unneeded_operands
// CHECK: tenon.contract sum over <3, 4> (%arg0)
func.func @unneeded_operands(%x: tensor<3x4xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
  %s = tenon.contract sum over <3, 4> (%x, %y, %x) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>] {
  ^bb0(%e: f32, %f: f32, %g: f32):
    %a = tenon.add %e, %g : f32
    tenon.yield %a : f32
  } : (tensor<3x4xf32>, tensor<3xf32>, tensor<3x4xf32>) -> tensor<3xf32>
  return %s : tensor<3xf32>
}

// A loop of the result that no operand knows repeats the result; one that fills a part of it doesn't.
// CHECK-LABEL: @repeated_result
// CHECK: %[[S:.+]] = tenon.contract sum over <5, 4> (%arg0)
// CHECK: %[[R:.+]] = tenon.broadcast %[[S]] axes [1]
// CHECK: %[[P:.+]] = tenon.contract sum over <3, 5, 4> (%arg0)
// CHECK: return %[[R]], %[[P]]
func.func @repeated_result(%x: tensor<5x4xf32>) -> (tensor<3x5xf32>, tensor<6x5xf32>) {
  %s = tenon.contract sum over <3, 5, 4> (%x) maps [affine_map<(r, i, j) -> (i, j)>, affine_map<(r, i, j) -> (r, i)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<5x4xf32>) -> tensor<3x5xf32>
  %p = tenon.contract sum over <3, 5, 4> (%x) maps [affine_map<(r, i, j) -> (i, j)>, affine_map<(r, i, j) -> (2 * r, i)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<5x4xf32>) -> tensor<6x5xf32>
  return %s, %p : tensor<3x5xf32>, tensor<6x5xf32>
}

// A loop of one step is no loop, and a result has no axis for it: a reshape puts it back.
// CHECK-LABEL: @one_group
// CHECK: %[[Y:.*]] = tenon.contract sum over <4, 5, 3> (%arg0, %arg1)
// CHECK: tenon.reshape %[[Y]] : tensor<4x5xf32> -> tensor<4x1x5xf32>
func.func @one_group(%x: tensor<4x1x3xf32>, %k: tensor<1x3x5xf32>) -> tensor<4x1x5xf32> {
  %y = tenon.contract sum over <4, 1, 5, 3> (%x, %k) maps [affine_map<(b, g, o, c) -> (b, g, c)>, affine_map<(b, g, o, c) -> (g, c, o)>, affine_map<(b, g, o, c) -> (b, g, o)>] {
  ^bb0(%a: f32, %b: f32):
    %m = tenon.mul %a, %b : f32
    tenon.yield %m : f32
  } : (tensor<4x1x3xf32>, tensor<1x3x5xf32>) -> tensor<4x1x5xf32>
  return %y : tensor<4x1x5xf32>
}

// What a slice leaves out of a product isn't computed: the gradient of a padded picture, whose pads
// nobody asks for.
// CHECK-LABEL: @slice_of_a_product
// CHECK-NOT: tenon.slice
// CHECK: tenon.contract sum over <7, 16, 3, 5>
// CHECK-NOT: tenon.slice
// CHECK: return
func.func @slice_of_a_product(%x: tensor<11x5xf32>, %w: tensor<3x5x16xf32>) -> tensor<7x1x16xf32> {
  %c = tenon.contract sum over <9, 16, 3, 5> (%x, %w) maps [affine_map<(y, c, i, k) -> (y + i, k)>, affine_map<(y, c, i, k) -> (i, k, c)>, affine_map<(y, c, i, k) -> (y, c)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<11x5xf32>, tensor<3x5x16xf32>) -> tensor<9x16xf32>
  %r = tenon.reshape %c : tensor<9x16xf32> -> tensor<9x1x16xf32>
  %s = tenon.slice %r offsets <1, 0, 0> strides [1, 1, 1] : tensor<9x1x16xf32> -> tensor<7x1x16xf32>
  %t = tenon.exp %s : tensor<7x1x16xf32>
  return %t : tensor<7x1x16xf32>
}

// Its reader leaves the slice to it.
// CHECK-LABEL: @slice_between_products
// CHECK: tenon.contract sum over <7, 16, 5>
// CHECK: tenon.contract max over <16, 7>
// CHECK-NOT: tenon.slice
// CHECK: return
func.func @slice_between_products(%x: tensor<9x5xf32>, %w: tensor<5x16xf32>) -> tensor<16xf32> {
  %c = tenon.contract sum over <9, 16, 5> (%x, %w) maps [affine_map<(y, c, k) -> (y, k)>, affine_map<(y, c, k) -> (k, c)>, affine_map<(y, c, k) -> (y, c)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<9x5xf32>, tensor<5x16xf32>) -> tensor<9x16xf32>
  %r = tenon.slice %c offsets <0, 0> strides [1, 1] : tensor<9x16xf32> -> tensor<8x16xf32>
  %s = tenon.slice %r offsets <1, 0> strides [1, 1] : tensor<8x16xf32> -> tensor<7x16xf32>
  %m = tenon.contract max over <16, 7> (%s) maps [affine_map<(c, y) -> (y, c)>, affine_map<(c, y) -> (c)>] {
  ^bb0(%e: f32):
    tenon.yield %e : f32
  } : (tensor<7x16xf32>) -> tensor<16xf32>
  return %m : tensor<16xf32>
}

// Somebody else reads what the slice leaves out.
// CHECK-LABEL: @slice_of_a_product_read_twice
// CHECK: tenon.contract sum over <9, 16, 5>
// CHECK: tenon.slice
func.func @slice_of_a_product_read_twice(%x: tensor<9x5xf32>, %w: tensor<5x16xf32>) -> (tensor<9x16xf32>, tensor<7x16xf32>) {
  %c = tenon.contract sum over <9, 16, 5> (%x, %w) maps [affine_map<(y, c, k) -> (y, k)>, affine_map<(y, c, k) -> (k, c)>, affine_map<(y, c, k) -> (y, c)>] {
  ^bb0(%e: f32, %f: f32):
    %p = tenon.mul %e, %f : f32
    tenon.yield %p : f32
  } : (tensor<9x5xf32>, tensor<5x16xf32>) -> tensor<9x16xf32>
  %s = tenon.slice %c offsets <1, 0> strides [1, 1] : tensor<9x16xf32> -> tensor<7x16xf32>
  return %c, %s : tensor<9x16xf32>, tensor<7x16xf32>
}
