//===- Program.h - A row's function and its derivatives, to be called -*- C++ -*-===//
#pragma once

#include "ir/eval/Interpreter.h"
#include "tests/grad/Row.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tenon::grad {

using Tensors = std::vector<HostTensor>;

/// x: inputs, c: cotangents of the results, t: tangents of the inputs. The functions:
///   f(x) results            vjp(x, c) cotangents        jvp(x, t) tangents
///   jvp_vjp(x, c, t)        the tangent of vjp(x, c)
///   vjp_vjp(x, c, t)        the cotangent of x, given t for that of vjp(x, c)
///   vjp_jvp(x, c, t)        the cotangent of x, given c for jvp(x, t)
///   jvp_jvp(x, t)           the tangent of jvp(x, t) along t
class Program {
public:
  /// `element` replaces `F`: "f64" or "f32". Fails the running test if something goes wrong.
  /// `wholePipeline`: not only differentiated, but also all else that comes before kernels.
  /// `budget`: bytes that a loop may keep for its reverse, 0 without a limit.
  Program(mlir::MLIRContext &context, const Row &row, const std::string &element,
          bool wholePipeline = false, int64_t budget = 0);

  bool isValid() const { return bool(module); }
  /// Types of inputs and results.
  std::vector<mlir::RankedTensorType> inputs, results;
  /// The held arguments are added behind the first `inputs.size()` ones.
  Tensors call(const std::string &function, Tensors arguments) const;
  /// Numbers for each type, uniform in [low, high].
  Tensors random(const std::vector<mlir::RankedTensorType> &types, double low, double high,
                 uint64_t seed) const;
  /// The row's point.
  Tensors point(uint64_t seed) const;

private:
  std::vector<int64_t> shapeOf(mlir::RankedTensorType type) const;
  Row row;
  Tensors held;
  mutable mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace tenon::grad
