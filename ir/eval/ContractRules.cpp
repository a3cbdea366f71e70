//===- ContractRules.cpp - Loop nests that read, compute and combine ------===//
#include "ir/eval/Evaluation.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace tenon;

//===----------------------------------------------------------------------===//
// The body
//===----------------------------------------------------------------------===//

namespace {
/// A contraction's body as a list of maps over numbered elements.
class ElementProgram {
public:
  static llvm::Expected<ElementProgram> make(Block &body, const Evaluation &run);
  Number operator()(ArrayRef<Number> arguments);

private:
  explicit ElementProgram(const Evaluation &run) : run(run) {}
  struct Step {
    MapRule rule;
    MapCall call;
    SmallVector<unsigned> operands;
    unsigned result;
  };
  const Evaluation &run;
  SmallVector<Step> steps;
  SmallVector<Number> elements; // the arguments first
  unsigned result = 0;
};
} // namespace

llvm::Expected<ElementProgram> ElementProgram::make(Block &body, const Evaluation &run) {
  ElementProgram program(run);
  llvm::DenseMap<Value, unsigned> numbers;
  auto add = [&](Value value) {
    numbers[value] = program.elements.size();
    program.elements.push_back({});
    return numbers[value];
  };
  for (Value argument : body.getArguments())
    add(argument);
  for (Operation &op : body.without_terminator()) {
    unsigned result = add(op.getResult(0));
    tenon_dtype dtype = dtypeOf(op.getResult(0).getType());
    if (auto constant = dyn_cast<ConstantOp>(op)) {
      program.elements[result] = run.round(dtype, attributeNumber(constant.getValue(), 0));
    } else if (auto dimension = dyn_cast<DimensionOp>(op)) {
      auto extent = run.extent(dimension.getDimension().getDims()[0], &op);
      if (!extent)
        return extent.takeError();
      program.elements[result] = run.round(dtype, {double(*extent), *extent});
    } else if (auto rule = mapRules().find(op.getName().getStringRef()); rule != mapRules().end()) {
      Step step{rule->second, {&op, dtypeOf(op.getOperands().back().getType()), dtype}, {}, result};
      for (Value operand : op.getOperands())
        step.operands.push_back(numbers.at(operand));
      program.steps.push_back(step);
    } else {
      return errorAt(&op, "is not evaluated in the body of a contraction");
    }
  }
  program.result = numbers.at(body.getTerminator()->getOperand(0));
  return program;
}

Number ElementProgram::operator()(ArrayRef<Number> arguments) {
  llvm::copy(arguments, elements.begin());
  SmallVector<Number> operands;
  for (const Step &step : steps) {
    operands.clear();
    for (unsigned operand : step.operands)
      operands.push_back(elements[operand]);
    elements[step.result] = run.element(step.rule, step.call, operands);
  }
  return elements[result];
}

//===----------------------------------------------------------------------===//
// Combiners
//===----------------------------------------------------------------------===//

namespace {
/// What has been combined so far into one element of the result.
struct Accumulator {
  Number value;
  double scaled = 0;  // logsumexp: the sum of exp(v - value)
  int64_t place = -1; // argmax, argmin: where `value` is; nowhere yet
};
} // namespace

static bool isArg(Combiner combiner) {
  return combiner == Combiner::argmax || combiner == Combiner::argmin;
}

static Number neutralOf(Combiner combiner, tenon_dtype dtype) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  bool isMin = combiner == Combiner::min;
  switch (combiner) {
  case Combiner::sum:
  case Combiner::any:
  case Combiner::argmax:
  case Combiner::argmin:
    return {};
  case Combiner::prod:
  case Combiner::all:
    return {1, 1};
  case Combiner::logsumexp:
    return Number::ofReal(-infinity);
  case Combiner::max:
  case Combiner::min:
    break;
  }
  switch (dtype) {
  case TENON_BOOL:
    return Number::ofInteger(isMin ? 1 : 0);
  case TENON_I8:
    return Number::ofInteger(isMin ? INT8_MAX : INT8_MIN);
  case TENON_U8:
    return Number::ofInteger(isMin ? UINT8_MAX : 0);
  case TENON_I32:
    return Number::ofInteger(isMin ? INT32_MAX : INT32_MIN);
  case TENON_I64:
    return Number::ofInteger(isMin ? INT64_MAX : INT64_MIN);
  default:
    return Number::ofReal(isMin ? infinity : -infinity);
  }
}

