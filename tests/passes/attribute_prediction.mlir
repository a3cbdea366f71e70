// RUN: tenon-opt --attribute-prediction %s | FileCheck %s

// Words are attributed at the rows of their table, a number at itself. The mask, which the words
// also decide, is held as they say.
func.func @predict(
    %table: tensor<9x2xf32> {tenon.name = "table", tenon.role = "parameter"},
    %ids: tensor<?x3xi32, #tenon.dims<batch, 3>> {tenon.name = "words", tenon.role = "field"},
    %x: tensor<?x3x2xf32, #tenon.dims<batch, 3, 2>> {tenon.name = "x", tenon.role = "field"})
    -> (tensor<?x3x2xf32, #tenon.dims<batch, 3, 2>> {tenon.name = "result", tenon.role = "result"})
    attributes {tenon.symbols = ["batch"]} {
  %none = tenon.constant dense<0> : tensor<i32>
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %nones = tenon.broadcast %none axes [] : tensor<i32> -> tensor<?x3xi32, #tenon.dims<batch, 3>>
  %zeros = tenon.broadcast %zero axes [] : tensor<f32> -> tensor<?x3x2xf32, #tenon.dims<batch, 3, 2>>
  // The word before: what comes before the first is padding.
  %wider = tenon.pad %ids, %none offsets <0, 1> strides [1, 1]
    : tensor<?x3xi32, #tenon.dims<batch, 3>>, tensor<i32> -> tensor<?x4xi32, #tenon.dims<batch, 4>>
  %before = tenon.slice %wider offsets <0, 0> strides [1, 1]
    : tensor<?x4xi32, #tenon.dims<batch, 4>> -> tensor<?x3xi32, #tenon.dims<batch, 3>>
  %rows = tenon.gather %table[%before]
    : tensor<9x2xf32>, tensor<?x3xi32, #tenon.dims<batch, 3>> -> tensor<?x3x2xf32, #tenon.dims<batch, 3, 2>>
  %isWord = tenon.compare ne %ids, %nones : tensor<?x3xi32, #tenon.dims<batch, 3>> -> tensor<?x3xi1, #tenon.dims<batch, 3>>
  %mask = tenon.broadcast %isWord axes [0, 1] : tensor<?x3xi1, #tenon.dims<batch, 3>> -> tensor<?x3x2xi1, #tenon.dims<batch, 3, 2>>
  %kept = tenon.select %mask, %rows, %zeros : tensor<?x3x2xi1, #tenon.dims<batch, 3, 2>>, tensor<?x3x2xf32, #tenon.dims<batch, 3, 2>>
  %result = tenon.mul %kept, %x : tensor<?x3x2xf32, #tenon.dims<batch, 3, 2>>
  return %result : tensor<?x3x2xf32, #tenon.dims<batch, 3, 2>>
}

// CHECK-LABEL: func.func @attribution_points
// CHECK-SAME: %[[PLACES:[a-z0-9]+]]: tensor<?x3xi64, #tenon.dims<batch, 3>> {tenon.name = "words#places", tenon.role = "places"})
// CHECK-SAME: tenon.name = "words#0", tenon.role = "point"
// CHECK-SAME: tensor<?x3xi64, #tenon.dims<batch, 3>> {tenon.name = "words#0#place", tenon.role = "place"})
// CHECK: %[[ROWS:.*]] = tenon.gather
// CHECK: %[[NONE:.*]] = tenon.constant dense<-1> : tensor<i64>
// CHECK: %[[WIDER:.*]] = tenon.pad %[[PLACES]], %[[NONE]]
// CHECK: %[[FROM:.*]] = tenon.slice %[[WIDER]]
// CHECK: return %[[ROWS]], %[[FROM]]

// CHECK-LABEL: func.func @attribution_gradient
// CHECK-SAME: %[[IDS:[a-z0-9]+]]: tensor<?x3xi32, #tenon.dims<batch, 3>> {tenon.name = "words", tenon.role = "held"}
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x3x2xf32, #tenon.dims<batch, 3, 2>> {tenon.name = "x"
// CHECK-SAME: %[[POINT:[a-z0-9]+]]: tensor<?x3x2xf32, #tenon.dims<batch, 3, 2>> {tenon.name = "words#0", tenon.role = "point"}
// CHECK-SAME: %[[COTANGENT:[a-z0-9]+]]: tensor<?x3x2xf32, #tenon.dims<batch, 3, 2>> {tenon.name = "prediction#cotangent", tenon.role = "cotangent"})
// CHECK-SAME: {tenon.name = "x#gradient", tenon.role = "gradient"}
// CHECK-SAME: {tenon.name = "words#0#gradient", tenon.role = "gradient"})
// CHECK: tenon.vjp (%[[X]], %[[POINT]]) cotangents (%[[COTANGENT]])
// CHECK-NEXT: ^bb0(%[[X1:.*]]: tensor<{{.*}}>, %[[ROWS1:.*]]: tensor
// CHECK-NOT: tenon.gather
// CHECK: tenon.compare ne %[[IDS]]
// CHECK: %[[KEPT:.*]] = tenon.select %{{.*}}, %[[ROWS1]]
// CHECK: tenon.mul %[[KEPT]], %[[X1]]
