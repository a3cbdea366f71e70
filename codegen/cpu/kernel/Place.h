//===- Place.h - Which element of a tensor, and how ops move it -*- C++ -*-===//
//
// Movements are rules that turn a place of their result into one of an operand. They are written
// once, over any arithmetic: IndexMath emits code, SurveyMath (Survey.h) only asks how memory would
// be read.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/KernelEmitter.h"

#include "mlir/IR/AffineExpr.h"

namespace tenon::cpu {
namespace m = mlir;

/// An element of a tensor: its axes in order, in groups. The axes of a group are given by one
/// number that counts through them in row-major order.
template <class Index> struct PlaceOf {
  struct Group {
    unsigned first, count;
    Index at;
    bool operator==(const Group &other) const {
      return first == other.first && count == other.count && at == other.at;
    }
  };
  llvm::SmallVector<Group, 4> groups;

  bool operator==(const PlaceOf &other) const { return groups == other.groups; }
  bool isUniform() const {
    return llvm::all_of(groups, [](const Group &g) { return g.at.isUniform(); });
  }
  void append(const Index &at, unsigned count = 1) {
    unsigned first = groups.empty() ? 0 : groups.back().first + groups.back().count;
    groups.push_back({first, count, at});
  }
};

/// Where an operand's axis gets its place from: an axis of the result, unchanged, or a number.
template <class Index> struct AxisSource {
  int axis = -1;
  Index at{};
};

template <class Math> class Movement {
public:
  using Index = typename Math::Index;
  using Place = PlaceOf<Index>;
  using Source = AxisSource<Index>;

  explicit Movement(Math &math) : math(math) {}

  /// The numbers of a group's axes.
  llvm::SmallVector<Index> split(const typename Place::Group &group, ArrayRef<Dim> dims) {
    llvm::SmallVector<Index> result(group.count, math.constant(Dim(0)));
    Index rest = group.at;
    unsigned outermost = 0;
    while (outermost + 1 < group.count && dims[group.first + outermost].isConstant(1))
      ++outermost;
    for (unsigned i = group.count - 1; i > outermost; --i) {
      if (dims[group.first + i].isConstant(1))
        continue;
      auto [quotient, remainder] = math.divide(rest, dims[group.first + i]);
      result[i] = remainder;
      rest = quotient;
    }
    result[outermost] = rest;
    return result;
  }

  Index axis(const Place &place, ArrayRef<Dim> dims, unsigned axis) {
    for (auto &group : place.groups)
      if (axis < group.first + group.count)
        return group.count == 1 ? group.at : split(group, dims)[axis - group.first];
    llvm_unreachable("an axis beyond the place");
  }

  /// All axes from `first` to `last` (excluded) as one number. Groups don't straddle the borders.
  Index linear(const Place &place, ArrayRef<Dim> dims, unsigned first, unsigned last) {
    Index result = math.constant(Dim(0));
    for (auto &group : place.groups) {
      if (group.first < first || group.first >= last)
        continue;
      Dim size(1);
      for (unsigned i = 0; i < group.count; ++i)
        size = size * dims[group.first + i];
      result = math.add(math.scale(result, size), group.at);
    }
    return result;
  }

  /// The place whose axes come from `sources`; a group of `place` stays one where all its axes are
  /// taken over side by side.
  Place assemble(const Place &place, ArrayRef<Dim> dims, ArrayRef<Source> sources) {
    Place result;
    for (unsigned i = 0; i < sources.size();) {
      if (sources[i].axis < 0) {
        result.append(sources[i++].at);
        continue;
      }
      auto *group = llvm::find_if(
          place.groups, [&](auto &g) { return unsigned(sources[i].axis) < g.first + g.count; });
      unsigned same = 0;
      while (same < group->count && i + same < sources.size() &&
             sources[i + same].axis == int(group->first + same))
        ++same;
      if (same == group->count) {
        result.append(group->at, group->count);
        i += same;
      } else {
        result.append(axis(place, dims, sources[i].axis));
        ++i;
      }
    }
    return result;
  }

  //===--------------------------------------------------------------------===//
  // One rule for each movement
  //===--------------------------------------------------------------------===//

  Place broadcast(BroadcastOp op, const Place &place) {
    llvm::SmallVector<Source> sources;
    for (int64_t axis : op.getAxes())
      sources.push_back({int(axis)});
    return assemble(place, dims(op), sources);
  }

  Place transpose(TransposeOp op, const Place &place) {
    llvm::SmallVector<Source> sources(op.getPermutation().size());
    for (auto [i, from] : llvm::enumerate(op.getPermutation()))
      sources[from] = {int(i)};
    return assemble(place, dims(op), sources);
  }

  Place slice(SliceOp op, const Place &place) {
    auto whole = dimsOf(m::cast<RankedTensorType>(op.getOperand().getType()));
    auto part = dims(op);
    auto offsets = op.getOffsets().getDims();
    llvm::SmallVector<Source> sources;
    for (unsigned i = 0; i < part.size(); ++i) {
      if (offsets[i].isConstant(0) && op.getStrides()[i] == 1 && whole[i] == part[i])
        sources.push_back({int(i)});
      else
        sources.push_back({-1, math.add(math.scale(axis(place, part, i), Dim(op.getStrides()[i])),
                                        math.constant(offsets[i]))});
    }
    return assemble(place, part, sources);
  }

  /// An axis that `pad` or `concat` leaves alone keeps its place.
  static bool isPadded(PadOp op, unsigned axis) {
    return !op.getOffsets().getDims()[axis].isConstant(0) || op.getStrides()[axis] != 1 ||
           !(dimsOf(m::cast<RankedTensorType>(op.getOperand().getType()))[axis] == dims(op)[axis]);
  }

  Place withAxis(const Place &place, ArrayRef<Dim> extents,
                 llvm::function_ref<std::optional<Index>(unsigned)> replaced) {
    llvm::SmallVector<Source> sources;
    for (unsigned i = 0; i < extents.size(); ++i) {
      if (auto own = replaced(i))
        sources.push_back({-1, *own});
      else
        sources.push_back({int(i)});
    }
    return assemble(place, extents, sources);
  }

  Place gatherIndices(GatherOp op, const Place &place) {
    llvm::SmallVector<Source> sources;
    for (unsigned i = 0; i < rankOf(op.getIndices()); ++i)
      sources.push_back({int(i)});
    return assemble(place, dims(op), sources);
  }
  Place gatherTable(GatherOp op, const Place &place, const Index &row) {
    llvm::SmallVector<Source> sources{{-1, row}};
    for (unsigned i = rankOf(op.getIndices()); i < dims(op).size(); ++i)
      sources.push_back({int(i)});
    return assemble(place, dims(op), sources);
  }

  /// Stretches of axes with equal numbers of elements on both sides become one number each, except
  /// where they are one axis on both sides.
  Place reshape(ReshapeOp op, const Place &place) {
    auto to = dims(op), from = dimsOf(m::cast<RankedTensorType>(op.getOperand().getType()));
    auto ends = commonEnds(to, from);
    Place result;
    unsigned first = 0, firstFrom = 0;
    for (auto [last, lastFrom] : ends) {
      if (straddles(place, last))
        continue;
      if (lastFrom > firstFrom)
        result.append(linear(place, to, first, last), lastFrom - firstFrom);
      first = last;
      firstFrom = lastFrom;
    }
    return result;
  }

  /// The place of an operand of a contraction, from a place of its domain: the loops in the order
  /// `position[loop]` gives them, with the extents `domain`.
  Place affine(m::AffineMap map, ArrayRef<Dim> symbols, ArrayRef<unsigned> position,
               ArrayRef<Dim> domain, RankedTensorType operand, const Place &place) {
    llvm::SmallVector<Source> sources;
    auto extents = dimsOf(operand);
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      auto loop = m::dyn_cast<m::AffineDimExpr>(expr);
      if (loop && extents[i] == domain[position[loop.getPosition()]])
        sources.push_back({int(position[loop.getPosition()])});
      else
        sources.push_back({-1, evaluate(expr, symbols, position, domain, place)});
    }
    return assemble(place, domain, sources);
  }

