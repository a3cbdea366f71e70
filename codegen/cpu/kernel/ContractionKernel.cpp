//===- ContractionKernel.cpp - Matrix products in register tiles ----------===//
//
// The right operand comes in panels (Panels.h). A block of rows and panels is computed tile by
// tile: the sums of a tile live in registers while k runs through a stretch of at most `kStretch`
// rows of the panel, and in scratch between stretches, so that each sum is one ascending chain. The
// left operand is read where it lies if its elements are only moved and evenly spaced along k; else
// it is computed into scratch, tile by tile, rows of a tile side by side. Maps on the result are
// computed when a tile is finished; a reduction of neighbouring rows, too, before anything is
// stored.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/VectorMath.h"
#include "codegen/cpu/kernel/CombineCode.h"
#include "codegen/cpu/kernel/ElementLoops.h"
#include "codegen/cpu/kernel/Kernels.h"
#include "codegen/cpu/kernel/LeftOperand.h"
#include "codegen/cpu/kernel/Panels.h"

namespace tenon::cpu {

namespace {

class ContractionKernel {
public:
  ContractionKernel(Emission &e, ContractOp contract, ContractOp fold)
      : e(e), b(e.b), contract(contract), product(contract, fold, e.request.partitionAxis),
        tile(e.target, product, e.request.partitionAxis.has_value()), values(e.request.op),
        left(e, product, tile), pull(e, tile.width / 2) {
    panelInput = *packedOperand(e.request.op, contract);
    element = elementOf(contract.getResult().getType());
    number = e.registerType(element);
    rows = product.extent(product.m);
    columns = product.extent(product.n);
    depth = product.extent(product.k);
    panelCount = *Dim::floorDiv(columns + Dim(tile.width - 1), Dim(tile.width));
    auto constant = depth.constant();
    isOneStretch = constant && *constant <= tile.kStretch;
  }

  llvm::Expected<EmittedKernel> emit() {
    if (product.isPartitionedByColumn)
      return cannot(contract, "the partition of a contraction along the columns of its panels");
    if (product.fold && e.request.partitionAxis)
      return cannot(product.fold, "the partition of a contraction whose rows are joined");
    sums = e.scratch;
    bind(contract, finished);
    if (product.fold)
      bind(product.fold, folded);
    EmittedKernel kernel;
    if (e.request.partitionAxis) {
      kernel.tasks = product.extents[product.partitionLoop];
      emitPartition(Place(), 0);
    } else {
      kernel.tasks = product.extent(product.batch) * rowBlocks() * columnBlocks();
      e.loop(e.lo, e.hi, e.number(1), [&](Value *task) { emitTask(task); });
    }
    kernel.grain = 1;
    kernel.scratchBytes = sumsBytes() + left.scratchBytes();
    for (const Pull *p : {&pull, &left.reader()})
      if (auto error = finish(*p))
        return std::move(error);
    return kernel;
  }

private:
  /// The element of a contraction at the one place for which it was computed.
  struct Finished {
    std::optional<Place> place;
    Value *element = nullptr;
  };
  void bind(ContractOp op, const Finished &at) {
    pull.bind(op.getResult(), [this, op, &at](const Place &place, const Mask *) mutable -> Value * {
      if (at.place && place == *at.place)
        return at.element;
      if (!pull.unknown)
        pull.unknown = op;
      return llvm::Constant::getNullValue(e.registerType(elementOf(op.getType())));
    });
  }

  //===--------------------------------------------------------------------===//
  // Tasks
  //===--------------------------------------------------------------------===//

  Dim rowBlocks() { return *Dim::floorDiv(rows + Dim(tile.blockRows - 1), Dim(tile.blockRows)); }
  Dim columnBlocks() {
    return *Dim::floorDiv(panelCount + Dim(tile.blockPanels - 1), Dim(tile.blockPanels));
  }
  int64_t sumsBytes() {
    int64_t tiles = isOneStretch ? 1 : tile.blockRows / tile.height * tile.blockPanels;
    return llvm::alignTo(tiles * tile.height * tile.width * tile.elementBytes, 64);
  }
  Value *least(Value *a, Value *c) { return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, a, c); }

