#include "Reference.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <limits>

namespace tenon::test {

using namespace check;

namespace {

using Index = std::vector<int64_t>;

int64_t count(const Index &shape) {
  int64_t total = 1;
  for (int64_t extent : shape)
    total *= extent;
  return total;
}

void forEach(const Index &shape, const std::function<void(const Index &)> &visit) {
  for (int64_t i = 0; i < count(shape); ++i) {
    Index index(shape.size());
    int64_t rest = i;
    for (size_t axis = shape.size(); axis-- > 0;) {
      index[axis] = rest % shape[axis];
      rest /= shape[axis];
    }
    visit(index);
  }
}

double &at(Array &array, const Index &index) {
  int64_t place = 0;
  for (size_t axis = 0; axis < index.size(); ++axis) {
    assert(0 <= index[axis] && index[axis] < array.shape[axis]);
    place = place * array.shape[axis] + index[axis];
  }
  return array.elements[size_t(place)];
}
double at(const Array &array, const Index &index) { return at(const_cast<Array &>(array), index); }

Array filled(Index shape, double value = 0) {
  auto size = size_t(count(shape));
  return Array(std::move(shape), std::vector<double>(size, value));
}

class Machine {
public:
  Machine(const Entry &entry, const std::map<std::string, int64_t> &symbols)
      : entry_(entry), symbols_(symbols) {}

  std::vector<Array> call(const Region &region, const std::vector<Array> &arguments) {
    for (size_t i = 0; i < arguments.size(); ++i)
      values_[region.arguments[i]] = arguments[i];
    for (const Op &op : region.ops)
      step(op);
    std::vector<Array> results;
    for (ValueId id : region.results)
      results.push_back(values_.at(id));
    return results;
  }

private:
  int64_t number(const Dim &dim) const {
    auto value = dim.evaluate([&](const std::string &name) -> std::optional<int64_t> {
      auto found = symbols_.find(name);
      return found == symbols_.end() ? std::nullopt : std::optional(found->second);
    });
    return value.value();
  }
  Index numbers(const std::vector<Dim> &dims) const {
    Index result;
    for (const Dim &dim : dims)
      result.push_back(number(dim));
    return result;
  }
  const Array &operand(const Op &op, size_t i) const { return values_.at(op.operands[i]); }
  Index shapeOf(const Op &op) const { return numbers(entry_.type(op.results[0]).dims); }

  void step(const Op &op);
  Array compute(const Op &op);
  Array map(const Op &op);
  double mapElement(const Op &op, const std::vector<double> &x) const;
  Array read(const Op &op);
  Array nest(const Op &op);
  Array reduce(const Op &op);
  void scan(const Op &op);
  void loop(const Op &op);