  /// Where an element lies in memory, in elements from its start.
  Index offset(const BufferLayout &layout, const Place &place) {
    auto extents = dimsOf(layout.type);
    Index result = math.constant(Dim(0));
    for (auto &group : place.groups) {
      if (auto stride = strideOf(layout, extents, group)) {
        result = math.add(result, math.scale(group.at, *stride));
        continue;
      }
      for (auto [i, at] : llvm::enumerate(split(group, extents)))
        result = math.add(result, math.scale(at, layout.strides[group.first + i]));
    }
    return result;
  }

  /// An operand of the kernel and a place in its memory.
  struct Address {
    unsigned input;
    Index offset;
  };
  /// Where an element lies that is only moved on its way from an operand; nullopt if it is
  /// computed.
  std::optional<Address> address(m::Value value, const Place &place,
                                 ArrayRef<BufferLayout> inputs) {
    if (auto argument = m::dyn_cast<m::BlockArgument>(value))
      return Address{argument.getArgNumber(), offset(inputs[argument.getArgNumber()], place)};
    m::Operation *op = value.getDefiningOp();
    if (auto moved = m::dyn_cast<BroadcastOp>(op))
      return address(moved.getOperand(), broadcast(moved, place), inputs);
    if (auto moved = m::dyn_cast<TransposeOp>(op))
      return address(moved.getOperand(), transpose(moved, place), inputs);
    if (auto moved = m::dyn_cast<ReshapeOp>(op))
      return address(moved.getOperand(), reshape(moved, place), inputs);
    if (auto moved = m::dyn_cast<SliceOp>(op))
      return address(moved.getOperand(), slice(moved, place), inputs);
    return std::nullopt;
  }

