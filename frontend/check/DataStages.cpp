//===- DataStages.cpp - Stages of fields, functions among them ------------===//
#include "frontend/check/FieldBuilding.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

namespace {
struct BuiltinStage {
  std::string name;
  std::vector<std::string> parameters; ///< the first may be positional
  size_t required;
};
} // namespace

static const std::vector<BuiltinStage> &builtinStages() {
  static const std::vector<BuiltinStage> stages{{"tokenize", {"vocabulary", "ends"}, 1},
                                                {"pad", {"n", "side"}, 1},
                                                {"category", {"n"}, 1},
                                                {"hash", {"n"}, 1},
                                                {"one_hot", {}, 0},
                                                {"normalise", {}, 0},
                                                {"rescale", {"scale", "offset"}, 1},
                                                {"resize", {"height", "width"}, 2},
                                                {"reshape", {}, 0}};
  return stages;
}

bool Elaborator::isBuiltinStage(const std::string &name) const {
  return dtypeNamed(name) ||
         std::any_of(builtinStages().begin(), builtinStages().end(),
                     [&](const BuiltinStage &stage) { return stage.name == name; });
}

std::string Elaborator::streamText(const FieldStream &stream) const {
  if (stream.kind == FieldStream::Kind::Ids)
    return "ids of any number";
  if (stream.kind == FieldStream::Kind::Cell && !stream.dtype && !stream.isPicture)
    return stream.axes.empty() ? "a column's cell" : "the cells of several columns";
  bool plain = stream.isPicture && stream.kind == FieldStream::Kind::Cell;
  std::string text = stream.dtype ? dtypeText(*stream.dtype) : plain ? "u8" : "numbers";
  for (size_t i = 0; i < stream.axes.size(); ++i) {
    std::string extent = known(stream.axes[i].dim).str();
    text += (i ? ", " : "[") + (extent.find('$') == std::string::npos ? extent : "_");
  }
  return stream.axes.empty() ? text : text + "]";
}

std::optional<data::Stage> Elaborator::dataStage(const std::string &name,
                                                 const std::vector<std::string> &parameters,
                                                 size_t required, const ast::Expr *callee,
                                                 const ast::CallExpr &call, Module &module) {
  auto arguments = dataArguments(call.args, 1, module);
  if (!arguments)
    return std::nullopt;
  CallSite site{call.range, callee->range, name, nullptr, true};
  std::vector<CallArg> args;
  for (size_t i = 1; i < call.args.size(); ++i)
    args.push_back(
        {call.args[i].name, Value(), call.args[i].value, call.args[i].range, call.args[i].range});
  std::vector<bool> optional;
  for (size_t i = 0; i < parameters.size(); ++i)
    optional.push_back(i >= required);
  std::vector<std::optional<CallArg>> matched;
  if (!matchNames(parameters, optional, std::move(args), site, {}, matched))
    return std::nullopt;
  for (size_t i = 0; i < arguments->size(); ++i)
    if ((*arguments)[i].name.empty())
      (*arguments)[i].name = parameters[i];
  return data::Stage{name, *arguments, sources.describe(callee->range)};
}

/// A stage's fixed whole number; -1 where it isn't one.
static int64_t countOf(const data::Stage &stage, const char *name) {
  for (const data::Argument &argument : stage.arguments)
    if (argument.name == name)
      if (auto *number = std::get_if<int64_t>(&argument.value.value))
        return *number;
  return -1;
}

/// How many numbers a stage's list has; 0 where it is none.
static size_t lengthOf(const data::Stage &stage, const char *name) {
  for (const data::Argument &argument : stage.arguments)
    if (argument.name == name)
      if (auto *list = std::get_if<std::vector<data::Value>>(&argument.value.value))
        return list->size();
  return 0;
}

