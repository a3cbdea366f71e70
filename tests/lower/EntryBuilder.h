//===- EntryBuilder.h - Checked entries made by hand ------------*- C++ -*-===//
#pragma once

#include "frontend/check/Program.h"

#include <functional>

namespace tenon::test {

using namespace check;

/// Appends operations to an entry, as the checker does.
class EntryBuilder {
public:
  Entry entry;

  EntryBuilder() { entry.name = "f"; }

  ValueId argument(const std::string &name, DType dtype, std::vector<Dim> dims) {
    ValueId id = value(dtype, std::move(dims));
    entry.arguments.push_back({name, Role::Input, id, {}});
    entry.body.arguments.push_back(id);
    return id;
  }
  void result(ValueId id) {
    entry.results.push_back({std::to_string(entry.results.size()), Role::Result, id, {}});
    entry.body.results.push_back(id);
  }

  const TensorType &type(ValueId id) const { return entry.type(id); }
  ValueId value(DType dtype, std::vector<Dim> dims = {}) {
    entry.values.push_back({dtype, std::move(dims)});
    return ValueId(entry.values.size() - 1);
  }

  template <typename Attr>
  ValueId op(OpKind kind, std::vector<ValueId> operands, DType dtype, std::vector<Dim> dims,
             Attr attr) {
    Op op;
    op.kind = kind;
    op.operands = std::move(operands);
    op.results = {value(dtype, std::move(dims))};
    op.attr = std::move(attr);
    region().ops.push_back(std::move(op));
    return region().ops.back().results[0];
  }

  ValueId map(MapKind kind, std::vector<ValueId> operands) {
    bool boolean = (kind >= MapKind::Equal && kind <= MapKind::IsFinite);
    ValueId shape = kind == MapKind::Select ? operands[1] : operands[0];
    return map(kind, operands, boolean ? DType::Bool : type(shape).dtype);
  }
  ValueId map(MapKind kind, std::vector<ValueId> operands, DType dtype) {
    std::vector<Dim> dims = type(operands[0]).dims;
    ValueId id = op(OpKind::Map, std::move(operands), dtype, dims, std::monostate());
    region().ops.back().map = kind;
    return id;
  }
  ValueId integer(int64_t number) {
    return op(OpKind::Constant, {}, DType::I32, {}, ConstantAttr{number, 0});
  }
  ValueId real(double number) {
    return op(OpKind::Constant, {}, DType::F64, {}, ConstantAttr{0, number});
  }
  ValueId dimension(const Dim &dim) {
    return op(OpKind::Dimension, {}, DType::I32, {}, DimAttr{dim});
  }
  ValueId check(ValueId condition, const std::string &message) {
    Op op;
    op.kind = OpKind::Check;
    op.operands = {condition};
    op.attr = CheckAttr{message};
    region().ops.push_back(std::move(op));
    return condition;
  }

  /// `body` gets the loop indices and gives the region's result.
  using Body = std::function<ValueId(const std::vector<ValueId> &)>;
  ValueId nest(std::vector<Dim> extents, const Body &body) {
    return loops(OpKind::Nest, std::move(extents), Combiner::Sum, body);
  }
  ValueId reduce(Combiner combiner, std::vector<Dim> extents, const Body &body) {
    return loops(OpKind::Reduce, std::move(extents), combiner, body);
  }
  ValueId choose(ValueId condition, const std::function<ValueId()> &yes,
                 const std::function<ValueId()> &no) {
    Op op;
    op.kind = OpKind::If;
    op.operands = {condition};
    op.regions.push_back(build({}, [&] { return std::vector{yes()}; }));
    op.regions.push_back(build({}, [&] { return std::vector{no()}; }));
    ValueId like = op.regions[0].results[0];
    op.results = {value(type(like).dtype, type(like).dims)};
    region().ops.push_back(std::move(op));
    return region().ops.back().results[0];
  }
  Region build(std::vector<ValueId> arguments, const std::function<std::vector<ValueId>()> &body) {
    Region region;
    region.arguments = std::move(arguments);
    stack_.push_back(&region);
    region.results = body();
    stack_.pop_back();
    return region;
  }
  Region &region() { return stack_.empty() ? entry.body : *stack_.back(); }

private:
  ValueId loops(OpKind kind, std::vector<Dim> extents, Combiner combiner, const Body &body) {
    Op op;
    op.kind = kind;
    std::vector<ValueId> indices;
    for (size_t i = 0; i < extents.size(); ++i)
      indices.push_back(value(DType::I32));
    op.regions.push_back(build(indices, [&] { return std::vector{body(indices)}; }));
    const TensorType &inner = type(op.regions[0].results[0]);
    TensorType outer = inner;
    bool arg = combiner == Combiner::ArgMax || combiner == Combiner::ArgMin;
    if (kind == OpKind::Nest)
      outer.dims.insert(outer.dims.begin(), extents.begin(), extents.end());
    else if (arg)
      outer.dtype = DType::I32;
    LoopsAttr attr;
    attr.names.assign(extents.size(), "i");
    attr.extents = std::move(extents);
    attr.combiner = combiner;
    op.attr = std::move(attr);
    op.results = {value(outer.dtype, outer.dims)};
    region().ops.push_back(std::move(op));
    return region().ops.back().results[0];
  }

  std::vector<Region *> stack_;
};

} // namespace tenon::test
