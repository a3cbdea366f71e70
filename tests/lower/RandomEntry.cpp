#include "RandomEntry.h"

namespace tenon::test {

namespace {
const Dim n = Dim::symbol("n");
const Dim m = Dim::symbol("m");
} // namespace

void RandomEntry::build() {
  builder_.entry.symbols = {"n", "m"};
  tables_ = {builder_.argument("a", DType::F64, {n, m}), builder_.argument("b", DType::F64, {m}),
             builder_.argument("c", DType::F64, {n + Dim(2), Dim(3)}),
             builder_.argument("v", DType::F64, {Dim(4)})};
  ids_ = builder_.argument("ids", DType::I32, {n});
  for (int i = 0; i < 2; ++i) {
    std::vector<Dim> extents;
    for (int k = pick(3); k >= 0; --k)
      extents.push_back(extent());
    ValueId made = builder_.nest(extents, [&](const std::vector<ValueId> &indices) {
      for (size_t k = 0; k < indices.size(); ++k)
        loops_.push_back({indices[k], extents[k]});
      ValueId body = pick(4) == 0 ? vector(3, pick(2) ? m : Dim(4)) : scalar(4);
      loops_.clear();
      return body;
    });
    made = movement(made);
    builder_.result(made);
    tables_.push_back(made);
  }
}

std::vector<Array> RandomEntry::arguments(const std::map<std::string, int64_t> &symbols) {
  std::vector<Array> arguments;
  for (const Argument &argument : entry().arguments) {
    const TensorType &type = entry().type(argument.value);
    Array array;
    int64_t size = 1;
    for (const Dim &dim : type.dims) {
      array.shape.push_back(
          *dim.evaluate([&](const std::string &name) { return std::optional(symbols.at(name)); }));
      size *= array.shape.back();
    }
    for (int64_t i = 0; i < size; ++i)
      array.elements.push_back(type.dtype == DType::I32 ? pick(6) - 1 : pick(7) - 3);
    arguments.push_back(std::move(array));
  }
  return arguments;
}

Dim RandomEntry::extent() {
  const Dim choices[] = {n, m, n + Dim(1), Dim(2), Dim(3), Dim(1)};
  return choices[pick(6)];
}

ReadPosition RandomEntry::position(const Dim &axis, int depth) {
  ReadPosition result;
  result.kind = ReadPosition::Kind::Index;
  std::vector<const Loop *> exact;
  for (const Loop &loop : loops_)
    if (loop.extent == axis)
      exact.push_back(&loop);
  int choice = pick(8);
  if (!exact.empty() && choice < 5) {
    const Loop &loop = *exact[size_t(pick(int(exact.size())))];
    result.value = loop.index;
    result.affine = Affine{{{loop.index, 1}}, Dim(0)};
    result.inside = true;
    return result;
  }
  if (choice == 7 && depth > 0) {
    // A place that depends on data, in range or not.
    ReadPosition own;
    own.kind = ReadPosition::Kind::Index;
    own.value = loops_[size_t(pick(int(loops_.size())))].index;
    own.affine = Affine{{{own.value, 1}}, Dim(0)};
    ValueId fallback = builder_.integer(0);
    result.value =
        builder_.op(OpKind::Read, {ids_, fallback}, DType::I32, {}, ReadAttr{{own}, true});
    return result;
  }
  Affine affine;
  affine.offset = Dim(pick(4) - 1);
  if (pick(4) == 0)
    affine.offset = affine.offset + n;
  ValueId value = builder_.dimension(affine.offset);
  for (const Loop &loop : loops_) {
    if (pick(3))
      continue;
    const int64_t coefficients[] = {1, 1, 2, -1};
    affine.terms.push_back({loop.index, coefficients[pick(4)]});
    ValueId factor = builder_.integer(affine.terms.back().second);
    value = builder_.map(MapKind::Add, {value, builder_.map(MapKind::Mul, {loop.index, factor})});
  }
  result.value = value;
  result.affine = affine;
  return result;
}

ValueId RandomEntry::readScalar(int depth) {
  ValueId table = tables_[size_t(pick(int(tables_.size())))];
  ReadAttr attr;
  bool outside = false;
  for (const Dim &dim : std::vector<Dim>(builder_.type(table).dims)) {
    attr.positions.push_back(position(dim, depth));
    outside |= !attr.positions.back().inside;
  }
  std::vector<ValueId> operands{table};
  // Mostly with something to stand for what is outside, else few programs would come to an end.
  if (outside && pick(8)) {
    attr.hasFallback = true;
    operands.push_back(pick(2) ? builder_.real(pick(3)) : scalar(0));
  }
  return builder_.op(OpKind::Read, operands, DType::F64, {}, attr);
}

ValueId RandomEntry::condition(int depth) {
  const MapKind kinds[] = {MapKind::Less, MapKind::Equal, MapKind::GreaterEqual, MapKind::NotEqual};
  if (pick(2)) {
    const Loop &loop = loops_[size_t(pick(int(loops_.size())))];
    return builder_.map(kinds[pick(4)], {loop.index, builder_.integer(pick(3))});
  }
  ValueId a = scalar(depth - 1);
  return builder_.map(kinds[pick(4)], {a, scalar(depth - 1)});
}

ValueId RandomEntry::reduction(int depth) {
  const Combiner combiners[] = {Combiner::Sum, Combiner::Sum,    Combiner::Sum,    Combiner::Max,
                                Combiner::Min, Combiner::ArgMax, Combiner::ArgMin, Combiner::Any,
                                Combiner::All, Combiner::Prod};
  Combiner combiner = combiners[pick(10)];
  bool arg = combiner == Combiner::ArgMax || combiner == Combiner::ArgMin;
  bool truth = combiner == Combiner::Any || combiner == Combiner::All;
  std::vector<Dim> extents{extent()};
  if (!arg && pick(2))
    extents.push_back(extent());
  size_t around = loops_.size();
  ValueId result = builder_.reduce(combiner, extents, [&](const std::vector<ValueId> &indices) {
    for (size_t k = 0; k < indices.size(); ++k)
      loops_.push_back({indices[k], extents[k]});
    ValueId body = truth ? condition(depth - 1) : scalar(depth - 1);
    loops_.resize(around);
    return body;
  });
  if (arg)
    return real(result);
  return truth ? builder_.map(MapKind::Select, {result, builder_.real(1), builder_.real(2)})
               : result;
}

/// A tensor made within the nest, of which an element is read.
ValueId RandomEntry::local(int depth) {
  Dim size = extent();
  size_t around = loops_.size();
  ValueId made = builder_.nest({size}, [&](const std::vector<ValueId> &indices) {
    loops_.push_back({indices[0], size});
    ValueId body = scalar(depth - 1);
    loops_.resize(around);
    return body;
  });
  ReadAttr attr;
  attr.positions.push_back(position(size, 1));
  attr.hasFallback = true;
  return builder_.op(OpKind::Read, {made, builder_.real(1)}, DType::F64, {}, attr);
}

ValueId RandomEntry::scan(int depth) {
  Op op;
  op.kind = OpKind::Scan;
  ScanAttr attr;
  attr.extent = m;
  attr.carried = 1;
  attr.inputAxes = {0};
  attr.outputAxes = {0};
  op.operands = {scalar(0), tables_[1]};
  std::vector<ValueId> arguments{builder_.value(DType::I64), builder_.value(DType::F64),
                                 builder_.value(DType::F64)};
  op.regions.push_back(builder_.build(arguments, [&] {
    ValueId product = builder_.map(MapKind::Sub, {arguments[1], arguments[2]});
    ValueId next = builder_.map(MapKind::Max, {product, scalar(depth - 1)});
    return std::vector{next, product};
  }));
  op.attr = attr;
  op.results = {builder_.value(DType::F64), builder_.value(DType::F64, {m})};
  builder_.region().ops.push_back(op);
  if (pick(2))
    return op.results[0];
  ReadAttr read;
  read.positions.push_back(position(m, 1));
  read.hasFallback = true;
  return builder_.op(OpKind::Read, {op.results[1], builder_.real(1)}, DType::F64, {}, read);
}

/// Goes on until a number has shrunk or a few steps are made; each element of a nest by itself.
ValueId RandomEntry::loop(int depth) {
  Op op;
  op.kind = OpKind::Loop;
  LoopAttr attr;
  attr.carried = 2;
  op.operands = {scalar(0), scalar(depth - 1)};
  switch (pick(3)) {
  case 0:
    attr.bound = pick(2) ? m : Dim(3);
    break;
  case 1:
    attr.hasLimit = true;
    op.operands.push_back(builder_.map(
        MapKind::Convert, {pick(2) ? builder_.integer(3) : loops_.back().index}, DType::I64));
  }
  auto arguments = [&] {
    return std::vector{builder_.value(DType::I64), builder_.value(DType::F64),
                       builder_.value(DType::F64)};
  };
  // Two conditions: one that ends in any case, one that differs from element to element.
  std::vector<ValueId> asked = arguments();
  op.regions.push_back(builder_.build(asked, [&] {
    ValueId few = builder_.map(MapKind::Less, {asked[1], builder_.real(4)}, DType::Bool);
    ValueId other = builder_.map(MapKind::Less, {asked[2], scalar(0)}, DType::Bool);
    ValueId mixed = builder_.map(MapKind::Or, {few, other}, DType::Bool);
    ValueId end = builder_.map(MapKind::Less, {asked[1], builder_.real(9)}, DType::Bool);
    return std::vector{builder_.map(MapKind::And, {mixed, end}, DType::Bool)};
  }));
  std::vector<ValueId> body = arguments();
  op.regions.push_back(builder_.build(body, [&] {
    ValueId grown = builder_.map(MapKind::Add, {body[1], builder_.real(1)});
    ValueId next = builder_.map(MapKind::Max, {scalar(depth - 1), body[2]});
    return std::vector{grown, next};
  }));
  op.attr = attr;
  op.results = {builder_.value(DType::F64), builder_.value(DType::F64)};
  builder_.region().ops.push_back(op);
  return op.results[size_t(pick(2))];
}

ValueId RandomEntry::scalar(int depth) {
  if (depth <= 0)
    return pick(3) ? readScalar(0) : builder_.real(pick(5) - 2);
  switch (pick(11)) {
  case 0:
    return real(loops_[size_t(pick(int(loops_.size())))].index);
  case 1:
  case 2:
    return readScalar(depth - 1);
  case 3:
  case 4: {
    const MapKind kinds[] = {MapKind::Add, MapKind::Sub, MapKind::Mul, MapKind::Max};
    ValueId a = scalar(depth - 1);
    return builder_.map(kinds[pick(4)], {a, scalar(depth - 1)});
  }
  case 5: {
    ValueId which = condition(depth);
    return builder_.choose(
        which, [&] { return scalar(depth - 1); }, [&] { return scalar(depth - 1); });
  }
  case 6:
  case 7:
    return reduction(depth);
  case 8:
    return local(depth);
  case 9:
    return loop(depth);
  default:
    return scan(depth);
  }
}

ValueId RandomEntry::vector(int depth, const Dim &own) {
  switch (depth <= 0 ? pick(2) : pick(4)) {
  case 0: {
    AxesAttr axes;
    return builder_.op(OpKind::Broadcast, {scalar(depth)}, DType::F64, {own}, axes);
  }
  case 1: {
    ReadAttr attr;
    ReadPosition whole;
    if (own == m && pick(2)) {
      attr.positions = {position(n, depth), whole};
      std::vector<ValueId> operands{tables_[0]};
      if (!attr.positions[0].inside) {
        attr.hasFallback = true;
        operands.push_back(vector(0, own));
      }
      return builder_.op(OpKind::Read, operands, DType::F64, {own}, attr);
    }
    attr.positions = {whole};
    return builder_.op(OpKind::Read, {own == m ? tables_[1] : tables_[3]}, DType::F64, {own}, attr);
  }
  case 2: {
    ValueId a = vector(depth - 1, own);
    return builder_.map(pick(2) ? MapKind::Add : MapKind::Mul, {a, vector(depth - 1, own)});
  }
  default: {
    ValueId which = condition(depth);
    return builder_.choose(
        which, [&] { return vector(depth - 1, own); }, [&] { return vector(depth - 1, own); });
  }
  }
}

ValueId RandomEntry::movement(ValueId value) {
  std::vector<Dim> dims = builder_.type(value).dims;
  switch (pick(4)) {
  case 0: {
    AxesAttr order;
    std::vector<Dim> moved;
    for (size_t axis = dims.size(); axis-- > 0;) {
      order.axes.push_back(int64_t(axis));
      moved.push_back(dims[axis]);
    }
    return builder_.op(OpKind::Transpose, {value}, DType::F64, moved, order);
  }
  case 1: {
    AxisAttr axis{int64_t(dims.size()) - 1};
    dims.back() = dims.back() + dims.back();
    return builder_.op(OpKind::Concat, {value, value}, DType::F64, dims, axis);
  }
  case 2: {
    dims.push_back(Dim(1));
    return builder_.op(OpKind::Reshape, {value}, DType::F64, dims, std::monostate());
  }
  default:
    return value;
  }
}

} // namespace tenon::test