bool Elaborator::addStage(FieldBuilding &building, const ast::Expr *callee,
                          const ast::CallExpr &call) {
  using Kind = FieldStream::Kind;
  FieldStream &stream = building.stream;
  std::string stageName = text(callee->range);
  auto dtype = dtypeNamed(stageName);
  auto found = std::find_if(builtinStages().begin(), builtinStages().end(),
                            [&](auto &stage) { return stage.name == stageName; });
  if (found == builtinStages().end() && !dtype)
    return addFunction(building, callee, call);
  std::vector<std::string> parameters;
  if (stageName == "reshape")
    parameters.assign(call.args.size() - 1, "a dimension");
  else if (!dtype)
    parameters = found->parameters;
  size_t required = dtype || stageName == "reshape" ? parameters.size() : found->required;
  std::optional<data::Stage> stage =
      dataStage(stageName, parameters, required, callee, call, *building.module);
  if (!stage)
    return false;
  auto wrong = [&](const std::string &wanted) {
    error(Code::StageKind, callee->range,
          "`" + stageName + "` takes " + wanted + ", and here it gets " + streamText(stream))
        .done();
    return false;
  };
  bool oneCell = stream.isScalarCell() && !building.several;
  if (dtype) {
    if (stream.kind == Kind::Ids)
      return wrong("numbers");
    if (*dtype == DType::F16 || *dtype == DType::BF16) {
      notYet(callee->range, "the stage `" + stageName + "`");
      return false;
    }
    stream.kind = Kind::Numbers;
    stream.dtype = *dtype;
  } else if (stageName == "tokenize") {
    if (!oneCell)
      return wrong("a column's text");
    stream.kind = Kind::Ids;
    stream.anyShape = false;
  } else if (stageName == "pad") {
    if (stream.kind != Kind::Ids)
      return wrong("the ids that `tokenize` gives");
    stream.kind = Kind::Numbers;
    stream.dtype = DType::I32;
    stream.axes = {Axis(Dim(countOf(*stage, "n")), call.range)};
  } else if (stageName == "category" || stageName == "hash") {
    if (stream.kind != Kind::Cell || stream.isPicture ||
        (stageName == "category" && building.several))
      return wrong(stageName == "hash" ? "the cells of columns" : "a column's cell");
    if (size_t sizes = lengthOf(*stage, "n")) {
      if (!building.several)
        return wrong("a list of sizes for several columns only");
      equal(stream.axes[0].dim, Dim(int64_t(sizes)));
    }
    stream.classes = countOf(*stage, "n");
    stream.kind = Kind::Numbers;
    stream.dtype = DType::I32;
    stream.anyShape = false;
  } else if (stageName == "one_hot") {
    bool oneId = stream.kind == Kind::Numbers && stream.axes.empty() && stream.classes > 0;
    if (!oneCell && !oneId)
      return wrong("a column's cell or one id");
    Dim classes = oneId ? Dim(stream.classes) : freshHole(callee->range);
    stream = {Kind::Numbers, dtypes.fresh(true), {Axis(classes, callee->range)}};
  } else if (stageName == "resize" || stageName == "reshape") {
    if (!setExtents(building, callee, call, *stage))
      return false;
  } else {
    if (stream.kind == Kind::Ids)
      return wrong("numbers");
    stream.kind = Kind::Numbers;
    stream.dtype = dtypes.fresh(true);
  }
  building.field.stages.push_back(std::move(*stage));
  return true;
}

//===----------------------------------------------------------------------===//
// Functions of the program
//===----------------------------------------------------------------------===//

/// The dtype that a function's first parameter asks for, where the value has none of its own.
Dt Elaborator::wantedDtype(const FunctionValue &function) {
  if (function.decl && !function.decl->params.empty())
    if (auto *type = ast::dynCast<ast::NamedType>(function.decl->params[0].type)) {
      std::string_view name = type->path.names.back().text;
      if (auto dtype = dtypeNamed(name))
        return *dtype;
      if (name == "integer")
        return DType::I32;
    }
  return options.real;
}

std::optional<Tensor> Elaborator::functionEntry(FieldBuilding &building, const ast::Expr *callee,
                                                const ast::CallExpr &call, const std::string &name,
                                                Dt dtype, const std::vector<Axis> &axes) {
  FieldBuilding::Open open;
  open.entry = std::make_unique<Entry>();
  open.entry->name = name;
  open.entry->range = callee->range;
  auto outer = std::move(builder);
  // Draws with and without `training` have one name.
  begin(*open.entry, name.substr(0, name.rfind(data::kEvaluating)));
  Axis batch(Dim::symbol("batch"), {});
  Tensor rows = builder->entryArgument(DType::I64, {batch});
  std::vector<Axis> all = axes;
  all.insert(all.begin(), batch);
  Tensor values = builder->entryArgument(dtype, all);
  open.entry->arguments.push_back({"row", Role::Field, rows.id, callee->range});
  open.entry->arguments.push_back({"value", Role::Field, values.id, callee->range});

  builder->open(Builder::Frame::Body);
  builder->argument(DType::I64, {}); // the iteration, which a row's number stands for
  Tensor row = builder->argument(DType::I64, {});
  Tensor value = builder->argument(dtype, axes);
  builder->iterations.push_back(row.id);
  std::vector<CallArg> args{
      {{}, value, call.args[0].value, call.args[0].value->range, call.args[0].value->range}};
  bool ok = true;
  for (size_t i = 1; i < call.args.size(); ++i) {
    const ast::Arg &arg = call.args[i];
    args.push_back({arg.name, evaluate(arg.value, building.module->scope), arg.value,
                    arg.value->range, arg.value->range});
    ok &= !args.back().value.isError();
  }
  CallSite site{call.range, callee->range, text(callee->range), nullptr, true, true};
  Value made =
      ok ? this->call(evaluate(callee, building.module->scope), std::move(args), site) : Value();
  std::optional<Tensor> result = made.isError() ? std::nullopt : asTensor(made, callee->range);
  builder->iterations.pop_back();
  Region body = builder->close(result ? std::vector<ValueId>{result->id} : std::vector<ValueId>());
  if (result) {
    ScanAttr attr;
    attr.extent = batch.dim;
    attr.inputAxes = {0, 0};
    attr.outputAxes = {0};
    Op op;
    op.kind = OpKind::Scan;
    op.range = call.range;
    op.operands = {rows.id, values.id};
    op.regions.push_back(std::move(body));
    std::vector<Axis> stacked = result->axes;
    stacked.insert(stacked.begin(), batch);
    Tensor out = builder->result(result->dtype, stacked);
    op.results = {out.id};
    op.attr = attr;
    builder->append(std::move(op));
    open.entry->results.push_back({"value", Role::Result, out.id, std::nullopt});
    open.builder = std::move(builder);
    building.open.push_back(std::move(open));
  }
  builder = std::move(outer);
  return result;
}

