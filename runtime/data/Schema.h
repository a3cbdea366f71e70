/// A dataset as its declaration describes it: what the frontend found in the program, without
/// having looked at any data. Plain values; this header includes nothing of the runtime.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tenon::data {

/// A fixed value in the program: nothing, a truth value, a number, a text, or a list of these.
struct Value {
  std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<Value>> value;

  bool operator==(const Value &) const = default;
};

/// An argument of a source, a column or a stage; positional where `name` is empty.
struct Argument {
  std::string name;
  Value value;

  bool operator==(const Argument &) const = default;
};

/// `train from csv("reviews.csv", separator = ";")`
struct Source {
  std::string kind;              ///< "csv"
  std::string path;              ///< as written; relative to the program's folder; none of a
                                 ///< source whose options name files
  std::string split;             ///< the split it is the source of, empty for the dataset's own
  std::vector<Argument> options; ///< all arguments but the path
  std::string place;             ///< "file.tn:4:8"

  bool operator==(const Source &) const = default;
};

/// Whether its options are the columns' names, each with its file.
inline bool namesFiles(const Source &source) {
  return source.kind == "npy" || source.kind == "idx";
}

/// Whether some of its columns hold arrays.
inline bool hasArrays(const Source &source) {
  return namesFiles(source) || source.kind == "npz" ||
         (source.kind == "text_file" && !source.options.empty());
}

/// What `image_folder` calls the columns of its pictures and of their folders' names.
inline constexpr char kPictureColumn[] = "picture";
inline constexpr char kClassColumn[] = "class";

/// One part of `split train 0.8, test 0.2`.
struct Split {
  std::string name;
  double fraction = 0;
  std::string place;

  bool operator==(const Split &) const = default;
};

/// `tokenize(vocabulary = 10_000)`, or a function of the program.
struct Stage {
  std::string name;
  std::vector<Argument> arguments;
  std::string place;
  /// Of a function: the program's entry that applies it to rows. Empty: the stage is built in.
  std::string entry = {};
  /// A function that draws or asks `training`: its values differ from epoch to epoch, and those
  /// without `training` come from the entry called `entry` + kEvaluating.
  bool varies = false;

  bool operator==(const Stage &) const = default;
};

inline constexpr char kEvaluating[] = ".evaluating";

/// One extent of a field's type; an extent of -1 is read from the data and known by `name`.
struct Extent {
  int64_t extent = -1;
  std::string name;

  bool operator==(const Extent &) const = default;
};

/// `tokens: i32[100] = column("text", missing = "") |> tokenize(vocabulary = 10_000) |> pad(100)`
struct Field {
  std::string name;
  std::string dtype;        ///< "i32"
  std::vector<Extent> dims; ///< without the batch
  std::vector<std::string> columns;
  std::vector<Argument> columnOptions; ///< named ones: `missing`, `yes`
  std::vector<Stage> stages;
  std::string place;
  /// Of pictures: the extents that one has, height, width and 1 or 3 channels, or without channels
  /// (grey). Of a height and width of -1 any will do. Nothing of other columns.
  std::optional<std::vector<int64_t>> picture = {};

  bool operator==(const Field &) const = default;
};

struct Dataset {
  std::string name;
  std::vector<Source> sources;
  std::vector<Split> splits; ///< none: all rows train
  std::vector<Field> fields;
  std::string place;

  bool operator==(const Dataset &) const = default;
};

/// Whether extents of its fields are read from the data.
inline bool hasOpenExtents(const Dataset &dataset) {
  for (const Field &field : dataset.fields)
    for (const Extent &extent : field.dims)
      if (extent.extent < 0)
        return true;
  return false;
}

//===----------------------------------------------------------------------===//
// The declaration beside the data
//===----------------------------------------------------------------------===//

/// Something in the data that a declaration doesn't fit.
struct Finding {
  enum class Kind : uint8_t {
    Source, ///< the source can't be read, or has no rows
    Column, ///< a column isn't there
    Cells,  ///< a column holds something else than the field takes
  };
  Kind kind = Kind::Source;
  size_t source = 0; ///< in `Dataset::sources`
  size_t field = 0;  ///< in `Dataset::fields`, but for `Source`
  size_t column = 0; ///< in `Field::columns`, but for `Source`
  std::string message;
  std::string place; ///< in the data, "reviews.csv:17"; may be empty
  std::string help;  ///< may be empty
};

/// What looking at a data set's files told.
struct DataReport {
  std::vector<Finding> findings;
  std::vector<std::string> absent; ///< files that aren't there, of which nothing is known
};

/// Looks at a data set's files: how the checker, which reads no data, is told of their columns.
using LookAtData = std::function<DataReport(const Dataset &)>;

/// One JSON object, the same text for equal schemas.
std::string toJson(const Dataset &dataset);
/// The inverse; false, with `error` saying why, where the text isn't a schema.
bool fromJson(const std::string &json, Dataset &dataset, std::string &error);

} // namespace tenon::data
