//===- Indices.cpp - Index notation: nests, reductions, ranges ------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>
#include <utility>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

std::shared_ptr<LoopIndex> Elaborator::makeIndex(const std::string &name, SourceRange written,
                                                 size_t frame) {
  auto index = std::make_shared<LoopIndex>();
  index->name = name;
  index->written = written;
  index->activeDepth = active.size();
  index->value = builder->argumentAt(frame, DType::I32).id;
  affines[index->value] = Affine{{{index->value, 1}}, Dim(0)};
  forms[index->value] = Dim::symbol("%i" + std::to_string(index->value));
  loopIndices[index->value] = index;
  return index;
}

bool Elaborator::openIndices(ast::List<ast::Index> head, ScopePtr outer, Scope &inner,
                             IndexBinder &binder) {
  bool ok = true;
  binder.frameDepth = builder->depth();
  binder.activeDepth = active.size();
  if (head.size() > CheckLimits::rank) {
    error(Code::TensorTooLarge, SourceRange::join(head.front().range, head.back().range),
          "a bracket binds at most " + std::to_string(CheckLimits::rank) +
              " indices, and this binds " + std::to_string(head.size()))
        .done();
    return false;
  }
  for (const ast::Index &written : head) {
    if (written.ellipsis) {
      if (binder.hasEllipsis) {
        error(Code::EllipsisRank, written.range, "`...` stands twice in one bracket").done();
        ok = false;
      }
      binder.hasEllipsis = true;
      binder.ellipsisAt = binder.indices.size();
      binder.ellipsisRange = written.range;
      continue;
    }
    std::optional<Dim> extent;
    if (written.extent) {
      Value value = evaluate(written.extent, outer);
      extent = asDim(value);
      ok &= extent.has_value();
      if (!extent && !value.isError())
        error(Code::BadDimension, written.extent->range,
              "an index's range is a whole number, and this is " + typeText(value))
            .done();
    }
    for (auto &other : binder.indices)
      if (other->name == written.name.text) {
        error(Code::DuplicateName, written.name.range,
              "the index `" + other->name + "` stands twice in one bracket")
            .secondary(other->written, "first here");
        ok = false;
        silentIndices = true;
      }
    auto index = makeIndex(std::string(written.name.text), written.name.range, builder->depth());
    index->extent = extent;
    index->given = extent.has_value();
    index->isHead = binder.isHead;
    binder.indices.push_back(index);
    Tensor tensor{index->value, DType::I32, {}};
    bind(inner, written.name.text, tensor, written.name.range);
  }
  return ok;
}