  static llvm::SmallVector<Dim> dims(m::Operation *op) {
    return dimsOf(m::cast<RankedTensorType>(op->getResult(0).getType()));
  }
  static unsigned rankOf(m::Value value) {
    return m::cast<RankedTensorType>(value.getType()).getRank();
  }

private:
  /// From one element of a group of axes to the next; nullopt if they aren't evenly spaced.
  static std::optional<Dim> strideOf(const BufferLayout &layout, ArrayRef<Dim> extents,
                                     const typename Place::Group &group) {
    std::optional<Dim> innermost, next;
    for (int i = group.first + group.count - 1; i >= int(group.first); --i) {
      if (extents[i].isConstant(1) && group.count > 1)
        continue;
      if (next && !(layout.strides[i] == *next))
        return std::nullopt;
      if (!innermost)
        innermost = layout.strides[i];
      next = layout.strides[i] * extents[i];
    }
    return innermost ? *innermost : Dim(0);
  }

  bool straddles(const Place &place, unsigned border) {
    return llvm::any_of(place.groups,
                        [&](auto &g) { return g.first < border && border < g.first + g.count; });
  }

  /// Pairs of numbers of leading axes that hold equally many elements, ascending, the whole last.
  static llvm::SmallVector<std::pair<unsigned, unsigned>> commonEnds(ArrayRef<Dim> a,
                                                                     ArrayRef<Dim> b) {
    auto products = [](ArrayRef<Dim> extents) {
      llvm::SmallVector<Dim> result;
      Dim product(1);
      for (const Dim &extent : extents)
        result.push_back(product = product * extent);
      return result;
    };
    auto left = products(a), right = products(b);
    llvm::SmallVector<std::pair<unsigned, unsigned>> ends;
    unsigned next = 0;
    for (unsigned i = 0; i + 1 < a.size(); ++i)
      for (unsigned j = next; j + 1 < b.size(); ++j)
        if (left[i] == right[j]) {
          ends.push_back({i + 1, j + 1});
          next = j + 1;
          break;
        }
    ends.push_back({unsigned(a.size()), unsigned(b.size())});
    return ends;
  }

  Index evaluate(m::AffineExpr expr, ArrayRef<Dim> symbols, ArrayRef<unsigned> position,
                 ArrayRef<Dim> domain, const Place &place) {
    auto recurse = [&](m::AffineExpr e) { return evaluate(e, symbols, position, domain, place); };
    if (auto dim = m::dyn_cast<m::AffineDimExpr>(expr))
      return axis(place, domain, position[dim.getPosition()]);
    if (auto constant = constantValue(expr, symbols))
      return math.constant(*constant);
    auto binary = m::cast<m::AffineBinaryOpExpr>(expr);
    if (expr.getKind() == m::AffineExprKind::Add)
      return math.add(recurse(binary.getLHS()), recurse(binary.getRHS()));
    auto right = constantValue(binary.getRHS(), symbols);
    if (expr.getKind() == m::AffineExprKind::Mul)
      return right ? math.scale(recurse(binary.getLHS()), *right)
                   : math.scale(recurse(binary.getRHS()), *constantValue(binary.getLHS(), symbols));
    if (expr.getKind() == m::AffineExprKind::FloorDiv)
      return math.floorDiv(recurse(binary.getLHS()), *right);
    if (expr.getKind() == m::AffineExprKind::Mod)
      return math.mod(recurse(binary.getLHS()), *right);
    Index shifted = math.add(recurse(binary.getLHS()), math.constant(*right - Dim(1)));
    return math.floorDiv(shifted, *right);
  }

  /// An expression without loops as a number.
  static std::optional<Dim> constantValue(m::AffineExpr expr, ArrayRef<Dim> symbols) {
    if (auto constant = m::dyn_cast<m::AffineConstantExpr>(expr))
      return Dim(constant.getValue());
    if (auto symbol = m::dyn_cast<m::AffineSymbolExpr>(expr))
      return symbols[symbol.getPosition()];
    auto binary = m::dyn_cast<m::AffineBinaryOpExpr>(expr);
    if (!binary)
      return std::nullopt;
    auto left = constantValue(binary.getLHS(), symbols);
    auto right = constantValue(binary.getRHS(), symbols);
    if (!left || !right)
      return std::nullopt;
    switch (expr.getKind()) {
    case m::AffineExprKind::Add:
      return *left + *right;
    case m::AffineExprKind::Mul:
      return *left * *right;
    case m::AffineExprKind::FloorDiv:
      return Dim::floorDiv(*left, *right);
    case m::AffineExprKind::CeilDiv:
      return Dim::floorDiv(*left + *right - Dim(1), *right);
    case m::AffineExprKind::Mod:
      return Dim::mod(*left, *right);
    default:
      return std::nullopt;
    }
  }

  Math &math;
};

} // namespace tenon::cpu
