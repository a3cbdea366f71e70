#include "tests/grad/Row.h"

using namespace tenon::grad;

/// The body squares what was moved, so that the second order isn't zero.
static Row moved(const std::string &name, std::vector<std::string> types, const std::string &body,
                 const std::string &result, std::vector<Held> held = {}) {
  return {name,
          std::move(types),
          body + "\n%s = tenon.sin %r : " + result + "\ntenon.yield %s : " + result,
          -1,
          1,
          {},
          std::move(held)};
}

std::vector<Row> tenon::grad::movementRows() {
  return {
      moved("broadcast", {"tensor<3xF>"},
            "%r = tenon.broadcast %x0 axes [1] : tensor<3xF> -> tensor<2x3x2xF>",
            "tensor<2x3x2xF>"),
      moved("broadcast_scalar_dynamic", {"tensor<F>"},
            "%r = tenon.broadcast %x0 axes [] : tensor<F> -> tensor<?x2xF, #tenon.dims<n, 2>>",
            "tensor<?x2xF, #tenon.dims<n, 2>>"),
      moved("reshape", {"tensor<?x2xF, #tenon.dims<n, 2>>"},
            "%r = tenon.reshape %x0 : tensor<?x2xF, #tenon.dims<n, 2>> -> "
            "tensor<?xF, #tenon.dims<2*n>>",
            "tensor<?xF, #tenon.dims<2*n>>"),
      moved("transpose", {"tensor<2x3x4xF>"},
            "%r = tenon.transpose %x0 [1, 2, 0] : tensor<2x3x4xF> -> tensor<3x4x2xF>",
            "tensor<3x4x2xF>"),
      moved("slice", {"tensor<3x5xF>"},
            "%r = tenon.slice %x0 offsets #tenon.dims<1, 0> strides [1, 2] : tensor<3x5xF> -> "
            "tensor<2x3xF>",
            "tensor<2x3xF>"),
      moved("slice_last", {"tensor<?x2xF, #tenon.dims<n, 2>>"},
            "%r = tenon.slice %x0 offsets #tenon.dims<n - 1, 0> strides [1, 1] : "
            "tensor<?x2xF, #tenon.dims<n, 2>> -> tensor<1x2xF>",
            "tensor<1x2xF>"),
      moved("pad", {"tensor<2x2xF>", "tensor<F>"},
            "%r = tenon.pad %x0, %x1 offsets #tenon.dims<1, 0> strides [1, 2] : tensor<2x2xF>, "
            "tensor<F> -> tensor<4x3xF>",
            "tensor<4x3xF>"),
      moved("concat", {"tensor<2x2xF>", "tensor<2x3xF>"},
            "%r = tenon.concat %x0, %k0, %x1 axis 1 : tensor<2x2xF>, tensor<2x1xF>, tensor<2x3xF> "
            "-> tensor<2x6xF>",
            "tensor<2x6xF>", {{"tensor<2x1xF>", {1, 2}}}),
      moved("gather", {"tensor<4x2xF>"},
            "%r = tenon.gather %x0[%k0] : tensor<4x2xF>, tensor<2x3xi32> -> tensor<2x3x2xF>",
            "tensor<2x3x2xF>", {{"tensor<2x3xi32>", {0, 3, 3, 1, 9, -2}}}),
      moved("scatter_add", {"tensor<3x2xF>"},
            "%r = tenon.scatter_add %x0 at %k0 : tensor<3x2xF>, tensor<3xi64> -> tensor<4x2xF>",
            "tensor<4x2xF>", {{"tensor<3xi64>", {2, 0, 2}}}),
      // Values follow the order, which carries nothing itself.
      moved("argsort", {"tensor<5xF>"},
            R"(%o = tenon.argsort %x0 : tensor<5xF> -> tensor<5xi32>
               %r = tenon.gather %x0[%o] : tensor<5xF>, tensor<5xi32> -> tensor<5xF>)",
            "tensor<5xF>"),
      moved("draw_uniform", {"tensor<F>", "tensor<F>"},
            "%r = tenon.draw uniform(%x0, %x1 : tensor<F>, tensor<F>) seed %k0 step %k0 stream 17 "
            ": tensor<3x2xF>",
            "tensor<3x2xF>", {{"tensor<i64>", {5}}}),
      moved("draw_normal", {"tensor<F>", "tensor<F>"},
            "%r = tenon.draw normal(%x0, %x1 : tensor<F>, tensor<F>) seed %k0 step %k0 stream 18 "
            ": tensor<?xF, #tenon.dims<n>>",
            "tensor<?xF, #tenon.dims<n>>", {{"tensor<i64>", {5}}}),
      moved("dropout", {"tensor<6xF>"},
            R"(%p = tenon.constant dense<0.5> : tensor<F>
               %m = tenon.draw bernoulli(%p : tensor<F>) seed %k0 step %k0 stream 19 : tensor<6xF>
               %r = tenon.mul %x0, %m : tensor<6xF>)",
            "tensor<6xF>", {{"tensor<i64>", {5}}}),
  };
}
