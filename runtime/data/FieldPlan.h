/// How a field's raw cells become numbers: its declaration, checked and resolved.
#pragma once

#include "runtime/data/Elements.h"
#include "runtime/data/Result.h"
#include "runtime/data/Schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon::data {

/// Ids that `tokenize` gives before those of words.
inline constexpr int32_t kPaddingId = 0;
inline constexpr int32_t kUnknownId = 1;
inline constexpr int32_t kStartId = 2; ///< with `ends = true`
inline constexpr int32_t kEndId = 3;   ///< with `ends = true`

/// A stage that makes numbers of numbers.
struct NumberStage {
  enum class Kind : uint8_t {
    Rescale,   ///< `x * factor + offset`
    Normalise, ///< `(x - mean) / deviation` of the training split, for each place of the last
               ///< dimension by itself
    Convert,   ///< to `dtype`, as the language does
    Resize,    ///< `extents` are the new ones of the first two dimensions; gives f32
    Reshape,   ///< `extents` are the new ones
    Function,  ///< a function of the program, applied to whole rows
  };
  Kind kind = Kind::Rescale;
  double factor = 1;
  double offset = 0;
  int32_t dtype = 0;
  std::vector<int64_t> extents = {};
  std::string name = {};  ///< as written, for messages
  std::string entry = {}; ///< of a function, as in Stage
  bool varies = false;    ///< of a function, as in Stage
  std::string place = {};

  /// Of `rescale` and a dtype: what it makes of a number, and of several.
  double of(double value) const;
  ElementStage ofElements() const;
  /// Extents of a row of these extents behind it; not of a function. Fails where it doesn't take
  /// them.
  Result<std::vector<int64_t>> reshaped(std::vector<int64_t> shape) const;
};

/// What a field does, one of three things:
/// - Numbers: cells are numbers (or truth values) or arrays of them.
/// - Words: the cell is text, `tokenize`d to ids and `pad`ded to `length`. Ids: 0 padding,
///   1 unknown, (2 start, 3 end,) then the words of the training split, the most frequent first,
///   ties by first appearance; `vocabulary` ids in all. Padding and cutting happen on the same
///   side, the left unless `side = "right"`: a text that is too long keeps its other end.
/// - Classes: the cell is one value of a few. `category(n)`: 0 is a value not seen in the training
///   split, then its values, the most frequent first; n ids in all. `hash(n)`: XXH3 of the text
///   modulo n, of a range of columns with an n for each, or one for all. `one_hot` alone: the
///   values of the training split in order (numeric if all are numbers, else by bytes) and no
///   others; after `category` or `hash`, those ids.
/// What comes of it goes through `numberStages`.
struct FieldPlan {
  enum class Form : uint8_t { Numbers, Words, Classes };
  enum class Classing : uint8_t { Category, Hash, Listed };

  std::string name;
  std::string place;
  int32_t dtype = 0; ///< tenon_dtype
  std::vector<Extent> dims;
  std::vector<std::string> columns; ///< one; for `columns(first, last)` two
  bool columnRange = false;
  std::optional<std::vector<int64_t>> picture; ///< as in Field
  Form form = Form::Numbers;

  std::optional<double> missingNumber;
  std::optional<std::string> missingText;
  std::optional<std::string> yes;
  std::vector<NumberStage> numberStages;

  int64_t vocabulary = 0;
  bool ends = false;
  int64_t length = 0;
  bool padLeft = true;

  Classing classing = Classing::Listed;
  int64_t classes = 0;                 ///< 0 of `Listed`
  std::vector<int64_t> hashSizes = {}; ///< of `hash` with a list: one for each column
  bool oneHot = false;

  bool isFitted() const;
  bool normalises() const;
  /// `numberStages` from here on are applied anew to each batch: the first that varies. Ids keep
  /// all their stages for the batch.
  size_t firstOfBatch() const;
  /// The first of `numberStages` that needs more than one number at a time.
  size_t firstOfWhole() const;
  /// Whether a stage takes rows of any height and width, at least one of them; where none does, all
  /// pictures must have one size.
  bool takesAnySize() const;
  /// Extents of a row of these extents behind all stages, or nothing where a function decides;
  /// fails where a stage doesn't take them.
  Result<std::optional<std::vector<int64_t>>> shapeOf(std::vector<int64_t> extents) const;
  /// The first id that `tokenize` gives to a word.
  int32_t firstWord() const { return ends ? 4 : 2; }
};

/// Checks a declaration; the failure's place is that of the stage to blame.
Result<FieldPlan> planField(const Field &field);

} // namespace tenon::data