  const Entry &entry_;
  const std::map<std::string, int64_t> &symbols_;
  std::map<ValueId, Array> values_;
};

bool isRealType(DType dtype) { return dtype >= DType::F16; }

double floorDivide(double a, double b) { return b == 0 ? 0 : std::floor(a / b); }

double Machine::mapElement(const Op &op, const std::vector<double> &x) const {
  bool real = isRealType(entry_.type(op.results[0]).dtype);
  switch (op.map) {
  case MapKind::Add:
    return x[0] + x[1];
  case MapKind::Sub:
    return x[0] - x[1];
  case MapKind::Mul:
    return x[0] * x[1];
  case MapKind::Div:
    return real ? x[0] / x[1] : floorDivide(x[0], x[1]);
  case MapKind::Rem:
    return x[1] == 0 ? (real ? NAN : 0) : x[0] - x[1] * std::floor(x[0] / x[1]);
  case MapKind::Max:
    return std::isnan(x[0]) || std::isnan(x[1]) ? NAN : std::max(x[0], x[1]);
  case MapKind::Min:
    return std::isnan(x[0]) || std::isnan(x[1]) ? NAN : std::min(x[0], x[1]);
  case MapKind::Neg:
    return -x[0];
  case MapKind::Abs:
    return std::fabs(x[0]);
  case MapKind::Sin:
    return std::sin(x[0]);
  case MapKind::Tanh:
    return std::tanh(x[0]);
  case MapKind::Equal:
    return x[0] == x[1];
  case MapKind::NotEqual:
    return x[0] != x[1];
  case MapKind::Less:
    return x[0] < x[1];
  case MapKind::LessEqual:
    return x[0] <= x[1];
  case MapKind::Greater:
    return x[0] > x[1];
  case MapKind::GreaterEqual:
    return x[0] >= x[1];
  case MapKind::And:
    return x[0] != 0 && x[1] != 0;
  case MapKind::Or:
    return x[0] != 0 || x[1] != 0;
  case MapKind::Not:
    return x[0] == 0;
  case MapKind::Select:
    return x[0] != 0 ? x[1] : x[2];
  case MapKind::Convert:
    return real ? x[0] : std::trunc(x[0]);
  default:
    throw std::logic_error("the reference has no such map");
  }
}

Array Machine::map(const Op &op) {
  Array result = filled(shapeOf(op));
  for (size_t i = 0; i < result.elements.size(); ++i) {
    std::vector<double> x;
    for (size_t k = 0; k < op.operands.size(); ++k)
      x.push_back(operand(op, k).elements[i]);
    result.elements[i] = mapElement(op, x);
  }
  return result;
}

Array Machine::read(const Op &op) {
  const auto &attr = op.as<ReadAttr>();
  const Array &table = operand(op, 0);
  Index fixed(table.shape.size());
  bool outside = false;
  for (size_t axis = 0; axis < attr.positions.size(); ++axis) {
    const ReadPosition &position = attr.positions[axis];
    if (position.kind == ReadPosition::Kind::Whole)
      continue;
    auto place = int64_t(values_.at(position.value).elements[0]);
    bool inside = 0 <= place && place < table.shape[axis];
    assert((inside || !position.inside) && "the checker proved that it is inside");
    outside |= !inside;
    fixed[axis] = place;
  }
  if (outside && attr.hasFallback)
    return operand(op, 1);
  if (outside)
    throw CheckFailed("index out of range");
  Array result = filled(shapeOf(op));
  forEach(result.shape, [&](const Index &index) {
    Index from = fixed;
    size_t own = 0;
    for (size_t axis = 0; axis < from.size(); ++axis)
      if (attr.positions[axis].kind == ReadPosition::Kind::Whole)
        from[axis] = index[own++];
    at(result, index) = at(table, from);
  });
  return result;
}

std::vector<Array> scalars(const Index &index) {
  std::vector<Array> result;
  for (int64_t i : index)
    result.push_back(Array::scalar(double(i)));
  return result;
}

Array Machine::nest(const Op &op) {
  Array result = filled(shapeOf(op));
  forEach(numbers(op.as<LoopsAttr>().extents), [&](const Index &loops) {
    Array part = call(op.regions[0], scalars(loops))[0];
    forEach(part.shape, [&](const Index &own) {
      Index to = loops;
      to.insert(to.end(), own.begin(), own.end());
      at(result, to) = at(part, own);
    });
  });
  return result;
}

double neutral(Combiner combiner) {
  switch (combiner) {
  case Combiner::Prod:
  case Combiner::All:
    return 1;
  case Combiner::Max:
  case Combiner::ArgMax:
  case Combiner::LogSumExp:
    return -INFINITY;
  case Combiner::Min:
  case Combiner::ArgMin:
    return INFINITY;
  default:
    return 0;
  }
}

Array Machine::reduce(const Op &op) {
  const auto &attr = op.as<LoopsAttr>();
  bool arg = attr.combiner == Combiner::ArgMax || attr.combiner == Combiner::ArgMin;
  Array total = filled(shapeOf(op), neutral(attr.combiner));
  Array best = filled(shapeOf(op));
  if (arg && count(numbers(attr.extents)) == 0 && !total.elements.empty())
    throw CheckFailed("argmax of nothing");
  forEach(numbers(attr.extents), [&](const Index &loops) {
    Array part = call(op.regions[0], scalars(loops))[0];
    for (size_t i = 0; i < part.elements.size(); ++i) {
      double x = part.elements[i];
      double &sum = total.elements[i];
      switch (attr.combiner) {
      case Combiner::Sum:
        sum += x;
        break;
      case Combiner::Prod:
        sum *= x;
        break;
      case Combiner::Max:
        sum = std::isnan(x) || std::isnan(sum) ? NAN : std::max(sum, x);
        break;
      case Combiner::Min:
        sum = std::isnan(x) || std::isnan(sum) ? NAN : std::min(sum, x);
        break;
      case Combiner::ArgMax:
      case Combiner::ArgMin: {
        bool better = attr.combiner == Combiner::ArgMax ? x > sum : x < sum;
        if (better || (std::isnan(x) && !std::isnan(sum)) || loops[0] == 0) {
          sum = x;
          best.elements[i] = double(loops[0]);
        }
        break;
      }
      case Combiner::LogSumExp: {
        double top = std::max(sum, x);
        sum = std::isinf(top) ? top : top + std::log(std::exp(sum - top) + std::exp(x - top));
        break;
      }
      case Combiner::Any:
        sum = sum != 0 || x != 0;
        break;
      case Combiner::All:
        sum = sum != 0 && x != 0;
        break;
      }
    }
  });
  return arg ? best : total;
}

void Machine::scan(const Op &op) {
  const auto &attr = op.as<ScanAttr>();
  std::vector<Array> carried;
  for (size_t i = 0; i < attr.carried; ++i)
    carried.push_back(operand(op, i));
  std::vector<Array> stacked;
  for (size_t i = attr.carried; i < op.results.size(); ++i)
    stacked.push_back(filled(numbers(entry_.type(op.results[i]).dims)));
  auto withAxis = [](const Index &slice, int64_t axis, int64_t i) {
    Index index = slice;
    index.insert(index.begin() + axis, i);
    return index;
  };
  for (int64_t i = 0; i < number(attr.extent); ++i) {
    std::vector<Array> arguments{Array::scalar(double(i))};
    arguments.insert(arguments.end(), carried.begin(), carried.end());
    for (size_t k = attr.carried; k < op.operands.size(); ++k) {
      const Array &input = operand(op, k);
      int64_t axis = attr.inputAxes[k - attr.carried];
      Index shape = input.shape;
      shape.erase(shape.begin() + axis);
      Array slice = filled(shape);
      forEach(shape, [&](const Index &own) { at(slice, own) = at(input, withAxis(own, axis, i)); });
      arguments.push_back(std::move(slice));
    }
    std::vector<Array> next = call(op.regions[0], arguments);
    for (size_t k = 0; k < stacked.size(); ++k)
      forEach(next[attr.carried + k].shape, [&](const Index &own) {
        at(stacked[k], withAxis(own, attr.outputAxes[k], i)) = at(next[attr.carried + k], own);
      });
    next.resize(attr.carried);
    carried = std::move(next);
  }
  for (size_t i = 0; i < op.results.size(); ++i)
    values_[op.results[i]] = i < attr.carried ? carried[i] : stacked[i - attr.carried];
}

void Machine::loop(const Op &op) {
  const auto &attr = op.as<LoopAttr>();
  int64_t most = std::numeric_limits<int64_t>::max();
  if (attr.bound)
    most = number(*attr.bound);
  if (attr.hasLimit)
    most = int64_t(operand(op, attr.carried).elements[0]);
  std::vector<Array> arguments{Array::scalar(0)};
  for (size_t i = 0; i < attr.carried; ++i)
    arguments.push_back(operand(op, i));
  for (int64_t i = 0; i < most && call(op.regions[0], arguments)[0].elements[0] != 0; ++i) {
    std::vector<Array> next = call(op.regions[1], arguments);
    arguments = {Array::scalar(double(i + 1))};
    arguments.insert(arguments.end(), next.begin(), next.end());
  }
  for (size_t i = 0; i < op.results.size(); ++i)
    values_[op.results[i]] = arguments[1 + i];
}

Array Machine::compute(const Op &op) {
  switch (op.kind) {
  case OpKind::Map:
    return map(op);
  case OpKind::Constant: {
    const auto &value = op.as<ConstantAttr>();
    return Array::scalar(isRealType(entry_.type(op.results[0]).dtype) ? value.real
                                                                      : double(value.integer));
  }
  case OpKind::Dimension:
    return Array::scalar(double(number(op.as<DimAttr>().dim)));
  case OpKind::Read:
    return read(op);
  case OpKind::Nest:
    return nest(op);
  case OpKind::Reduce:
    return reduce(op);
  default:
    break;
  }
  Array result = filled(shapeOf(op));
  forEach(result.shape, [&](const Index &index) {
    Index from;
    switch (op.kind) {
    case OpKind::Iota:
      at(result, index) = double(index[size_t(op.as<AxisAttr>().axis)]);
      return;
    case OpKind::Broadcast:
      for (int64_t axis : op.as<AxesAttr>().axes)
        from.push_back(index[size_t(axis)]);
      break;
    case OpKind::Transpose:
      from.resize(index.size());
      for (size_t i = 0; i < index.size(); ++i)
        from[size_t(op.as<AxesAttr>().axes[i])] = index[i];
      break;
    case OpKind::Slice:
      for (size_t i = 0; i < index.size(); ++i)
        from.push_back(number(op.as<SliceAttr>().offsets[i]) +
                       index[i] * op.as<SliceAttr>().strides[i]);
      break;
    case OpKind::Concat: {
      auto axis = size_t(op.as<AxisAttr>().axis);
      from = index;
      for (size_t k = 0; k < op.operands.size(); ++k) {
        if (from[axis] < operand(op, k).shape[axis]) {
          at(result, index) = at(operand(op, k), from);
          return;
        }
        from[axis] -= operand(op, k).shape[axis];
      }
      return;
    }
    default:
      throw std::logic_error("the reference has no such operation");
    }
    at(result, index) = at(operand(op, 0), from);
  });
  return result;
}

void Machine::step(const Op &op) {
  switch (op.kind) {
  case OpKind::If: {
    bool taken = operand(op, 0).elements[0] != 0;
    std::vector<Array> results = call(op.regions[taken ? 0 : 1], {});
    for (size_t i = 0; i < results.size(); ++i)
      values_[op.results[i]] = results[i];
    return;
  }
  case OpKind::Scan:
    return scan(op);
  case OpKind::Loop:
    return loop(op);
  case OpKind::Check:
    for (double holds : operand(op, 0).elements)
      if (holds == 0)
        throw CheckFailed(op.as<CheckAttr>().message);
    return;
  case OpKind::Reshape: {
    Array result(shapeOf(op), operand(op, 0).elements);
    values_[op.results[0]] = std::move(result);
    return;
  }
  default:
    values_[op.results[0]] = compute(op);
  }
}

} // namespace

std::vector<Array> run(const Entry &entry, const std::vector<Array> &arguments,
                       const std::map<std::string, int64_t> &symbols) {
  return Machine(entry, symbols).call(entry.body, arguments);
}

} // namespace tenon::test