  void emitTask(Value *task) {
    Value *across = e.dim(columnBlocks()), *down = e.dim(rowBlocks());
    Value *column = b.CreateURem(task, across), *rest = b.CreateUDiv(task, across);
    Value *row = b.CreateURem(rest, down), *batch = b.CreateUDiv(rest, down);
    Place place;
    if (!product.batch.empty())
      place.append(Index::uniform(batch), product.batch.size());
    auto [fromRow, toRow] = evenPart(rows, tile.height, down, row);
    auto [fromPanel, toPanel] = evenPart(panelCount, 1, across, column);
    emitBlock(place, batch, fromRow, toRow, fromPanel, toPanel);
  }

  /// Part number `part` of [0, extent), of `parts` about equal ones in whole steps: a block of a
  /// few rows beside full ones would leave its thread waiting.
  std::pair<Value *, Value *> evenPart(const Dim &extent, int64_t step, Value *parts, Value *part) {
    Value *steps = e.dim(*Dim::floorDiv(extent + Dim(step - 1), Dim(step)));
    auto cut = [&](Value *i) {
      Value *at = b.CreateUDiv(b.CreateNSWMul(steps, i), parts);
      return least(b.CreateNSWMul(at, e.number(step)), e.dim(extent));
    };
    return {cut(part), cut(b.CreateNSWAdd(part, e.number(1)))};
  }

  /// Batches one after the other, over the partition where it is one of their loops.
  void emitPartition(const Place &place, unsigned loop, Value *batch = nullptr) {
    batch = batch ? batch : e.number(0);
    if (loop < product.batch.size()) {
      bool isSplit = product.batch[loop] == product.partitionLoop;
      Value *extent = e.dim(product.extents[product.batch[loop]]);
      e.loop(isSplit ? e.lo : e.number(0), isSplit ? e.hi : extent, e.number(1), [&](Value *i) {
        Place inner = place;
        inner.append(Index::uniform(i));
        emitPartition(inner, loop + 1, b.CreateNSWAdd(b.CreateNSWMul(batch, extent), i));
      });
      return;
    }
    Value *fromRow = e.number(0), *toRow = e.dim(rows);
    if (!product.m.empty() && product.m.front() == product.partitionLoop) {
      Value *each = e.dim(product.extent(llvm::ArrayRef(product.m).drop_front()));
      fromRow = b.CreateNSWMul(e.lo, each);
      toRow = b.CreateNSWMul(e.hi, each);
    }
    Value *panels = e.dim(panelCount);
    e.loop(fromRow, toRow, e.number(tile.blockRows), [&](Value *row) {
      Value *end = least(b.CreateNSWAdd(row, e.number(tile.blockRows)), toRow);
      e.loop(e.number(0), panels, e.number(tile.blockPanels), [&](Value *panel) {
        Value *last = least(b.CreateNSWAdd(panel, e.number(tile.blockPanels)), panels);
        emitBlock(place, batch, row, end, panel, last);
      });
    });
  }

  //===--------------------------------------------------------------------===//
  // Blocks and tiles
  //===--------------------------------------------------------------------===//

  void emitBlock(const Place &batchPlace, Value *batch, Value *fromRow, Value *toRow,
                 Value *fromPanel, Value *toPanel) {
    Value *end = e.dim(depth);
    Value *packed = b.CreateGEP(b.getInt8Ty(), e.scratch, e.number(sumsBytes()));
    // A sum over nothing still has to be stored: there is always one stretch.
    Value *atLeastOne = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, end, e.number(1));
    e.loop(e.number(0), atLeastOne, e.number(tile.kStretch), [&](Value *from) {
      Value *to = least(b.CreateNSWAdd(from, e.number(tile.kStretch)), end);
      left.pack(packed, batchPlace, fromRow, toRow, from, to);
      e.loop(fromPanel, toPanel, e.number(1), [&](Value *panel) {
        Value *start = b.CreateNSWMul(batch, e.dim(panelCount));
        start = b.CreateNSWMul(b.CreateNSWAdd(start, panel), end);
        Value *right =
            b.CreateGEP(number, e.inputPointer(panelInput),
                        b.CreateNSWMul(b.CreateNSWAdd(start, from), e.number(tile.width)), "panel");
        e.loop(fromRow, toRow, e.number(tile.height), [&](Value *row) {
          Value *sumsHere = sumsOf(b.CreateSub(row, fromRow), b.CreateSub(panel, fromPanel));
          Value *count = least(b.CreateSub(toRow, row), e.number(tile.height));
          auto rowsLeft = left.rows(packed, batchPlace, fromRow, row, toRow, from);
          emitTile(rowsLeft, right, sumsHere, from, to, count);
          e.when(isOneStretch ? (Value *)b.getTrue() : b.CreateICmpSGE(to, end),
                 [&] { emitResults(batchPlace, row, count, panel, sumsHere); });
        });
      });
    });
  }

