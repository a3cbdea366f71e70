//===- Interpreter.cpp - What a function of the graph IR computes ---------===//
#include "ir/eval/Interpreter.h"

#include "ir/eval/Evaluation.h"

using namespace mlir;
using namespace tenon;

char CheckFailure::ID = 0;

void CheckFailure::log(llvm::raw_ostream &out) const {
  out << location << ": check failed: " << message << " (element " << index << ")";
}
std::error_code CheckFailure::convertToErrorCode() const { return llvm::inconvertibleErrorCode(); }

tenon_dtype tenon::dtypeOf(Type type) {
  Type element = elementOf(type);
  if (element.isInteger(1))
    return TENON_BOOL;
  if (element.isUnsignedInteger(8))
    return TENON_U8;
  if (element.isInteger(8))
    return TENON_I8;
  if (element.isInteger(32))
    return TENON_I32;
  if (element.isInteger(64))
    return TENON_I64;
  if (element.isF16())
    return TENON_F16;
  if (element.isBF16())
    return TENON_BF16;
  if (element.isF32())
    return TENON_F32;
  assert(element.isF64() && "an element type of the dialect");
  return TENON_F64;
}

Type tenon::elementType(MLIRContext *context, tenon_dtype dtype) {
  Builder builder(context);
  switch (dtype) {
  case TENON_BOOL:
    return builder.getI1Type();
  case TENON_I8:
    return builder.getI8Type();
  case TENON_U8:
    return builder.getIntegerType(8, /*isSigned=*/false);
  case TENON_I32:
    return builder.getI32Type();
  case TENON_I64:
    return builder.getI64Type();
  case TENON_F16:
    return builder.getF16Type();
  case TENON_BF16:
    return builder.getBF16Type();
  case TENON_F32:
    return builder.getF32Type();
  case TENON_F64:
    return builder.getF64Type();
  }
  llvm_unreachable("a dtype");
}

//===----------------------------------------------------------------------===//
// Named dimensions
//===----------------------------------------------------------------------===//

namespace {
/// An axis of an argument has this extent.
struct Equation {
  Dim dim;
  int64_t extent;
  unsigned argument;
  size_t axis;
};
} // namespace

/// Solves c * name + constant == extent; nullopt if `dim` isn't of that form or no natural number
/// solves it.
static std::optional<std::pair<std::string, int64_t>> solveOne(const Dim &dim, int64_t extent) {
  auto names = dim.symbols();
  if (names.size() != 1)
    return std::nullopt;
  int64_t coefficient = 0;
  for (auto &[monomial, factor] : dim.terms()) {
    if (monomial.empty()) {
      extent -= factor;
      continue;
    }
    if (monomial.size() != 1 || monomial[0]->kind != Dim::AtomKind::Symbol)
      return std::nullopt;
    coefficient = factor;
  }
  if (coefficient == 0 || extent % coefficient != 0 || extent / coefficient < 0)
    return std::nullopt;
  return std::pair(names[0], extent / coefficient);
}

static llvm::Expected<std::vector<Equation>> equationsOf(func::FuncOp function,
                                                         ArrayRef<HostTensor> inputs) {
  auto types = function.getArgumentTypes();
  if (types.size() != inputs.size())
    return errorAt(function, "takes " + llvm::Twine(types.size()) + " arguments, not " +
                                 llvm::Twine(inputs.size()));
  std::vector<Equation> equations;
  for (unsigned a = 0; a < types.size(); ++a) {
    auto dims = dimsOf(cast<RankedTensorType>(types[a]));
    if (int64_t(dims.size()) != inputs[a].rank())
      return errorAt(function, "argument " + llvm::Twine(a) + " has rank " +
                                   llvm::Twine(dims.size()) + ", not that of " + inputs[a].str(0));
    for (size_t axis = 0; axis < dims.size(); ++axis)
      equations.push_back({dims[axis], inputs[a].shape()[axis], a, axis});
  }
  return equations;
}

llvm::Expected<llvm::StringMap<int64_t>>
tenon::solveSymbols(func::FuncOp function, ArrayRef<HostTensor> inputs,
                    const llvm::StringMap<int64_t> &given) {
  auto equations = equationsOf(function, inputs);
  if (!equations)
    return equations.takeError();
  llvm::StringMap<int64_t> symbols(given);
  auto known = [&](const std::string &name) -> std::optional<Dim> {
    auto found = symbols.find(name);
    return found == symbols.end() ? std::nullopt : std::optional(Dim(found->second));
  };
  bool changed = true;
  while (changed) {
    changed = false;
    for (const Equation &equation : *equations)
      if (auto solved = solveOne(equation.dim.substitute(known), equation.extent))
        changed |= symbols.try_emplace(solved->first, solved->second).second;
  }
  for (const Equation &equation : *equations) {
    Dim dim = equation.dim.substitute(known);
    if (dim.isConstant(equation.extent))
      continue;
    std::string solution;
    for (const std::string &name : equation.dim.symbols())
      if (auto value = symbols.find(name); value != symbols.end())
        solution += " with " + name + " = " + std::to_string(value->second);
    return errorAt(function, "axis " + llvm::Twine(equation.axis) + " of argument " +
                                 llvm::Twine(equation.argument) + " has the extent '" +
                                 equation.dim.str() + "'" + solution + ", which is not " +
                                 llvm::Twine(equation.extent));
  }
  return symbols;
}

//===----------------------------------------------------------------------===//
// Entry
//===----------------------------------------------------------------------===//

/// The argument as the run keeps it.
static llvm::Expected<HostTensor> admit(const HostTensor &input, Type type, unsigned index,
                                        func::FuncOp function, const Evaluation &run) {
  tenon_dtype storage = run.storageOf(type);
  if (input.dtype() == storage)
    return input;
  if (!run.options.wide || !isRealDtype(storage) || !isRealDtype(input.dtype()))
    return errorAt(function, "argument " + llvm::Twine(index) + " is of " +
                                 tenon_dtype_name(storage) + ", not " +
                                 tenon_dtype_name(input.dtype()));
  return HostTensor::ofNumbers(storage, input.shape(), input.numbers());
}

llvm::Expected<std::vector<HostTensor>>
tenon::interpret(func::FuncOp function, ArrayRef<HostTensor> inputs, const EvalOptions &options) {
  if (!function.getBody().hasOneBlock())
    return errorAt(function, "is evaluated only with one block");
  auto symbols = solveSymbols(function, inputs, options.symbols);
  if (!symbols)
    return symbols.takeError();
  Evaluation run(options, std::move(*symbols));
  for (auto [i, argument] : llvm::enumerate(function.getArguments())) {
    auto tensor = admit(inputs[i], argument.getType(), unsigned(i), function, run);
    if (!tensor)
      return tensor.takeError();
    run.set(argument, std::move(*tensor));
  }
  return run.run(function.getBody().front());
}