/// True if `next` takes the place of `best`: NaN before everything, the first of equals stays.
static bool replaces(bool isReal, bool wantsLargest, Number best, Number next) {
  if (!isReal)
    return wantsLargest ? next.integer > best.integer : next.integer < best.integer;
  if (std::isnan(best.real) || std::isnan(next.real))
    return !std::isnan(best.real);
  return wantsLargest ? next.real > best.real : next.real < best.real;
}

static void addExponential(Accumulator &sum, double next) {
  double largest = sum.value.real;
  if (std::isnan(largest) || std::isnan(next)) {
    sum.value.real = std::numeric_limits<double>::quiet_NaN();
  } else if (next > largest) {
    sum.scaled = std::isinf(next) ? 1 : sum.scaled * std::exp(largest - next) + 1;
    sum.value.real = next;
  } else if (!std::isinf(largest)) {
    sum.scaled += std::exp(next - largest);
  }
}

namespace {
/// Combines values of `dtype` into elements of the result.
class Combination {
public:
  Combination(ContractOp op, tenon_dtype dtype, const Evaluation &run)
      : combiner(op.getCombiner()), dtype(dtype), run(run),
        // Sums and products of f16 and bf16 accumulate in f32.
        sumDtype(dtype == TENON_F16 || dtype == TENON_BF16 ? TENON_F32 : dtype) {}

  Accumulator start() const { return {neutralOf(combiner, dtype)}; }
  void add(Accumulator &to, Number next, int64_t place) const;
  /// to + a * b, rounded once.
  void addProduct(Accumulator &to, double a, double b) const {
    double sum = sumDtype == TENON_F32 && !run.options.wide
                     ? std::fmaf(float(a), float(b), float(to.value.real))
                     : std::fma(a, b, to.value.real);
    Number added = run.round(sumDtype, Number::ofReal(sum));
    to.value = run.blurred(sumDtype, added, {to.value, Number::ofReal(a), Number::ofReal(b)});
  }
  void combine(Accumulator &to, Number next, Number both) const {
    to.value = run.blurred(sumDtype, run.round(sumDtype, both), {to.value, next});
  }
  Number result(const Accumulator &of) const {
    if (isArg(combiner))
      return Number::ofInteger(std::max<int64_t>(of.place, 0));
    if (combiner == Combiner::logsumexp && std::isfinite(of.value.real))
      return Number::ofReal(of.value.real + std::log(of.scaled));
    return of.value;
  }

private:
  Combiner combiner;
  tenon_dtype dtype;
  const Evaluation &run;
  tenon_dtype sumDtype;
};
} // namespace

void Combination::add(Accumulator &to, Number next, int64_t place) const {
  bool isReal = isRealDtype(dtype);
  switch (combiner) {
  case Combiner::sum:
    combine(
        to, next,
        {to.value.real + next.real, int64_t(uint64_t(to.value.integer) + uint64_t(next.integer))});
    return;
  case Combiner::prod:
    combine(
        to, next,
        {to.value.real * next.real, int64_t(uint64_t(to.value.integer) * uint64_t(next.integer))});
    return;
  case Combiner::max:
  case Combiner::min:
    if (replaces(isReal, combiner == Combiner::max, to.value, next))
      to.value = next;
    return;
  case Combiner::argmax:
  case Combiner::argmin:
    if (to.place < 0 || replaces(isReal, combiner == Combiner::argmax, to.value, next)) {
      to.value = next;
      to.place = place;
    }
    return;
  case Combiner::logsumexp:
    addExponential(to, next.real);
    return;
  case Combiner::any:
    to.value.integer |= next.integer;
    return;
  case Combiner::all:
    to.value.integer &= next.integer;
    return;
  }
}