  Value *sumsOf(Value *row, Value *panel) {
    if (isOneStretch)
      return sums;
    Value *index = b.CreateNSWMul(panel, e.number(tile.blockRows / tile.height));
    index = b.CreateNSWAdd(index, b.CreateUDiv(row, e.number(tile.height)));
    return b.CreateGEP(number, sums,
                       b.CreateNSWMul(index, e.number(int64_t(tile.height) * tile.width)));
  }

  void emitTile(const LeftRows &rowsLeft, Value *right, Value *sumsHere, Value *from, Value *to,
                Value *count) {
    auto of = [&](unsigned height) {
      return [&, height] {
        emitSums(height, rowsLeft, right, sumsHere, from, to);
        return Values();
      };
    };
    if (tile.lowHeight == tile.height)
      of(tile.height)();
    else
      e.branch(b.CreateICmpSGT(count, e.number(tile.lowHeight)), of(tile.height),
               of(tile.lowHeight));
  }

  /// The register tile: for each k, two vectors of the panel's row times each element of the left
  /// operand's column.
  void emitSums(unsigned height, const LeftRows &rowsLeft, Value *right, Value *sumsHere,
                Value *from, Value *to) {
    unsigned lanes = tile.width / 2;
    auto *vector = llvm::FixedVectorType::get(number, lanes);
    llvm::Align align(lanes * tile.elementBytes);
    auto place = [&](unsigned row, unsigned half) {
      return b.CreateConstInBoundsGEP1_64(number, sumsHere, row * tile.width + half * lanes);
    };
    auto each = [&](llvm::function_ref<Value *(unsigned, unsigned)> make) {
      Values result;
      for (unsigned row = 0; row < height; ++row)
        for (unsigned half = 0; half < 2; ++half)
          result.push_back(make(row, half));
      return result;
    };
    auto zeros = [&] {
      return each(
          [&](unsigned, unsigned) -> Value * { return llvm::Constant::getNullValue(vector); });
    };
    Values start = isOneStretch ? zeros() : e.branch(b.CreateICmpEQ(from, e.number(0)), zeros, [&] {
      return each([&](unsigned row, unsigned half) -> Value * {
        auto *load = b.CreateAlignedLoad(vector, place(row, half), align);
        e.markScratch(load);
        return load;
      });
    });
    Values last = left.eachK(
        rowsLeft, from, to, start,
        [&](Value *k, llvm::function_ref<Value *(unsigned)> element,
            llvm::ArrayRef<Value *> carried) {
          Value *row = b.CreateGEP(number, right, b.CreateNSWMul(k, e.number(tile.width)));
          Value *halves[2];
          for (unsigned half = 0; half < 2; ++half) {
            auto *load = b.CreateAlignedLoad(
                vector, b.CreateConstInBoundsGEP1_64(number, row, half * lanes), align);
            e.markLoad(load, panelInput);
            halves[half] = load;
          }
          // A few factors at a time: all at once would push sums out of the registers.
          Values next;
          constexpr unsigned atOnce = 4;
          for (unsigned first = 0; first < height; first += atOnce) {
            Values factors;
            for (unsigned r = first; r < std::min(first + atOnce, height); ++r)
              factors.push_back(b.CreateVectorSplat(lanes, element(r)));
            for (auto [i, factor] : llvm::enumerate(factors))
              for (unsigned half = 0; half < 2; ++half)
                next.push_back(
                    emitFma(b, e.target, factor, halves[half], carried[2 * (first + i) + half]));
          }
          return next;
        });
    each([&](unsigned row, unsigned half) -> Value * {
      e.markScratch(b.CreateAlignedStore(last[2 * row + half], place(row, half), align));
      return nullptr;
    });
  }

