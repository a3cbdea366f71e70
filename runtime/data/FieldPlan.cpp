#include "runtime/data/FieldPlan.h"

#include "runtime/core/Tensor.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <utility>

namespace tenon::data {

bool FieldPlan::isFitted() const {
  switch (form) {
  case Form::Numbers:
    return normalises();
  case Form::Words:
    return true;
  case Form::Classes:
    return classing != Classing::Hash;
  }
  return false;
}

bool FieldPlan::normalises() const {
  return std::any_of(numberStages.begin(), numberStages.end(), [](const NumberStage &stage) {
    return stage.kind == NumberStage::Kind::Normalise;
  });
}

size_t FieldPlan::firstOfBatch() const {
  if (form != Form::Numbers)
    return 0;
  auto found = std::find_if(numberStages.begin(), numberStages.end(),
                            [](const NumberStage &stage) { return stage.varies; });
  return size_t(found - numberStages.begin());
}

size_t FieldPlan::firstOfWhole() const {
  auto found = std::find_if(numberStages.begin(), numberStages.end(), [](const NumberStage &stage) {
    return stage.kind != NumberStage::Kind::Rescale && stage.kind != NumberStage::Kind::Convert;
  });
  return size_t(found - numberStages.begin());
}

bool FieldPlan::takesAnySize() const {
  return std::any_of(numberStages.begin(), numberStages.end(), [](const NumberStage &stage) {
    return stage.kind == NumberStage::Kind::Resize || stage.kind == NumberStage::Kind::Function;
  });
}

Result<std::optional<std::vector<int64_t>>> FieldPlan::shapeOf(std::vector<int64_t> extents) const {
  for (const NumberStage &stage : numberStages) {
    if (stage.kind == NumberStage::Kind::Function)
      return std::optional<std::vector<int64_t>>();
    Result<std::vector<int64_t>> next = stage.reshaped(std::move(extents));
    if (!next)
      return next.takeFailure();
    extents = std::move(*next);
  }
  return std::optional(std::move(extents));
}

namespace {

constexpr int64_t kMostIds = int64_t(1) << 31;

/// The arguments of one stage, taken one by one; what is left over is an error.
class Arguments {
public:
  Arguments(std::string owner, std::string place, const std::vector<Argument> &arguments)
      : owner(std::move(owner)), place(std::move(place)), left(arguments) {}

  /// The named argument, or the next positional one where `position` is free.
  std::optional<Value> take(const char *name, bool positional = true) {
    auto found =
        std::find_if(left.begin(), left.end(), [&](const Argument &a) { return a.name == name; });
    if (found == left.end() && positional && !left.empty() && left.front().name.empty())
      found = left.begin();
    if (found == left.end())
      return std::nullopt;
    Value value = std::move(found->value);
    left.erase(found);
    return value;
  }

  Result<int64_t> count(const char *name, int64_t least) {
    std::optional<Value> value = take(name);
    if (!value)
      return fail("needs `" + std::string(name) + "`");
    auto *number = std::get_if<int64_t>(&value->value);
    if (!number || *number < least || *number >= kMostIds)
      return fail("needs a whole number of at least " + std::to_string(least) + " as `" + name +
                  "`");
    return *number;
  }

  Result<double> number(const char *name, std::optional<double> fallback) {
    std::optional<Value> value = take(name);
    if (!value && fallback)
      return *fallback;
    if (value)
      if (auto *real = std::get_if<double>(&value->value))
        return *real;
    if (value)
      if (auto *whole = std::get_if<int64_t>(&value->value))
        return double(*whole);
    return fail("needs a number as `" + std::string(name) + "`");
  }

  bool empty() const { return left.empty(); }

  Status finish() {
    if (left.empty())
      return {};
    return fail(left.front().name.empty() ? "takes fewer arguments"
                                          : "has no argument `" + left.front().name + "`");
  }