//===----------------------------------------------------------------------===//
// The loop nest
//===----------------------------------------------------------------------===//

/// Its value for these loops (and symbols).
static int64_t valueOf(AffineExpr expr, ArrayRef<int64_t> loops, ArrayRef<int64_t> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto loop = dyn_cast<AffineDimExpr>(expr))
    return loops[loop.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  auto both = cast<AffineBinaryOpExpr>(expr);
  int64_t a = valueOf(both.getLHS(), loops, symbols), b = valueOf(both.getRHS(), loops, symbols);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return a + b;
  case AffineExprKind::Mul:
    return a * b;
  case AffineExprKind::Mod:
    return a - b * llvm::divideFloorSigned(a, b);
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(a, b);
  case AffineExprKind::CeilDiv:
    return llvm::divideCeilSigned(a, b);
  default:
    llvm_unreachable("a binary affine expression");
  }
}

static SmallVector<int64_t> valuesOf(AffineMap map, ArrayRef<int64_t> loops,
                                     ArrayRef<int64_t> symbols) {
  SmallVector<int64_t> values;
  for (AffineExpr expr : map.getResults())
    values.push_back(valueOf(expr, loops, symbols));
  return values;
}

static llvm::Error evaluateContract(Operation *op, Evaluation &run) {
  auto contract = cast<ContractOp>(op);
  Block &body = contract.getBody().front();
  tenon_dtype dtype = dtypeOf(body.getTerminator()->getOperand(0).getType());
  auto extents = run.extents(contract.getExtentDims(), op);
  if (!extents)
    return extents.takeError();
  auto symbols = run.extents(
      contract.getSymbols() ? contract.getSymbols()->getDims() : SmallVector<Dim>(), op);
  if (!symbols)
    return symbols.takeError();
  auto program = ElementProgram::make(body, run);
  if (!program)
    return program.takeError();
  auto result = run.zeros(contract.getType(), op);
  if (!result)
    return result.takeError();

  bool isChain = contract.isSumOfProducts() && contract.getInputs().size() == 2 &&
                 isRealDtype(dtype) && run.options.fusedChains;
  Combination combination(contract, dtype, run);
  std::vector<Accumulator> sums(size_t(result->size()), combination.start());
  auto reduced = contract.getReducedLoops();
  SmallVector<AffineMap> maps;
  for (Attribute map : contract.getMaps())
    maps.push_back(cast<AffineMapAttr>(map).getValue());
  std::string outside;
  SmallVector<Number> arguments(contract.getInputs().size());
  forEachIndex(*extents, [&](ArrayRef<int64_t> loops) {
    for (auto [i, input] : llvm::enumerate(contract.getInputs())) {
      const HostTensor &tensor = run.get(input);
      auto place = placeOf(valuesOf(maps[i], loops, *symbols), tensor.shape());
      if (!place) {
        outside = "reads operand " + std::to_string(i) + " outside of it";
        return false;
      }
      arguments[i] = tensor.at(*place);
    }
    auto place = placeOf(valuesOf(maps.back(), loops, *symbols), result->shape());
    if (!place) {
      outside = "writes outside of its result";
      return false;
    }
    if (isChain)
      combination.addProduct(sums[size_t(*place)], arguments[0].real, arguments[1].real);
    else
      combination.add(sums[size_t(*place)], (*program)(arguments),
                      reduced.empty() ? 0 : loops[reduced[0]]);
    return true;
  });
  if (!outside.empty())
    return errorAt(op, outside);
  for (int64_t i = 0; i < result->size(); ++i)
    result->set(i, combination.result(sums[size_t(i)]));
  run.set(contract.getResult(), std::move(*result));
  return llvm::Error::success();
}

void tenon::addContractRules(OpRules &rules) {
  rules[ContractOp::getOperationName()] = evaluateContract;
}