  //===--------------------------------------------------------------------===//
  // Results
  //===--------------------------------------------------------------------===//

  /// A vector of columns of a finished tile.
  struct Columns {
    const Place &batch;
    Value *sums, *firstRow;
    Value *inTile, *column; // its first, counted from the tile's and from all
    Value *mask;
  };

  /// Maps on the finished sums, what joins them, and the stores.
  void emitResults(const Place &batchPlace, Value *row, Value *count, Value *panel,
                   Value *sumsHere) {
    unsigned lanes = pull.math.lanes;
    Value *firstColumn = b.CreateNSWMul(panel, e.number(tile.width));
    Value *width = least(e.number(tile.width), b.CreateSub(e.dim(columns), firstColumn));
    e.loop(e.number(0), count, e.number(product.windowRows), [&](Value *r) {
      e.loop(e.number(0), width, e.number(lanes), [&](Value *c) {
        Value *column = b.CreateNSWAdd(firstColumn, c);
        Value *mask = isMultipleOf(columns, lanes)
                          ? nullptr
                          : pull.math.below(b.CreateSub(e.dim(columns), column));
        Columns at{batchPlace, sumsHere, row, c, column, mask};
        product.fold ? emitWindow(at, r) : emitRow(at, r);
      });
    });
  }

  void emitRow(const Columns &at, Value *r) {
    loadSums(at, r);
    emitElements(pull, values, *finished.place, at.mask);
    finished.place.reset();
  }

  /// The rows of a window from `r` on, joined.
  void emitWindow(const Columns &at, Value *r) {
    CombineCode combine(e, product.fold);
    Values joined = combine.neutral(pull.math.lanes);
    for (int64_t i = 0; i < product.windowRows; ++i) {
      loadSums(at, b.CreateNSWAdd(r, e.number(i)));
      Value *next = pull.element(product.fold.getInputs()[0], *finished.place, pull.mask(at.mask));
      joined = combine.step(joined, next, nullptr, nullptr);
      finished.place.reset();
    }
    Value *window = b.CreateUDiv(b.CreateNSWAdd(at.firstRow, r), e.number(product.windowRows));
    Place place = domain(at, window, product.m.size() - product.windowLoops);
    folded = {product.foldPlace(pull.move, place), combine.finish(joined)};
    emitElements(pull, values, *folded.place, at.mask);
    folded.place.reset();
    if (combine.unknown && !pull.unknown)
      pull.unknown = combine.unknown;
  }

  /// Loads the sums of row `r` of the tile.
  void loadSums(const Columns &at, Value *r) {
    unsigned lanes = pull.math.lanes;
    Value *start = b.CreateNSWAdd(b.CreateNSWMul(r, e.number(tile.width)), at.inTile);
    auto *load = b.CreateAlignedLoad(llvm::FixedVectorType::get(number, lanes),
                                     b.CreateGEP(number, at.sums, start),
                                     llvm::Align(lanes * tile.elementBytes));
    e.markScratch(load);
    Place place = domain(at, b.CreateNSWAdd(at.firstRow, r), product.m.size());
    finished = {product.resultPlace(pull.move, place), e.rounded(load, element)};
  }

  /// A place of batch, `loops` of m as one, and n.
  Place domain(const Columns &at, Value *row, unsigned loops) {
    Place place = at.batch;
    if (loops > 0)
      place.append(Index::uniform(row), loops);
    if (!product.n.empty())
      place.append(Index::strided(at.column, e.number(1), pull.math.lanes), product.n.size());
    return place;
  }

  Emission &e;
  llvm::IRBuilder<> &b;
  ContractOp contract;
  MatrixProduct product;
  Tile tile;
  KernelValues values;
  LeftOperand left;
  Pull pull;
  unsigned panelInput;
  m::Type element;
  llvm::Type *number;
  Dim rows, columns, depth, panelCount;
  bool isOneStretch = false;
  Value *sums = nullptr;
  /// A sum of the product, and what rows are joined to.
  Finished finished, folded;
};

} // namespace

llvm::Expected<EmittedKernel> emitContractionKernel(Emission &e, ContractOp contract,
                                                    ContractOp fold) {
  return ContractionKernel(e, contract, fold).emit();
}

} // namespace tenon::cpu