bool Elaborator::addFunction(FieldBuilding &building, const ast::Expr *callee,
                             const ast::CallExpr &call) {
  std::string stageName = text(callee->range);
  auto *simple = ast::dynCast<ast::NameExpr>(callee);
  if (simple && !isNameKnown(*building.module->scope, simple->name)) {
    std::vector<std::string> names;
    for (const BuiltinStage &each : builtinStages())
      names.push_back(each.name);
    for (auto &[name, decl] : building.module->decls)
      if (decl->kind == ast::DeclKind::Function)
        names.push_back(name);
    auto report = error(Code::UnknownStage, callee->range, "there is no stage `" + stageName + "`");
    if (std::string near = nearest(stageName, names); !near.empty())
      report.help("did you mean `" + near + "`?").fix(callee->range, near);
    return false;
  }
  FieldStream &stream = building.stream;
  Value value = evaluate(callee, building.module->scope);
  auto *function = value.get<FunctionValue>();
  if (value.isError())
    return false;
  if (!function || stream.kind == FieldStream::Kind::Ids) {
    error(Code::StageKind, callee->range,
          function ? "a function takes a row's numbers, and here it gets " + streamText(stream)
                   : "a stage is a function, and this is " + typeText(value))
        .done();
    return false;
  }
  Dt dtype = stream.dtype ? *stream.dtype : wantedDtype(*function);
  if (stream.anyShape) {
    // Nobody has said what the column's arrays are: what the function takes.
    auto *type = function->decl && !function->decl->params.empty()
                     ? ast::dynCast<ast::NamedType>(function->decl->params[0].type)
                     : nullptr;
    size_t rank = type ? type->dims.size() : building.declared.size();
    for (size_t i = 0; i < rank; ++i)
      stream.axes.emplace_back(freshHole(callee->range), callee->range);
    stream.anyShape = false;
  }
  std::string name = std::string(building.dataset->name.text) + "." + building.field.name + "." +
                     std::to_string(building.field.stages.size());
  bool outer = training, asked = askedTraining;
  training = true;
  askedTraining = false;
  auto result = functionEntry(building, callee, call, name, dtype, stream.axes);
  bool varies =
      result && (askedTraining || building.open.back().entry->argumentOf(Role::Seed) != kNoValue);
  if (varies) {
    training = false;
    auto other =
        functionEntry(building, callee, call, name + data::kEvaluating, dtype, stream.axes);
    bool same =
        other && other->rank() == result->rank() && dtypes.unify(other->dtype, result->dtype);
    for (size_t i = 0; same && i < result->rank(); ++i)
      same = equal(other->axes[i].dim, result->axes[i].dim);
    if (other && !same)
      error(Code::StageKind, callee->range,
            "`" + stageName + "` gives " + typeText(*result) + " in training and " +
                typeText(*other) + " otherwise")
          .done();
    if (!same)
      result.reset();
  }
  training = outer;
  askedTraining = asked;
  if (!result)
    return false;
  stream = {FieldStream::Kind::Numbers, result->dtype, result->axes};
  // Its arguments are in the entry; as they are written they tell when they have changed.
  std::vector<data::Argument> written;
  for (size_t i = 1; i < call.args.size(); ++i)
    written.push_back({std::string(call.args[i].name.text), {text(call.args[i].value->range)}});
  building.field.stages.push_back(
      {stageName, written, sources.describe(callee->range), name, varies});
  return true;
}
