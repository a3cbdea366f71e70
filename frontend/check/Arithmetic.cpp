//===- Arithmetic.cpp - Operators on numbers, tensors and trees -----------===//
#include "frontend/check/Elaborator.h"

#include <cmath>

using namespace tenon;
using namespace tenon::check;
using ast::BinaryOp;

//===----------------------------------------------------------------------===//
// Conversions between kinds of values
//===----------------------------------------------------------------------===//

std::optional<double> Number::constant() const {
  if (isReal)
    return operands.empty() ? std::optional(real) : std::nullopt;
  auto value = whole.constant();
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

std::optional<Number> Elaborator::asNumber(const Value &value) const {
  if (auto *number = value.get<Number>())
    return *number;
  if (auto *fill = value.get<Fill>(); fill && fill->kind == Fill::Kind::Number)
    return fill->number;
  return std::nullopt;
}

std::optional<Dim> Elaborator::asDim(const Value &value) const {
  auto *number = value.get<Number>();
  if (!number || number->isReal)
    return std::nullopt;
  return known(number->whole);
}

Tensor Elaborator::constant(double value, Dt dtype, SourceRange range) {
  ConstantAttr attr;
  attr.real = value;
  attr.integer = std::abs(value) < 9e18 ? static_cast<int64_t>(value) : 0;
  return builder->emit(OpKind::Constant, {}, dtype, {}, range, attr);
}

std::optional<Tensor> Elaborator::materialise(const Number &number, Dt dtype, SourceRange range) {
  Dt type = dtypes.find(dtype);
  if (type.variable < 0 && type.fixed == DType::Bool) {
    error(Code::DtypeMix, range, "a number stands where a truth value must")
        .help("write `true` or `false`, or compare: `x != 0`");
    return std::nullopt;
  }
  if (number.isReal) {
    if (type.variable < 0 && !isReal(type.fixed)) {
      error(Code::PointToInteger, range,
            "a number with a point doesn't become " + dtypeText(type) + " by itself")
          .label("meets " + dtypeText(type))
          .help("convert: `" + dtypeText(type) + "(…)` rounds towards zero");
      return std::nullopt;
    }
    if (type.variable >= 0)
      dtypes.unify(type, dtypes.fresh(true));
    if (number.operands.empty())
      return constant(number.real, dtype, range);
    std::vector<ValueId> operands;
    for (const Number &operand : number.operands) {
      auto tensor = materialise(operand, dtype, range);
      if (!tensor)
        return std::nullopt;
      operands.push_back(tensor->id);
    }
    return builder->emitMap(number.map, operands, dtype, {}, range);
  }
  if (number.quotient.isValid() && dtypes.mustBeReal(type)) {
    std::string written = bareText(number.quotient);
    size_t slash = written.find('/');
    std::string left = slash == std::string::npos ? written : written.substr(0, slash);
    bool digits = left.find_first_not_of("0123456789_ ") == std::string::npos;
    while (!left.empty() && left.back() == ' ')
      left.pop_back();
    auto report = error(Code::IntegerQuotient, number.quotient,
                        "this quotient of whole numbers rounds down, and a real number is wanted");
    if (auto value = number.whole.constant())
      report.label("is " + std::to_string(*value));
    std::string right = slash == std::string::npos ? "" : " " + written.substr(slash);
    std::string real = digits && !right.empty() ? left + ".0" + right : "f32(" + left + ")" + right;
    report.help(digits && !right.empty() ? "write " + real
                                         : "convert one side first: `" + real + "`");
    bool isBare = written == text(number.quotient);
    report.fix(number.quotient, isBare ? real : "(" + real + ")");
    return std::nullopt;
  }
  Dim dim = known(number.whole);
  Tensor result;
  if (auto value = dim.constant()) {
    ConstantAttr attr{*value, static_cast<double>(*value)};
    result = builder->emit(OpKind::Constant, {}, dtype, {}, range, attr);
  } else {
    result = builder->emit(OpKind::Dimension, {}, dtype, {}, range, DimAttr{dim});
  }
  forms[result.id] = dim;
  return result;
}

std::optional<Tensor> Elaborator::asTensor(const Value &value, SourceRange range) {
  if (auto *tensor = value.get<Tensor>())
    return *tensor;
  if (auto *number = value.get<Number>())
    return materialise(*number, dtypes.fresh(number->isReal), range);
  if (auto *truth = value.get<FixedBool>())
    return constant(truth->value, DType::Bool, range);
  if (auto *pending = value.get<Fill>()) {
    error(Code::ShapeNeeded, range, "nothing here says which shape this has")
        .label(pending->kind == Fill::Kind::Draw ? "a draw without a shape" : "has no shape")
        .help("give it one: `random.normal(shape(x))`, `zeros(batch, units)`, or a type in `let`");
    return std::nullopt;
  }
  if (!value.isError())
    error(Code::NotATensor, range, "a tensor is wanted, and this is " + typeText(value)).done();
  return std::nullopt;
}

Tensor Elaborator::convert(const Tensor &tensor, DType dtype, SourceRange range) {
  Dt from = dtypes.find(tensor.dtype);
  if (from.variable < 0 && from.fixed == dtype)
    return tensor;
  return builder->emitMap(MapKind::Convert, {tensor.id}, dtype, tensor.axes, range);
}

Tensor Elaborator::broadcast(const Tensor &tensor, const std::vector<Axis> &axes,
                             const std::vector<int64_t> &places, SourceRange range) {
  if (tensor.rank() == axes.size())
    return tensor;
  return builder->emit(OpKind::Broadcast, {tensor.id}, tensor.dtype, axes, range, AxesAttr{places});
}

/// Where an i32 scalar is `sum of coefficient * index + offset`, that form.
std::optional<Affine> Elaborator::affineOf(const Value &value) const {
  if (auto *number = value.get<Number>(); number && !number->isReal)
    return Affine{{}, known(number->whole)};
  if (auto *tensor = value.get<Tensor>())
    if (auto place = affines.find(tensor->id); place != affines.end())
      return place->second;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Numbers without a dtype
//===----------------------------------------------------------------------===//

static Number toReal(const Number &number) {
  if (number.isReal)
    return number;
  if (auto value = number.constant())
    return Number::point(*value);
  return number;
}

static double apply(MapKind map, double a, double b) {
  switch (map) {
  case MapKind::Add:
    return a + b;
  case MapKind::Sub:
    return a - b;
  case MapKind::Mul:
    return a * b;
  case MapKind::Div:
    return a / b;
  case MapKind::Rem:
    return a - b * std::floor(a / b);
  case MapKind::Max:
    return std::isnan(a) || a > b ? a : b;
  case MapKind::Min:
    return std::isnan(a) || a < b ? a : b;
  default:
    return std::pow(a, b);
  }
}

static std::optional<MapKind> mapOf(BinaryOp op) {
  switch (op) {
  case BinaryOp::Equal:
    return MapKind::Equal;
  case BinaryOp::NotEqual:
    return MapKind::NotEqual;
  case BinaryOp::Less:
    return MapKind::Less;
  case BinaryOp::LessEqual:
    return MapKind::LessEqual;
  case BinaryOp::Greater:
    return MapKind::Greater;
  case BinaryOp::GreaterEqual:
    return MapKind::GreaterEqual;
  case BinaryOp::Add:
    return MapKind::Add;
  case BinaryOp::Subtract:
    return MapKind::Sub;
  case BinaryOp::Multiply:
    return MapKind::Mul;
  case BinaryOp::Divide:
    return MapKind::Div;
  case BinaryOp::Remainder:
    return MapKind::Rem;
  case BinaryOp::Power:
    return MapKind::Pow;
  default:
    return std::nullopt;
  }
}

static bool isComparison(MapKind map) {
  return map >= MapKind::Equal && map <= MapKind::GreaterEqual;
}

std::optional<bool> Elaborator::decide(BinaryOp op, const Number &a, const Number &b) {
  std::optional<int> sign; // of a - b
  bool notLess = false, notGreater = false, different = false;
  auto x = a.constant(), y = b.constant();
  if (x && y) {
    if (std::isnan(*x) || std::isnan(*y))
      return op == BinaryOp::NotEqual;
    sign = *x < *y ? -1 : *x > *y;
  } else if (!a.isReal && !b.isReal) {
    Dim difference = known(a.whole) - known(b.whole);
    if (difference.isConstant(0))
      sign = 0;
    else if (auto value = difference.constant())
      sign = *value < 0 ? -1 : 1;
    else if (facts.provesEqual(difference, Dim(0)))
      sign = 0;
    else {
      notLess = facts.provesNotLess(difference, Dim(0));
      notGreater = facts.provesNotLess(Dim(0), difference);
      different =
          facts.provesNotLess(difference, Dim(1)) || facts.provesNotLess(Dim(-1), difference);
    }
  }
  auto known = [&](bool yes, bool no) -> std::optional<bool> {
    return yes ? std::optional(true) : no ? std::optional(false) : std::nullopt;
  };
  bool greater = sign == 1 || (notLess && different),
       less = sign == -1 || (notGreater && different);
  switch (op) {
  case BinaryOp::Equal:
    return known(sign == 0, sign.value_or(0) != 0 || different);
  case BinaryOp::NotEqual:
    return known(sign.value_or(0) != 0 || different, sign == 0);
  case BinaryOp::Less:
    return known(less, sign.value_or(-1) >= 0 || notLess);
  case BinaryOp::LessEqual:
    return known(sign.value_or(1) <= 0 || notGreater, greater);
  case BinaryOp::Greater:
    return known(greater, sign.value_or(1) <= 0 || notGreater);
  default:
    return known(sign.value_or(-1) >= 0 || notLess, less);
  }
}

Value Elaborator::numbers(BinaryOp op, const Number &a, const Number &b, SourceRange range) {
  MapKind map = *mapOf(op);
  if (isComparison(map)) {
    if (auto truth = decide(op, a, b))
      return FixedBool{*truth};
    auto x = asTensor(a, range), y = asTensor(b, range);
    return x && y ? tensors(map, *x, *y, range, range, range) : Value();
  }
  if (!a.isReal && !b.isReal) {
    Dim x = known(a.whole), y = known(b.whole);
    spend((x.size() + y.size()) / 8);
    Number result;
    switch (map) {
    case MapKind::Add:
      result.whole = x + y;
      break;
    case MapKind::Sub:
      result.whole = x - y;
      break;
    case MapKind::Mul:
      result.whole = x * y;
      break;
    case MapKind::Div:
    case MapKind::Rem: {
      auto quotient = map == MapKind::Div ? Dim::floorDiv(x, y) : Dim::mod(x, y);
      if (!quotient)
        return fail(Code::FixedDivisionByZero, range, "a division by zero");
      result.whole = *quotient;
      if (map == MapKind::Div)
        result.quotient = range;
      break;
    }
    case MapKind::Max:
      result.whole = Dim::max(x, y);
      break;
    case MapKind::Min:
      result.whole = Dim::min(x, y);
      break;
    default: { // a power
      auto exponent = y.constant();
      if (!exponent || *exponent < 0 || *exponent > 62)
        return Number{true, {}, 0, MapKind::Pow, {a, b}, {}};
      result.whole = Dim(1);
      for (int64_t i = 0; i < *exponent; ++i)
        result.whole = result.whole * x;
    }
    }
    if (result.whole.isTooLarge())
      return fail(Code::FormulaTooLarge, range, "the formula of this number becomes too large");
    if (!result.whole.isValid())
      return fail(Code::DimensionOverflow, range, "this whole number doesn't fit 64 bits");
    return result;
  }
  for (const Number *side : {&a, &b})
    if (side->quotient.isValid() && !materialise(*side, dtypes.fresh(true), range))
      return ErrorValue{};
  if (auto x = a.constant(), y = b.constant(); x && y)
    return Number::point(apply(map, *x, *y));
  return Number{true, {}, 0, map, {toReal(a), toReal(b)}, {}};
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

bool Elaborator::meetDtypes(const Tensor &a, const Tensor &b, SourceRange range, SourceRange aRange,
                            SourceRange bRange) {
  if (dtypes.unify(a.dtype, b.dtype))
    return true;
  Dt x = dtypes.find(a.dtype), y = dtypes.find(b.dtype);
  std::string left = dtypeText(x), right = dtypeText(y);
  auto report = error(Code::DtypeMix, range, left + " and " + right + " don't mix by themselves");
  report.secondary(aRange, typeText(a)).secondary(bRange, typeText(b));
  bool aTruth = x.variable < 0 && x.fixed == DType::Bool,
       bTruth = y.variable < 0 && y.fixed == DType::Bool;
  if (!aTruth && (bTruth || dtypes.mustBeReal(x)))
    report.help("convert one: `" + left + "(" + bareText(bRange) + ")`")
        .fix(bRange, left + "(" + bareText(bRange) + ")");
  else
    report.help("convert one: `" + right + "(" + bareText(aRange) + ")`")
        .fix(aRange, right + "(" + bareText(aRange) + ")");
  return false;
}

bool Elaborator::meet(Tensor &a, Tensor &b, SourceRange range, SourceRange aRange,
                      SourceRange bRange) {
  if (a.rank() == b.rank()) {
    for (size_t i = 0; i < a.rank(); ++i) {
      if (equal(a.axes[i].dim, b.axes[i].dim)) {
        if (!a.axes[i].origin.isValid())
          a.axes[i].origin = b.axes[i].origin;
        continue;
      }
      std::string x = dimText(a.axes[i].dim), y = dimText(b.axes[i].dim);
      auto report = error(Code::DimensionsDisagree, range,
                          a.rank() == 1 ? "one side has " + x + " elements and the other " + y
                                        : "dimension " + std::to_string(i + 1) + " is " + x +
                                              " on one side and " + y + " on the other");
      report.secondary(aRange, typeText(a)).secondary(bRange, typeText(b));
      if (a.axes[i].origin != b.axes[i].origin) {
        report.secondary(a.axes[i].origin, "the " + x + " comes from here");
        report.secondary(b.axes[i].origin, "the " + y + " comes from here");
      }
      return false;
    }
    return true;
  }
  if (a.isScalar() || b.isScalar()) {
    Tensor &scalar = a.isScalar() ? a : b;
    Tensor &other = a.isScalar() ? b : a;
    Tensor wide = broadcast(scalar, other.axes, {}, range);
    wide.axes = other.axes;
    scalar = wide;
    return true;
  }
  Tensor &narrow = a.rank() < b.rank() ? a : b;
  Tensor &wide = a.rank() < b.rank() ? b : a;
  size_t lead = wide.rank() - narrow.rank();
  bool written = true;
  for (size_t i = 0; i < wide.rank(); ++i)
    written &=
        i < lead ? wide.axes[i].fromEllipsis : equal(wide.axes[i].dim, narrow.axes[i - lead].dim);
  if (written) {
    std::vector<int64_t> places;
    for (size_t i = lead; i < wide.rank(); ++i)
      places.push_back(static_cast<int64_t>(i));
    narrow = broadcast(narrow, wide.axes, places, range);
    return true;
  }
  auto report = error(Code::SilentBroadcast, range,
                      "nothing broadcasts silently: " + typeText(a) + " meets " + typeText(b));
  report.secondary(aRange, typeText(a)).secondary(bRange, typeText(b));
  std::string places, trailing;
  static const char *const names[] = {"i", "j", "k", "l", "m", "n"};
  if (wide.rank() <= 6) {
    for (size_t i = 0; i < wide.rank(); ++i) {
      places += (i ? ", " : "") + std::string(names[i]);
      if (i >= lead)
        trailing += (i > lead ? ", " : "") + std::string(names[i]);
    }
    bool first = &wide == &a;
    report.help("say in index notation which dimensions meet: `let y[" + places +
                "] = " + text(aRange) + "[" + (first ? places : trailing) + "] … " + text(bRange) +
                "[" + (first ? trailing : places) + "]`");
  }
  return false;
}

Value Elaborator::tensors(MapKind map, Tensor a, Tensor b, SourceRange range, SourceRange aRange,
                          SourceRange bRange) {
  bool logical = map == MapKind::And || map == MapKind::Or;
  if (map == MapKind::Pow && dtypes.mustBeReal(a.dtype)) {
    // A whole exponent of a real base means what it says.
    Dt exponent = dtypes.find(b.dtype);
    if (exponent.variable < 0 && isInteger(exponent.fixed)) {
      Dt base = dtypes.find(a.dtype);
      b = builder->emitMap(MapKind::Convert, {b.id}, base, b.axes, range);
    }
  }
  if (!meetDtypes(a, b, range, aRange, bRange))
    return ErrorValue{};
  Dt dtype = dtypes.find(a.dtype);
  bool truth = dtype.variable < 0 && dtype.fixed == DType::Bool;
  if (truth != logical && !(truth && (map == MapKind::Equal || map == MapKind::NotEqual))) {
    if (truth)
      return error(Code::DtypeMix, range, "truth values don't take part in arithmetic")
                 .secondary(aRange, typeText(a))
                 .secondary(bRange, typeText(b))
                 .help("convert: `f32(" + bareText(aRange) + ")` is 0.0 or 1.0"),
             ErrorValue{};
    return error(Code::DtypeMix, range,
                 "`and` and `or` join truth values, and these are " + dtypeText(dtype))
               .secondary(aRange, typeText(a))
               .secondary(bRange, typeText(b)),
           ErrorValue{};
  }
  auto x = affineOf(a), y = affineOf(b);
  if (!meet(a, b, range, aRange, bRange))
    return ErrorValue{};
  Tensor result = builder->emitMap(map, {a.id, b.id}, isComparison(map) ? Dt(DType::Bool) : dtype,
                                   a.axes, range);
  if (result.isScalar())
    noteForm(map, a, b, result);
  if (!result.isScalar() || !x || !y)
    return result;
  // The affine form of an index expression is carried along.
  Affine sum;
  auto addTerms = [&](const Affine &form, int64_t factor) {
    for (auto [index, coefficient] : form.terms) {
      auto at = std::find_if(sum.terms.begin(), sum.terms.end(),
                             [&](auto &term) { return term.first == index; });
      if (at == sum.terms.end())
        sum.terms.push_back({index, factor * coefficient});
      else
        at->second += factor * coefficient;
    }
    sum.offset = sum.offset + form.offset * Dim(factor);
    std::erase_if(sum.terms, [](auto &term) { return term.second == 0; });
  };
  if (map == MapKind::Add || map == MapKind::Sub) {
    addTerms(*x, 1);
    addTerms(*y, map == MapKind::Add ? 1 : -1);
    affines[result.id] = sum;
  } else if (map == MapKind::Mul) {
    if (!x->terms.empty())
      std::swap(x, y);
    auto factor = x->offset.constant();
    if (x->terms.empty() && factor && std::abs(*factor) < (int64_t(1) << 31)) {
      addTerms(*y, *factor);
      affines[result.id] = sum;
    }
  }
  return result;
}

Value Elaborator::unary(MapKind map, Value value, SourceRange range) {
  if (value.isError())
    return value;
  if (auto *truth = value.get<FixedBool>(); truth && map == MapKind::Not)
    return FixedBool{!truth->value};
  if (map == MapKind::Neg)
    if (auto number = asNumber(value)) {
      if (!number->isReal)
        return Number::integer(-number->whole);
      if (number->operands.empty())
        return Number::point(-number->real);
      return Number{true, {}, 0, MapKind::Neg, {*number}, {}};
    }
  if (value.is<Record>() || value.is<Sequence>() || value.is<ModelRef>())
    return mapLeaves(value, [&](const Value &leaf) { return unary(map, leaf, range); });
  auto tensor = asTensor(value, range);
  if (!tensor)
    return ErrorValue{};
  Dt dtype = dtypes.find(tensor->dtype);
  bool truth = dtype.variable < 0 && dtype.fixed == DType::Bool;
  if (truth != (map == MapKind::Not))
    return fail(Code::DtypeMix, range,
                truth ? "truth values don't take part in arithmetic"
                      : "`not` takes a truth value, and this is " + typeText(*tensor));
  Tensor result = builder->emitMap(map, {tensor->id}, dtype, tensor->axes, range);
  if (map == MapKind::Not)
    noteNot(*tensor, result);
  else if (auto form = map == MapKind::Neg ? formOf(*tensor) : std::nullopt)
    forms[result.id] = -*form;
  if (auto form = affineOf(*tensor); form && map == MapKind::Neg && result.isScalar()) {
    for (auto &term : form->terms)
      term.second = -term.second;
    form->offset = -form->offset;
    affines[result.id] = *form;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Everything an operator meets
//===----------------------------------------------------------------------===//

Value Elaborator::binary(BinaryOp op, Value a, Value b, SourceRange range, SourceRange aRange,
                         SourceRange bRange) {
  if (a.isError() || b.isError())
    return ErrorValue{};
  bool logical = op == BinaryOp::And || op == BinaryOp::Or;
  auto *x = a.get<FixedBool>(), *y = b.get<FixedBool>();
  if (logical && x && y)
    return FixedBool{op == BinaryOp::And ? x->value && y->value : x->value || y->value};
  if (x && y && (op == BinaryOp::Equal || op == BinaryOp::NotEqual))
    return FixedBool{(x->value == y->value) == (op == BinaryOp::Equal)};
  if (auto *s = a.get<Text>())
    if (auto *t = b.get<Text>(); t && (op == BinaryOp::Equal || op == BinaryOp::NotEqual))
      return FixedBool{(s->value == t->value) == (op == BinaryOp::Equal)};
  auto isTree = [](const Value &value) {
    return value.is<Record>() || value.is<Sequence>() || value.is<ModelRef>();
  };
  if (isTree(a) || isTree(b))
    return leafwise(a, b, range, aRange, bRange, [&](const Value &l, const Value &r) {
      return binary(op, l, r, range, aRange, bRange);
    });
  if (!logical && op != BinaryOp::MatMul) {
    auto m = asNumber(a), n = asNumber(b);
    if (m && n)
      return numbers(op, *m, *n, range);
    // A number takes the dtype of the tensor that it meets.
    auto *s = a.get<Tensor>(), *t = b.get<Tensor>();
    if ((m && t) || (s && n)) {
      const Number &number = m ? *m : *n;
      const Tensor &tensor = m ? *t : *s;
      SourceRange at = m ? aRange : bRange;
      Dt dtype = dtypes.find(tensor.dtype);
      bool power = op == BinaryOp::Power &&
                   ((n && !number.isReal) ||
                    (m && number.isReal && dtype.variable < 0 && isInteger(dtype.fixed)));
      if (dtype.variable >= 0 && number.isReal)
        dtypes.unify(dtype, dtypes.fresh(true));
      auto scalar = materialise(number, power && m ? dtypes.fresh(true) : dtype, at);
      if (!scalar)
        return ErrorValue{};
      if (affineOf(tensor) && !number.isReal)
        affines[scalar->id] = Affine{{}, known(number.whole)};
      return m ? tensors(*mapOf(op), *scalar, tensor, range, aRange, bRange)
               : tensors(*mapOf(op), tensor, *scalar, range, aRange, bRange);
    }
  }
  auto s = asTensor(a, aRange);
  auto t = asTensor(b, bRange);
  if (!s || !t)
    return ErrorValue{};
  if (op == BinaryOp::MatMul)
    return matmul(*s, *t, range, aRange, bRange);
  return tensors(logical ? (op == BinaryOp::And ? MapKind::And : MapKind::Or) : *mapOf(op), *s, *t,
                 range, aRange, bRange);
}

Value Elaborator::matmul(const Tensor &a, const Tensor &b, SourceRange range, SourceRange aRange,
                         SourceRange bRange) {
  if (a.rank() < 1 || b.rank() < 1 || a.rank() > 2 || b.rank() > 2)
    return error(Code::RankMismatch, range, "`@` multiplies matrices and vectors")
               .secondary(aRange, typeText(a))
               .secondary(bRange, typeText(b))
               .help("other products are index notation: `let y[b, i, j] = sum[k] a[b, i, k] * "
                     "c[b, k, j]`"),
           ErrorValue{};
  if (!meetDtypes(a, b, range, aRange, bRange))
    return ErrorValue{};
  const Axis &inner = a.axes.back(), &other = b.axes.front();
  if (!equal(inner.dim, other.dim))
    return error(Code::DimensionsDisagree, range,
                 "`@` joins " + dimText(inner.dim) + " columns with " + dimText(other.dim) +
                     " rows")
               .secondary(aRange, typeText(a))
               .secondary(bRange, typeText(b))
               .secondary(inner.origin, "the " + dimText(inner.dim) + " comes from here")
               .secondary(other.origin, "the " + dimText(other.dim) + " comes from here"),
           ErrorValue{};
  std::vector<Axis> axes;
  LoopsAttr outer, reduced;
  builder->open(Builder::Frame::Nest);
  std::vector<ValueId> indices;
  auto loop = [&](const Axis &axis, const char *name) {
    axes.push_back(axis);
    outer.extents.push_back(axis.dim);
    outer.names.push_back(name);
    indices.push_back(builder->argument(DType::I32, {}).id);
  };
  if (a.rank() == 2)
    loop(a.axes[0], "i");
  if (b.rank() == 2)
    loop(b.axes[1], "j");
  builder->open(Builder::Frame::Nest);
  ValueId k = builder->argument(DType::I32, {}).id;
  reduced.extents = {inner.dim};
  reduced.names = {"k"};
  auto at = [&](ValueId index) {
    return ReadPosition{ReadPosition::Kind::Index, index, Affine{{{index, 1}}, Dim(0)}, true};
  };
  ReadAttr left, right;
  if (a.rank() == 2)
    left.positions.push_back(at(indices.front()));
  left.positions.push_back(at(k));
  right.positions.push_back(at(k));
  if (b.rank() == 2)
    right.positions.push_back(at(indices.back()));
  Tensor x = builder->emit(OpKind::Read, {a.id}, a.dtype, {}, aRange, left);
  Tensor y = builder->emit(OpKind::Read, {b.id}, b.dtype, {}, bRange, right);
  Tensor product = builder->emitMap(MapKind::Mul, {x.id, y.id}, a.dtype, {}, range);
  std::vector<Region> inside;
  inside.push_back(builder->close({product.id}));
  Tensor sum = builder->emit(OpKind::Reduce, {}, a.dtype, {}, range, reduced, std::move(inside));
  std::vector<Region> body;
  body.push_back(builder->close({sum.id}));
  if (axes.empty()) {
    // A product of vectors is the reduction alone.
    for (Op &op : body[0].ops)
      builder->append(std::move(op));
    return sum;
  }
  return builder->emit(OpKind::Nest, {}, a.dtype, axes, range, outer, std::move(body));
}