bool Elaborator::expandEllipsis(IndexBinder &binder, const Tensor &tensor, size_t from,
                                size_t count, SourceRange range, const std::string &name) {
  if (!binder.ellipsisKnown) {
    binder.ellipsisKnown = true;
    binder.ellipsisCount = count;
    for (size_t i = 0; i < count; ++i) {
      auto index = makeIndex("...", binder.ellipsisRange, binder.frameDepth);
      index->axis = tensor.axes[from + i];
      index->isHead = binder.isHead;
      binder.indices.insert(binder.indices.begin() + binder.ellipsisAt + i, index);
    }
    binder.ellipsisUse = range;
  } else if (binder.ellipsisCount != count) {
    error(Code::EllipsisRank, range,
          "`...` stands for " + std::to_string(count) +
              (count == 1 ? " dimension" : " dimensions") + " of `" + name + "`, and for " +
              std::to_string(binder.ellipsisCount) + " elsewhere")
        .label(typeText(tensor))
        .secondary(binder.ellipsisUse, "here for " + std::to_string(binder.ellipsisCount));
    return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

void Elaborator::constrain(const Affine &affine, const Axis &axis, SourceRange range,
                           const std::string &name, bool guarded) {
  bool alone =
      affine.terms.size() == 1 && affine.terms[0].second == 1 && affine.offset.isConstant(0);
  for (auto &[value, coefficient] : affine.terms) {
    auto &index = loopIndices.at(value);
    if (index->activeDepth != active.size())
      continue;
    index->uses.push_back({affine, axis, range, name, conditional > 0, alone, guarded});
  }
}

/// The largest value of the other terms; nullopt if an extent isn't known.
std::optional<Dim> Elaborator::largest(const Affine &affine, ValueId except) const {
  Dim result = affine.offset;
  for (auto &[value, coefficient] : affine.terms) {
    if (value == except)
      continue;
    auto &index = loopIndices.at(value);
    if (!index->extent)
      return std::nullopt;
    if (coefficient > 0)
      result = result + Dim(coefficient) * (known(*index->extent) - Dim(1));
  }
  return result;
}

const LoopIndex::Use *Elaborator::callDecides(LoopIndex &index, const LoopIndex::Use &a,
                                              const LoopIndex::Use &b) {
  bool isPair = (a.axis.decided == Decided::ByCall && b.axis.decided == Decided::Fixed) ||
                (b.axis.decided == Decided::ByCall && a.axis.decided == Decided::Fixed);
  if (!index.isHead || !isPair)
    return nullptr;
  const LoopIndex::Use &open = a.axis.decided == Decided::ByCall ? a : b;
  const LoopIndex::Use &fixed = &open == &a ? b : a;
  Dim range = known(open.axis.dim), size = known(fixed.axis.dim);
  if (facts.provesNotLess(size, range))
    return &open;
  if (facts.provesNotLess(range, size + Dim(1))) {
    index.conflict = true;
    auto report = error(Code::OutOfRange, fixed.range,
                        "`" + index.name + "` runs over the " + dimText(range) + " of `" +
                            open.name + "`, and `" + fixed.name + "` has only " + dimText(size));
    report.label("here " + dimText(size)).secondary(open.range, "here " + dimText(range));
    if (!isLibrary(fixed.axis.origin))
      report.secondary(fixed.axis.origin, "the " + dimText(size) + " comes from here");
    return &open;
  }
  reaches.push_back({range, size, fixed.range,
                     "`" + index.name + "` runs further than `" + fixed.name + "` reaches"});
  return &open;
}

/// The checks that fixed sizes reach as far as the call's, made before the nest that needs them.
void Elaborator::emitReaches() {
  for (Reach &reach : std::exchange(reaches, {})) {
    if (facts.provesNotLess(reach.size, reach.range))
      continue;
    auto range = materialise(Number::integer(reach.range), DType::I64, reach.at);
    auto size = materialise(Number::integer(reach.size), DType::I64, reach.at);
    Op op;
    op.kind = OpKind::Check;
    op.operands = {
        builder->emitMap(MapKind::LessEqual, {range->id, size->id}, DType::Bool, {}, reach.at).id};
    op.attr = CheckAttr{reach.message};
    op.range = reach.at;
    builder->append(std::move(op));
    facts.assumeNotLess(reach.size, reach.range);
  }
}

bool Elaborator::solveIndex(LoopIndex &index) {
  const LoopIndex::Use *first = nullptr;
  bool anyPlain = std::any_of(index.uses.begin(), index.uses.end(),
                              [](auto &use) { return use.alone && !use.conditional; });
  for (const LoopIndex::Use &use : index.uses) {
    // A branch that isn't taken constrains nothing where something else does.
    if (!use.alone || (anyPlain && use.conditional))
      continue;
    if (!first) {
      first = &use;
      continue;
    }
    if (equal(first->axis.dim, use.axis.dim) || index.conflict)
      continue;
    if (const LoopIndex::Use *decides = callDecides(index, *first, use)) {
      first = decides;
      continue;
    }
    index.conflict = true;
    std::string one = dimText(first->axis.dim), two = dimText(use.axis.dim);
    auto report = error(Code::IndexConflict, use.range,
                        "`" + index.name + "` runs over " + one + " in `" + first->name +
                            "` and over " + two + " in `" + use.name + "`");
    report.label("here " + two).secondary(first->range, "here " + one);
    for (const LoopIndex::Use *each : {first, &use})
      if (!isLibrary(each->axis.origin))
        report.secondary(each->axis.origin, "the " + dimText(each->axis.dim) + " comes from here");
    if (first->conditional || !first->axis.dim.constant() || !use.axis.dim.constant())
      report.help("give the range: `" + index.name + ": " + one + "`")
          .fix(index.written, index.name + ": " + one);
  }
  if (first) {
    index.extent = known(first->axis.dim);
    index.axis = first->axis;
    return true;
  }
  std::optional<Dim> least;
  for (const LoopIndex::Use &use : index.uses) {
    if (use.guarded)
      continue;
    auto term = std::find_if(use.affine.terms.begin(), use.affine.terms.end(),
                             [&](auto &t) { return t.first == index.value; });
    if (term == use.affine.terms.end() || term->second < 0)
      continue;
    auto others = largest(use.affine, index.value);
    if (!others)
      continue;
    auto steps = Dim::floorDiv(known(use.axis.dim) - Dim(1) - *others, Dim(term->second));
    Dim extent = *steps + Dim(1);
    least = least ? Dim::min(*least, extent) : extent;
    index.axis = Axis(extent, use.range);
  }
  if (least && least->constant() && *least->constant() < 0)
    least = Dim(0);
  // `x[t - 1] else 0.0` is as long as x, where nothing else says how far `t` runs.
  if (!least)
    for (const LoopIndex::Use &use : index.uses)
      if (use.guarded && use.affine.terms.size() == 1 && use.affine.terms[0].second == 1) {
        least = known(use.axis.dim);
        index.axis = use.axis;
        break;
      }
  if (least)
    index.extent = least;
  return least.has_value();
}

bool Elaborator::solveIndices(std::vector<std::shared_ptr<LoopIndex>> &indices, bool report) {
  bool progress = true, ok = true;
  while (progress) {
    progress = false;
    for (auto &index : indices)
      if (!index->extent)
        progress |= solveIndex(*index);
  }
  for (auto &index : indices) {
    ok &= index->extent.has_value();
    if (index->extent || !report)
      continue;
    index->extent = Dim(0);
    // `x[stride * i]` with an open stride says nothing that can be checked here.
    if (silentIndices || (openInts && opaquePosition))
      continue;
    auto message =
        error(Code::IndexRange, index->written, "nothing says how far `" + index->name + "` runs");
    if (!index->uses.empty())
      message.secondary(index->uses[0].range, "its place here depends on something else, too");
    message.help("write its range: `" + index->name + ": n`");
  }
  return ok;
}

//===----------------------------------------------------------------------===//
// Nests and reductions
//===----------------------------------------------------------------------===//

std::optional<Elaborator::Loops> Elaborator::evaluateLoops(ast::List<ast::Index> head,
                                                           const ast::Expr *body, ScopePtr scope,
                                                           bool isHead,
                                                           const std::vector<Axis> *extents) {
  spend(50); // finding ranges and proving reads takes longer than what stands there says
  IndexBinder binder;
  binder.isHead = isHead;
  auto inner = std::make_shared<Scope>(scope);
  std::vector<std::shared_ptr<LoopIndex>> before = std::move(unsolved);
  unsolved.clear();
  builder->open(Builder::Frame::Nest);
  bool silent = silentIndices;
  bool ok = openIndices(head, scope, *inner, binder);
  for (size_t i = 0; extents && i < extents->size() && i < binder.indices.size(); ++i) {
    binder.indices[i]->extent = (*extents)[i].dim;
    binder.indices[i]->axis = (*extents)[i];
    binder.indices[i]->given = true;
  }
  binders.push_back(&binder);
  Value value = evaluate(body, inner);
  binders.pop_back();
  auto tensor =
      value.is<NoValue>() ? std::nullopt : asTensor(value, body ? body->range : SourceRange());
  if (value.is<NoValue>())
    error(Code::NotATensor, body->range, "this has no value").done();
  if (!tensor)
    ok = false;
  silentIndices |= !tensor;
  if (binder.hasEllipsis && !binder.ellipsisKnown && tensor)
    error(Code::EllipsisRank, binder.ellipsisRange, "nothing says what `...` stands for here")
        .done();
  for (auto &index : unsolved)
    binder.indices.push_back(index);
  size_t own = binder.indices.size() - unsolved.size();
  bool outermost = binders.empty() || binders.back()->activeDepth != active.size();
  bool solved = solveIndices(binder.indices, outermost);
  unsolved = std::move(before);
  if (!outermost)
    for (auto &index : binder.indices)
      if (!index->extent)
        unsolved.push_back(index);
  silentIndices = silent;
  ok &= solved || !outermost;
  Loops loops;
  for (size_t i = 0; i < own; ++i) {
    auto &index = binder.indices[i];
    loops.indices.push_back(index);
    loops.attr.names.push_back(index->name);
    loops.attr.extents.push_back(index->extent.value_or(Dim(0)));
    Axis axis = index->axis;
    axis.dim = index->extent.value_or(Dim(0));
    axis.fromEllipsis &= index->name == "...";
    loops.axes.push_back(axis);
    if (!axis.dim.isValid())
      error(Code::DimensionOverflow, index->written, "this index's range doesn't fit 64 bits")
          .done();
  }
  loops.region = builder->close({tensor ? tensor->id : kNoValue});
  loops.region.arguments.clear();
  for (auto &index : loops.indices)
    loops.region.arguments.push_back(index->value);
  if (!ok)
    return std::nullopt;
  loops.body = *tensor;
  if (outermost) {
    emitReaches();
    settle(loops.region);
  }
  return loops;
}

Value Elaborator::evaluateNest(ast::List<ast::Index> head, const ast::Expr *body, SourceRange range,
                               ScopePtr scope, const std::vector<Axis> *extents) {
  auto loops = evaluateLoops(head, body, scope, /*isHead=*/true, extents);
  if (!loops)
    return ErrorValue{};
  std::vector<Axis> axes = loops->axes;
  axes.insert(axes.end(), loops->body.axes.begin(), loops->body.axes.end());
  std::vector<Region> regions;
  regions.push_back(std::move(loops->region));
  return builder->emit(OpKind::Nest, {}, loops->body.dtype, axes, range, loops->attr,
                       std::move(regions));
}

static Combiner combinerOf(ast::Reduction reduction) {
  switch (reduction) {
  case ast::Reduction::Sum:
  case ast::Reduction::Mean:
    return Combiner::Sum;
  case ast::Reduction::Prod:
    return Combiner::Prod;
  case ast::Reduction::Max:
    return Combiner::Max;
  case ast::Reduction::Min:
    return Combiner::Min;
  case ast::Reduction::Argmax:
    return Combiner::ArgMax;
  case ast::Reduction::Argmin:
    return Combiner::ArgMin;
  case ast::Reduction::LogSumExp:
    return Combiner::LogSumExp;
  case ast::Reduction::Any:
    return Combiner::Any;
  case ast::Reduction::All:
    return Combiner::All;
  }
  return Combiner::Sum;
}

bool Elaborator::checkReduced(ast::Reduction reduction, const Tensor &body, SourceRange range) {
  Dt dtype = dtypes.find(body.dtype);
  bool truth = dtype.variable < 0 && dtype.fixed == DType::Bool;
  bool wantsTruth = reduction == ast::Reduction::Any || reduction == ast::Reduction::All;
  bool wantsReal = reduction == ast::Reduction::Mean || reduction == ast::Reduction::LogSumExp;
  if (truth != wantsTruth) {
    auto report =
        error(Code::DtypeMix, range,
              wantsTruth ? "`any` and `all` join truth values, and this is " + typeText(body)
                         : "a reduction of numbers, and this is " + typeText(body));
    if (truth)
      report.help("count with `sum` of `i32(…)`, or ask `any` or `all`");
    return false;
  }
  if (!wantsReal)
    return true;
  if (dtypes.unify(dtype, dtypes.fresh(true)))
    if (Dt now = dtypes.find(dtype); now.variable >= 0 || isReal(now.fixed))
      return true;
  error(Code::DtypeMix, range, "a mean of " + dtypeText(dtype) + " numbers isn't one of them")
      .help("convert first: `f32(…)`");
  return false;
}

Value Elaborator::evaluateReduce(const ast::ReduceExpr &expr, ScopePtr scope) {
  auto loops = evaluateLoops(expr.indices, expr.body, scope, /*isHead=*/false);
  if (!loops || !checkReduced(expr.reduction, loops->body, expr.body->range))
    return ErrorValue{};
  bool place = expr.reduction == ast::Reduction::Argmax || expr.reduction == ast::Reduction::Argmin;
  if (place && loops->indices.size() != 1)
    return fail(Code::BadReduction, expr.head,
                "the place of the largest is one index, and this has " +
                    std::to_string(loops->indices.size()));
  loops->attr.combiner = combinerOf(expr.reduction);
  std::vector<Region> regions;
  regions.push_back(std::move(loops->region));
  Tensor result = builder->emit(OpKind::Reduce, {}, place ? Dt(DType::I32) : loops->body.dtype,
                                loops->body.axes, expr.range, loops->attr, std::move(regions));
  if (place && !builder->inNest())
    assumeBelow(result.id, loops->attr.extents[0]);
  if (expr.reduction != ast::Reduction::Mean)
    return result;
  Dim count(1);
  for (const Dim &extent : loops->attr.extents)
    count = count * extent;
  Tensor divisor =
      builder->emit(OpKind::Dimension, {}, result.dtype, {}, expr.head, DimAttr{count});
  for (auto &index : loops->indices)
    if (!index->extent)
      pendingCounts[divisor.id] = loops->indices;
  return tensors(MapKind::Div, result, divisor, expr.range, expr.range, expr.head);
}

Value Elaborator::reduceAll(ast::Reduction reduction, const Tensor &tensor, SourceRange range) {
  if (!checkReduced(reduction, tensor, range))
    return ErrorValue{};
  bool place = reduction == ast::Reduction::Argmax || reduction == ast::Reduction::Argmin;
  if (place && tensor.rank() != 1)
    return fail(Code::BadReduction, range,
                "the place of the largest is one index, and this is " + typeText(tensor));
  if (tensor.isScalar())
    return tensor;
  LoopsAttr attr;
  attr.combiner = combinerOf(reduction);
  ReadAttr read;
  builder->open(Builder::Frame::Nest);
  Dim count(1);
  std::vector<ValueId> arguments;
  for (const Axis &axis : tensor.axes) {
    ValueId index = builder->argument(DType::I32, {}).id;
    attr.extents.push_back(axis.dim);
    attr.names.push_back("i" + std::to_string(arguments.size()));
    read.positions.push_back(
        {ReadPosition::Kind::Index, index, Affine{{{index, 1}}, Dim(0)}, true});
    arguments.push_back(index);
    count = count * axis.dim;
  }
  Tensor element = builder->emit(OpKind::Read, {tensor.id}, tensor.dtype, {}, range, read);
  std::vector<Region> regions;
  regions.push_back(builder->close({element.id}));
  Tensor result = builder->emit(OpKind::Reduce, {}, place ? Dt(DType::I32) : tensor.dtype, {},
                                range, attr, std::move(regions));
  if (reduction != ast::Reduction::Mean)
    return result;
  auto divisor = materialise(Number::integer(count), result.dtype, range);
  return tensors(MapKind::Div, result, *divisor, range, range, range);
}
