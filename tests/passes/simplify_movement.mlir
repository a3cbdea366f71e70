// RUN: tenon-opt --simplify %s | FileCheck %s

// CHECK-LABEL: @inverse_movements
// CHECK-NEXT: return %arg0, %arg0
func.func @inverse_movements(%x: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<4x6xf32>) {
  %a = tenon.transpose %x [1, 0] : tensor<4x6xf32> -> tensor<6x4xf32>
  %b = tenon.transpose %a [1, 0] : tensor<6x4xf32> -> tensor<4x6xf32>
  %c = tenon.reshape %x : tensor<4x6xf32> -> tensor<24xf32>
  %d = tenon.reshape %c : tensor<24xf32> -> tensor<4x6xf32>
  return %b, %d : tensor<4x6xf32>, tensor<4x6xf32>
}

// CHECK-LABEL: @slices
// CHECK-DAG: tenon.slice %arg0 offsets <5> strides [4] : tensor<20xf32> -> tensor<3xf32>
// CHECK-DAG: tenon.slice %arg1 offsets <1> strides [1] : tensor<4xf32> -> tensor<2xf32>
// CHECK-NOT: tenon.{{pad|concat}}
func.func @slices(%x: tensor<20xf32>, %y: tensor<4xf32>) -> (tensor<3xf32>, tensor<2xf32>, tensor<2xf32>) {
  %a = tenon.slice %x offsets <1> strides [2] : tensor<20xf32> -> tensor<9xf32>
  %b = tenon.slice %a offsets <2> strides [2] : tensor<9xf32> -> tensor<3xf32>
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %c = tenon.pad %y, %zero offsets <3> strides [1] : tensor<4xf32>, tensor<f32> -> tensor<9xf32>
  %d = tenon.slice %c offsets <4> strides [1] : tensor<9xf32> -> tensor<2xf32>
  %e = tenon.concat %x, %y axis 0 : tensor<20xf32>, tensor<4xf32> -> tensor<24xf32>
  %f = tenon.slice %e offsets <21> strides [1] : tensor<24xf32> -> tensor<2xf32>
  return %b, %d, %f : tensor<3xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @reads_padding
// CHECK: tenon.pad
func.func @reads_padding(%y: tensor<4xf32>) -> tensor<3xf32> {
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %c = tenon.pad %y, %zero offsets <3> strides [1] : tensor<4xf32>, tensor<f32> -> tensor<9xf32>
  %d = tenon.slice %c offsets <2> strides [1] : tensor<9xf32> -> tensor<3xf32>
  return %d : tensor<3xf32>
}

// CHECK-LABEL: @parts_joined_again
// CHECK-NEXT: return %arg0
func.func @parts_joined_again(%x: tensor<?xf32, #tenon.dims<n + 5>>) -> tensor<?xf32, #tenon.dims<n + 5>> {
  %a = tenon.slice %x offsets <0> strides [1] : tensor<?xf32, #tenon.dims<n + 5>> -> tensor<?xf32, #tenon.dims<n>>
  %b = tenon.slice %x offsets <n> strides [1] : tensor<?xf32, #tenon.dims<n + 5>> -> tensor<3xf32>
  %c = tenon.slice %x offsets <n + 3> strides [1] : tensor<?xf32, #tenon.dims<n + 5>> -> tensor<2xf32>
  %d = tenon.concat %b, %c axis 0 : tensor<3xf32>, tensor<2xf32> -> tensor<5xf32>
  %e = tenon.concat %a, %d axis 0 : tensor<?xf32, #tenon.dims<n>>, tensor<5xf32> -> tensor<?xf32, #tenon.dims<n + 5>>
  return %e : tensor<?xf32, #tenon.dims<n + 5>>
}

// The cotangents of the four gates of a recurrent cell.
// CHECK-LABEL: @pads_side_by_side
// CHECK-NOT: tenon.pad
// CHECK: %[[A:.*]] = tenon.concat {{.*}} axis 1
// CHECK: tenon.add %[[A]], %arg2
func.func @pads_side_by_side(%x: tensor<3x1x4xf32>, %y: tensor<3x2x4xf32>, %z: tensor<3x3x4xf32>) -> tensor<3x3x4xf32> {
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %a = tenon.pad %x, %zero offsets <0, 2, 0> strides [1, 1, 1] : tensor<3x1x4xf32>, tensor<f32> -> tensor<3x3x4xf32>
  %b = tenon.pad %y, %zero offsets <0, 0, 0> strides [1, 1, 1] : tensor<3x2x4xf32>, tensor<f32> -> tensor<3x3x4xf32>
  %c = tenon.add %a, %z : tensor<3x3x4xf32>
  %d = tenon.add %b, %c : tensor<3x3x4xf32>
  return %d : tensor<3x3x4xf32>
}

// CHECK-LABEL: @pads_that_overlap
// CHECK-COUNT-2: tenon.pad
func.func @pads_that_overlap(%x: tensor<2xf32>, %y: tensor<2xf32>) -> tensor<3xf32> {
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %a = tenon.pad %x, %zero offsets <0> strides [1] : tensor<2xf32>, tensor<f32> -> tensor<3xf32>
  %b = tenon.pad %y, %zero offsets <1> strides [1] : tensor<2xf32>, tensor<f32> -> tensor<3xf32>
  %c = tenon.add %a, %b : tensor<3xf32>
  return %c : tensor<3xf32>
}

// CHECK-LABEL: @transposed_broadcast
// CHECK-NEXT: %[[T:.*]] = tenon.transpose %arg0 [1, 0]
// CHECK-NEXT: tenon.broadcast %[[T]] axes [0, 2] : tensor<3x2xf32> -> tensor<3x5x2xf32>
func.func @transposed_broadcast(%x: tensor<2x3xf32>) -> tensor<3x5x2xf32> {
  %a = tenon.broadcast %x axes [0, 1] : tensor<2x3xf32> -> tensor<2x3x5xf32>
  %b = tenon.transpose %a [1, 2, 0] : tensor<2x3x5xf32> -> tensor<3x5x2xf32>
  return %b : tensor<3x5x2xf32>
}