  Failure fail(const std::string &what) const { return {"`" + owner + "` " + what, place, ""}; }

private:
  std::string owner, place;
  std::vector<Argument> left;
};

/// Builds a plan stage by stage.
class Planner {
public:
  explicit Planner(const Field &field) : field(field) {}
  Result<FieldPlan> run();

private:
  Status column();
  Status stage(const Stage &stage, bool first);
  Status tokenize(Arguments &arguments);
  Status pad(Arguments &arguments);
  Status classes(Arguments &arguments, FieldPlan::Classing classing);
  Status hash(Arguments &arguments);
  Status oneHot(Arguments &arguments);
  Status rescale(Arguments &arguments);
  Status extents(Arguments &arguments, NumberStage::Kind kind);
  Status numbers(const Stage &stage, Arguments &arguments);
  Status misplaced(const Stage &stage, const char *after);
  Status checkType();

  const Field &field;
  FieldPlan plan;
};

Status Planner::column() {
  plan.name = field.name;
  plan.place = field.place;
  plan.dtype = dtypeOfName(field.dtype.c_str());
  plan.dims = field.dims;
  plan.columns = field.columns;
  plan.columnRange = field.columns.size() == 2;
  plan.picture = field.picture;
  if (plan.dtype < 0)
    return Failure{"`" + field.name + "` has no dtype: `" + field.dtype + "`", field.place, ""};
  if (field.columns.empty() || field.columns.size() > 2)
    return Failure{"`" + field.name + "` needs a column", field.place, "column(\"name\")"};
  Arguments options("column", field.place, field.columnOptions);
  if (std::optional<Value> missing = options.take("missing", false)) {
    if (auto *text = std::get_if<std::string>(&missing->value))
      plan.missingText = *text;
    else if (auto *real = std::get_if<double>(&missing->value))
      plan.missingNumber = *real;
    else if (auto *whole = std::get_if<int64_t>(&missing->value))
      plan.missingNumber = double(*whole);
    else if (auto *truth = std::get_if<bool>(&missing->value))
      plan.missingNumber = *truth;
    else
      return options.fail("takes a number or a text as `missing`");
  }
  if (std::optional<Value> yes = options.take("yes", false)) {
    auto *text = std::get_if<std::string>(&yes->value);
    if (!text)
      return options.fail("takes a text as `yes`");
    plan.yes = *text;
  }
  return options.finish();
}

Status Planner::misplaced(const Stage &stage, const char *after) {
  return Failure{"`" + stage.name + "` can't stand here", stage.place,
                 std::string("it goes ") + after};
}

Status Planner::tokenize(Arguments &arguments) {
  plan.form = FieldPlan::Form::Words;
  Result<int64_t> vocabulary = arguments.count("vocabulary", 3);
  if (!vocabulary)
    return vocabulary.takeFailure();
  plan.vocabulary = *vocabulary;
  if (std::optional<Value> ends = arguments.take("ends")) {
    auto *truth = std::get_if<bool>(&ends->value);
    if (!truth)
      return arguments.fail("needs `true` or `false` as `ends`");
    plan.ends = *truth;
  }
  if (plan.vocabulary <= plan.firstWord())
    return arguments.fail("needs a `vocabulary` of more than " + std::to_string(plan.firstWord()) +
                          ", which are taken by padding, unknown words and ends");
  return {};
}

Status Planner::pad(Arguments &arguments) {
  Result<int64_t> length = arguments.count("n", 1);
  if (!length)
    return length.takeFailure();
  plan.length = *length;
  if (std::optional<Value> side = arguments.take("side")) {
    auto *text = std::get_if<std::string>(&side->value);
    if (!text || (*text != "left" && *text != "right"))
      return arguments.fail("takes \"left\" or \"right\" as `side`");
    plan.padLeft = *text == "left";
  }
  return {};
}

Status Planner::classes(Arguments &arguments, FieldPlan::Classing classing) {
  plan.form = FieldPlan::Form::Classes;
  plan.classing = classing;
  Result<int64_t> n = arguments.count("n", 2);
  if (!n)
    return n.takeFailure();
  plan.classes = *n;
  return {};
}

Status Planner::hash(Arguments &arguments) {
  plan.form = FieldPlan::Form::Classes;
  plan.classing = FieldPlan::Classing::Hash;
  std::optional<Value> sizes = arguments.take("n");
  if (!sizes)
    return arguments.fail("needs the number of ids");
  std::vector<Value> single{*sizes};
  auto *list = std::get_if<std::vector<Value>>(&sizes->value);
  if (list && !plan.columnRange)
    return arguments.fail("takes one number of ids for one column");
  for (const Value &item : list ? *list : single) {
    auto *number = std::get_if<int64_t>(&item.value);
    if (!number || *number < 1 || *number >= kMostIds)
      return arguments.fail("needs whole numbers of at least 1");
    plan.hashSizes.push_back(*number);
  }
  if (!list)
    plan.classes = std::exchange(plan.hashSizes, {})[0];
  return {};
}

Status Planner::oneHot(Arguments &arguments) {
  if (plan.form != FieldPlan::Form::Classes) {
    plan.form = FieldPlan::Form::Classes;
    plan.classing = FieldPlan::Classing::Listed;
  }
  plan.oneHot = true;
  return {};
}

Status Planner::rescale(Arguments &arguments) {
  Result<double> factor = arguments.number("scale", std::nullopt);
  if (!factor)
    return factor.takeFailure();
  Result<double> offset = arguments.number("offset", 0.0);
  if (!offset)
    return offset.takeFailure();
  plan.numberStages.push_back({NumberStage::Kind::Rescale, *factor, *offset});
  return {};
}

/// `resize(height, width)`, and `reshape` of any number.
Status Planner::extents(Arguments &arguments, NumberStage::Kind kind) {
  NumberStage stage{.kind = kind};
  bool resizes = kind == NumberStage::Kind::Resize;
  while (resizes ? stage.extents.size() < 2 : !arguments.empty()) {
    Result<int64_t> extent = arguments.count(!resizes                ? "a dimension"
                                             : stage.extents.empty() ? "height"
                                                                     : "width",
                                             1);
    if (!extent)
      return extent.takeFailure();
    stage.extents.push_back(*extent);
  }
  plan.numberStages.push_back(std::move(stage));
  return {};
}

/// Stages that make numbers of numbers.
Status Planner::numbers(const Stage &stage, Arguments &arguments) {
  bool ids = plan.form != FieldPlan::Form::Numbers;
  if (!stage.entry.empty()) {
    plan.numberStages.push_back(
        {.kind = NumberStage::Kind::Function, .entry = stage.entry, .varies = stage.varies});
  } else if (int32_t dtype = dtypeOfName(stage.name.c_str()); dtype >= 0) {
    if (dtype == TENON_F16 || dtype == TENON_BF16)
      return arguments.fail("can't be a stage yet");
    plan.numberStages.push_back({.kind = NumberStage::Kind::Convert, .dtype = dtype});
  } else if (stage.name == "rescale" || stage.name == "normalise" || stage.name == "resize" ||
             stage.name == "reshape") {
    if (ids && stage.name != "reshape")
      return misplaced(stage, "after a column of numbers");
    Status status;
    if (stage.name == "rescale")
      status = rescale(arguments);
    else if (stage.name == "normalise")
      plan.numberStages.push_back({.kind = NumberStage::Kind::Normalise});
    else
      status = extents(arguments, stage.name == "resize" ? NumberStage::Kind::Resize
                                                         : NumberStage::Kind::Reshape);
    if (!status)
      return status;
  } else {
    return Failure{"there is no stage `" + stage.name + "`", stage.place,
                   "the stages there are: tokenize, pad, category, hash, one_hot, normalise, "
                   "rescale, resize, reshape, a dtype, and functions of the program"};
  }
  plan.numberStages.back().name = stage.name;
  plan.numberStages.back().place = stage.place;
  return {};
}

Status Planner::stage(const Stage &stage, bool first) {
  // A function's arguments are in its entry.
  std::vector<Argument> none;
  Arguments arguments(stage.name, stage.place, stage.entry.empty() ? stage.arguments : none);
  bool words = plan.form == FieldPlan::Form::Words, classed = plan.form == FieldPlan::Form::Classes;
  bool plain = plan.numberStages.empty() && stage.entry.empty();
  Status status;
  if (plain && (stage.name == "tokenize" || stage.name == "category" || stage.name == "hash")) {
    if (!first)
      return misplaced(stage, "straight after the column");
    status = stage.name == "tokenize"   ? tokenize(arguments)
             : stage.name == "category" ? classes(arguments, FieldPlan::Classing::Category)
                                        : hash(arguments);
  } else if (plain && stage.name == "pad") {
    if (!words || plan.length)
      return misplaced(stage, "once, after `tokenize`");
    status = pad(arguments);
  } else if (plain && stage.name == "one_hot") {
    if (!(first || (classed && !plan.oneHot)) || plan.columnRange)
      return misplaced(stage, "after one column, `category` or `hash`");
    status = oneHot(arguments);
  } else {
    status = numbers(stage, arguments);
  }
  return status ? arguments.finish() : std::move(status);
}

/// The dtype must be able to hold what the stages make; dimensions are checked with the data.
Status Planner::checkType() {
  auto fail = [&](const std::string &what, const std::string &help) {
    return Failure{"`" + plan.name + "` " + what, plan.place, help};
  };
  bool real = plan.dtype >= TENON_F16;
  if (plan.dtype == TENON_F16 || plan.dtype == TENON_BF16)
    return fail("is " + field.dtype + ": fields of this dtype are not there yet", "use f32");
  if (plan.yes && plan.form != FieldPlan::Form::Numbers)
    return fail("is text, which has no `yes`", "");
  if (plan.columnRange && plan.form != FieldPlan::Form::Numbers &&
      plan.classing != FieldPlan::Classing::Hash)
    return fail("takes several columns, which only numbers and `hash` can do", "");
  bool ids = plan.numberStages.empty() && (plan.form == FieldPlan::Form::Words ||
                                           (plan.form == FieldPlan::Form::Classes && !plan.oneHot));
  if (ids && plan.dtype != TENON_I32 && plan.dtype != TENON_I64)
    return fail("holds ids, which " + field.dtype + " can't", "use i32");
  bool endsNormalised =
      !plan.numberStages.empty() && plan.numberStages.back().kind == NumberStage::Kind::Normalise;
  if (endsNormalised && !real)
    return fail("is normalised, so it must be a real number", "use f32");
  if (plan.form == FieldPlan::Form::Words && plan.length == 0)
    return fail("is tokenized to texts of different lengths", "add `|> pad(100)`");
  if (plan.form != FieldPlan::Form::Numbers && plan.missingNumber)
    return fail("is text, so `missing` must be a text", "missing = \"\"");
  if (plan.form == FieldPlan::Form::Numbers && plan.missingText)
    return fail("is a number, so `missing` must be a number", "missing = 0.0");
  return {};
}

Result<FieldPlan> Planner::run() {
  if (Status status = column(); !status)
    return status.takeFailure();
  for (size_t i = 0; i < field.stages.size(); ++i)
    if (Status status = stage(field.stages[i], i == 0); !status)
      return status.takeFailure();
  if (Status status = checkType(); !status)
    return status.takeFailure();
  return std::move(plan);
}

} // namespace

Result<FieldPlan> planField(const Field &field) { return Planner(field).run(); }

} // namespace tenon::data
