//===- Hessian.cpp - Second derivatives, forward over reverse -------------===//
//
// One nest over all elements that are derived by: the gradient's tangent in the direction of each.
// What doesn't depend on the direction is computed once, and the directions side by side.
//
//===----------------------------------------------------------------------===//
#include "frontend/check/Elaborator.h"

using namespace tenon;
using namespace tenon::check;

std::optional<Tensor> Elaborator::secondDerivatives(const std::vector<Tensor> &inputs,
                                                    const std::vector<Axis> &sizes,
                                                    SourceRange range,
                                                    const DifferentiatedBody &body) {
  Axis all{Dim(0), range};
  for (const Axis &size : sizes)
    all.dim = all.dim + size.dim;
  builder->open(Builder::Frame::Nest);
  auto direction = makeIndex("direction", range, builder->depth());
  direction->extent = all.dim;
  direction->axis = all;
  direction->given = true;
  Tensor places = builder->emit(OpKind::Iota, {}, DType::I32, {all}, range, AxisAttr{0});
  Tensor here = broadcast({direction->value, DType::I32, {}}, {all}, {}, range);
  Tensor hit = builder->emitMap(MapKind::Equal, {places.id, here.id}, DType::Bool, {all}, range);
  Tensor basis = builder->emitMap(MapKind::Convert, {hit.id}, inputs[0].dtype, {all}, range);
  std::vector<Tensor> tangents;
  Dim offset(0);
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor part = inputs.size() == 1 ? basis
                                     : builder->emit(OpKind::Slice, {basis.id}, basis.dtype,
                                                     {sizes[i]}, range, SliceAttr{{offset}, {1}});
    offset = offset + sizes[i].dim;
    tangents.push_back(
        builder->emit(OpKind::Reshape, {part.id}, part.dtype, inputs[i].axes, range));
  }
  auto gradient = [&](const std::vector<Tensor> &at) -> std::optional<std::vector<Tensor>> {
    auto inner = differentiate(false, at, {}, range, body);
    return inner ? std::optional(inner->derivatives) : std::nullopt;
  };
  auto outer = differentiate(true, inputs, tangents, range, gradient);
  if (!outer) {
    builder->close({});
    return std::nullopt;
  }
  std::vector<ValueId> rows;
  for (size_t i = 0; i < inputs.size(); ++i)
    rows.push_back(
        builder->emit(OpKind::Reshape, {outer->derivatives[i].id}, basis.dtype, {sizes[i]}, range)
            .id);
  ValueId row = rows[0];
  if (rows.size() > 1)
    row = builder->emit(OpKind::Concat, rows, basis.dtype, {all}, range, AxisAttr{0}).id;
  std::vector<Region> regions;
  regions.push_back(builder->close({row}));
  LoopsAttr loops;
  loops.extents = {known(all.dim)};
  loops.names = {direction->name};
  return builder->emit(OpKind::Nest, {}, basis.dtype, {all, all}, range, loops, std::move(regions));
}

/// The upper half twice: rounding makes the two differ in their last bits.
Tensor Elaborator::mirrored(const Tensor &matrix, SourceRange range) {
  auto iota = [&](int64_t axis) {
    return builder->emit(OpKind::Iota, {}, DType::I32, matrix.axes, range, AxisAttr{axis});
  };
  Tensor row = iota(0), column = iota(1);
  Tensor upper =
      builder->emitMap(MapKind::LessEqual, {row.id, column.id}, DType::Bool, matrix.axes, range);
  Tensor turned = builder->emit(OpKind::Transpose, {matrix.id}, matrix.dtype, matrix.axes, range,
                                AxesAttr{{1, 0}});
  return builder->emitMap(MapKind::Select, {upper.id, matrix.id, turned.id}, matrix.dtype,
                          matrix.axes, range);
}

Value Elaborator::hessian(const std::vector<Tensor> &inputs, const std::vector<Value> &wrt,
                          SourceRange range, const DifferentiatedBody &body) {
  std::vector<Axis> sizes;
  for (const Tensor &input : inputs) {
    dtypes.unify(input.dtype, dtypes.fresh(true));
    if (!dtypes.unify(inputs[0].dtype, input.dtype))
      return error(Code::DtypeMix, range,
                   "`hessian` derives by parameters of one dtype, and these are " +
                       dtypeText(inputs[0].dtype) + " and " + dtypeText(input.dtype))
                 .help("convert one of them: `" + dtypeText(inputs[0].dtype) + "(…)`"),
             ErrorValue{};
    Dim size(1);
    for (const Axis &axis : input.axes)
      size = size * known(axis.dim);
    sizes.emplace_back(size, range);
  }
  if (inputs.size() * inputs.size() > CheckLimits::valueSize)
    return fail(Code::ValueTooLarge, range,
                "these second derivatives have more than " +
                    std::to_string(CheckLimits::valueSize) + " parts");
  auto all = secondDerivatives(inputs, sizes, range, body);
  if (!all)
    return ErrorValue{};
  Tensor matrix = mirrored(*all, range);
  auto block = [&](size_t i, const Dim &row, size_t k, const Dim &column) -> Value {
    Tensor part = matrix;
    if (inputs.size() > 1)
      part = builder->emit(OpKind::Slice, {part.id}, part.dtype, {sizes[i], sizes[k]}, range,
                           SliceAttr{{row, column}, {1, 1}});
    std::vector<Axis> axes = inputs[i].axes;
    axes.insert(axes.end(), inputs[k].axes.begin(), inputs[k].axes.end());
    return builder->emit(OpKind::Reshape, {part.id}, part.dtype, axes, range);
  };
  auto structured = [&](const std::vector<Value> &parts) -> Value {
    size_t next = 0;
    std::vector<Value> each;
    for (const Value &one : wrt)
      each.push_back(rebuild(one, parts, next));
    return each.size() == 1 ? each[0] : Value(Sequence{false, Parts<Value>(each)});
  };
  std::vector<Value> rows;
  Dim row(0);
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::vector<Value> columns;
    Dim column(0);
    for (size_t k = 0; k < inputs.size(); ++k) {
      columns.push_back(block(i, row, k, column));
      column = column + sizes[k].dim;
    }
    rows.push_back(structured(columns));
    row = row + sizes[i].dim;
  }
  return structured(rows);
}
