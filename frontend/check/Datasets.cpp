//===- Datasets.cpp - Declarations of data sets ---------------------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>
#include <cmath>
#include <functional>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Fixed arguments
//===----------------------------------------------------------------------===//

/// A fixed value as the runtime takes it; nullopt for what isn't one.
static std::optional<data::Value> fixedValue(const Value &value) {
  if (auto *truth = value.get<FixedBool>())
    return data::Value{truth->value};
  if (auto *text = value.get<Text>())
    return data::Value{text->value};
  if (auto *number = value.get<Number>()) {
    auto constant = number->constant();
    if (!constant)
      return std::nullopt;
    if (number->isReal)
      return data::Value{*constant};
    return data::Value{*number->whole.constant()};
  }
  if (auto *sequence = value.get<Sequence>()) {
    std::vector<data::Value> items;
    for (const Value &item : sequence->items) {
      auto fixed = fixedValue(item);
      if (!fixed)
        return std::nullopt;
      items.push_back(*fixed);
    }
    return data::Value{items};
  }
  return std::nullopt;
}

std::optional<std::vector<data::Argument>> Elaborator::dataArguments(ast::List<ast::Arg> args,
                                                                     size_t from, Module &module) {
  std::vector<data::Argument> result;
  for (size_t i = from; i < args.size(); ++i) {
    Value value = evaluate(args[i].value, module.scope);
    if (value.isError())
      return std::nullopt;
    auto fixed = fixedValue(value);
    if (!fixed) {
      error(Code::NotFixed, args[i].range,
            "the arguments of sources and stages are fixed, and this is " + typeText(value))
          .done();
      return std::nullopt;
    }
    result.push_back({std::string(args[i].name.text), *fixed});
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Sources and splits
//===----------------------------------------------------------------------===//

std::optional<data::Source> Elaborator::dataSource(const ast::DatasetSource &written,
                                                   Module &module) {
  static const std::vector<std::string> known{"csv", "text_file", "text_folder", "image_folder",
                                              "idx", "npy",       "npz"};
  auto *call = ast::dynCast<ast::CallExpr>(written.source);
  auto *name = call ? ast::dynCast<ast::NameExpr>(call->callee) : nullptr;
  SourceRange range = written.source ? written.source->range : written.range;
  if (!written.source || written.source->kind == ast::ExprKind::Error)
    return std::nullopt;
  if (!name) {
    error(Code::UnknownSource, range, "a source is a call such as `csv(\"file.csv\")`").done();
    return std::nullopt;
  }
  std::string kind(name->name);
  if (!std::count(known.begin(), known.end(), kind)) {
    auto report = error(Code::UnknownSource, name->range, "there is no source `" + kind + "`");
    if (std::string near = nearest(kind, known); !near.empty())
      report.help("did you mean `" + near + "`?");
    else
      report.help(
          "sources are `csv`, `text_file`, `text_folder`, `image_folder`, `idx`, `npy`, `npz`");
    return std::nullopt;
  }
  if (kind != "csv") {
    notYet(name->range, "the source `" + kind + "`");
    return std::nullopt;
  }
  auto *path = call->args.empty() ? nullptr : ast::dynCast<ast::StringExpr>(call->args[0].value);
  if (!path || !call->args[0].name.text.empty()) {
    error(Code::UnknownSource, range, "`" + kind + "` takes the file's name first")
        .help("`" + kind + "(\"file.csv\")`");
    return std::nullopt;
  }
  auto options = dataArguments(call->args, 1, module);
  if (!options)
    return std::nullopt;
  for (size_t i = 0; i < options->size(); ++i)
    if ((*options)[i].name != "separator") {
      auto &arg = call->args[i + 1];
      auto report =
          error(Code::UnknownArgument, arg.name.range.isValid() ? arg.name.range : arg.range,
                "`csv` has no parameter `" + (*options)[i].name + "`");
      report.help("its parameter is `separator`, a text of one character");
      return std::nullopt;
    }
  return data::Source{kind, std::string(path->value), std::string(written.split.text), *options,
                      sources.describe(range)};
}

bool Elaborator::dataSplits(const ast::Dataset &dataset, std::vector<data::Split> &out) {
  double total = 0;
  bool ok = true, trains = false;
  for (const ast::DatasetSplit &split : dataset.splits) {
    auto *number = ast::dynCast<ast::NumberExpr>(split.fraction);
    if (!number) {
      ok = false;
      continue;
    }
    for (const data::Split &other : out)
      if (other.name == split.name.text) {
        error(Code::DuplicateName, split.name.range, "`" + other.name + "` is split off twice")
            .done();
        ok = false;
      }
    trains |= split.name.text == "train";
    if (number->real < 0 || number->real > 1) {
      error(Code::BadSplit, split.fraction->range, "a part lies between 0 and 1")
          .help("80 % is `0.8`");
      ok = false;
    }
    total += number->real;
    out.push_back({std::string(split.name.text), number->real, sources.describe(split.range)});
  }
  if (!ok || dataset.splits.empty())
    return ok;
  SourceRange all = SourceRange::join(dataset.splits.front().range, dataset.splits.back().range);
  if (std::abs(total - 1.0) > 1e-9) {
    char text[32];
    snprintf(text, sizeof text, "%g", total);
    error(Code::BadSplit, all,
          "the parts of a split add up to 1, and these to " + std::string(text))
        .done();
    return false;
  }
  if (!trains) {
    error(Code::BadSplit, all, "a split has a part `train`").done();
    return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

namespace {
/// What a field is after a stage.
struct Stream {
  enum Kind { Cell, Ids, Numbers } kind = Cell;
  std::string dtype = "f32"; ///< of `Numbers`
  std::vector<data::Extent> dims;
};
} // namespace

static std::string describe(const Stream &stream) {
  if (stream.kind == Stream::Cell)
    return "a column's cell";
  if (stream.kind == Stream::Ids)
    return "ids of any number";
  std::string text = stream.dtype;
  for (size_t i = 0; i < stream.dims.size(); ++i)
    text += (i ? ", " : "[") + (stream.dims[i].extent >= 0 ? std::to_string(stream.dims[i].extent)
                                                           : stream.dims[i].name);
  return stream.dims.empty() ? text : text + "]";
}

/// The stages of a field's expression, from the column on.
static const ast::Expr *
pipeline(const ast::Expr *expr,
         std::vector<std::pair<const ast::Expr *, const ast::CallExpr *>> &stages) {
  while (auto *call = ast::dynCast<ast::CallExpr>(expr)) {
    if (!call->piped)
      break;
    stages.emplace_back(call->callee, call);
    expr = call->args[0].value;
  }
  std::reverse(stages.begin(), stages.end());
  return expr;
}

std::optional<data::Field> Elaborator::dataField(const ast::DatasetField &written, Module &module) {
  if (!written.value || written.value->kind == ast::ExprKind::Error)
    return std::nullopt;
  std::vector<std::pair<const ast::Expr *, const ast::CallExpr *>> stages;
  const ast::Expr *base = pipeline(written.value, stages);
  auto *column = ast::dynCast<ast::CallExpr>(base);
  auto *columnName = column ? ast::dynCast<ast::NameExpr>(column->callee) : nullptr;
  data::Field field;
  field.name = written.name.text;
  field.place = sources.describe(written.range);
  if (!columnName || (columnName->name != "column" && columnName->name != "columns")) {
    error(Code::UnknownStage, base->range, "a field begins with a column")
        .help(
            "`column(\"name\")`, then stages: `column(\"text\") |> tokenize(vocabulary = 10_000)`");
    return std::nullopt;
  }
  Stream stream;
  bool isTable = plainTable;
  bool several = columnName->name == "columns";
  for (const ast::Arg &arg : column->args) {
    if (!arg.name.text.empty())
      continue;
    auto *text = ast::dynCast<ast::StringExpr>(arg.value);
    if (!text) {
      error(Code::ArgumentType, arg.range, "a column is given by its name, a text").done();
      return std::nullopt;
    }
    field.columns.emplace_back(text->value);
  }
  if (field.columns.size() != (several ? 2u : 1u)) {
    error(Code::MissingArgument, columnName->range,
          several ? "`columns` takes the first and the last column's name"
                  : "`column` takes one column's name")
        .done();
    return std::nullopt;
  }
  size_t named = field.columns.size();
  auto options = dataArguments(column->args, named, module);
  if (!options)
    return std::nullopt;
  field.columnOptions = *options;
  if (several)
    stream.dims.push_back({-1, "columns"});
  for (auto &[callee, call] : stages) {
    auto stage = dataStage(callee, *call, module);
    if (!stage)
      return std::nullopt;
    auto wrong = [&, callee = callee](const std::string &wanted) {
      error(Code::StageKind, callee->range,
            "`" + stage->name + "` takes " + wanted + ", and here it gets " + describe(stream))
          .done();
      return std::nullopt;
    };
    auto count = [&](const char *name) -> int64_t {
      for (const data::Argument &argument : stage->arguments)
        if (argument.name == name || argument.name.empty())
          if (auto *number = std::get_if<int64_t>(&argument.value.value))
            return *number;
      return -1;
    };
    if (stage->name == "tokenize") {
      if (stream.kind != Stream::Cell || several)
        return wrong("a column's text");
      stream.kind = Stream::Ids;
    } else if (stage->name == "pad") {
      if (stream.kind != Stream::Ids)
        return wrong("the ids that `tokenize` gives");
      stream = {Stream::Numbers, "i32", {{count("n"), ""}}};
    } else if (stage->name == "category" || stage->name == "hash") {
      if (stream.kind != Stream::Cell)
        return wrong("a column's cell");
      stream = {Stream::Numbers, "i32", stream.dims};
    } else if (stage->name == "one_hot") {
      if (stream.kind == Stream::Ids)
        return wrong("a column's cell or one id");
      stream = {Stream::Numbers, "f32", {{-1, "classes"}}};
    } else {
      if (stream.kind == Stream::Ids)
        return wrong("numbers");
      stream = {Stream::Numbers, "f32", stream.dims};
    }
    field.stages.push_back(std::move(*stage));
  }

  // The type that is declared, against what the stages give.
  auto *named_type = ast::dynCast<ast::NamedType>(written.type);
  auto dtype = named_type && named_type->path.names.size() == 1
                   ? dtypeNamed(named_type->path.names[0].text)
                   : std::nullopt;
  if (!dtype) {
    if (written.type && written.type->kind != ast::TypeKind::Error)
      error(Code::FieldType, written.type->range, "a field is a tensor with a fixed dtype").done();
    return std::nullopt;
  }
  field.dtype = name(*dtype);
  DimEnv env{module.scope, nullptr, {}, nullptr};
  for (const ast::TypeDim &dim : named_type->dims) {
    if (dim.ellipsis) {
      error(Code::FieldType, dim.range, "a field's dimensions are written out").done();
      return std::nullopt;
    }
    std::vector<std::string> unknown;
    unknownDims(dim.extent, env, unknown);
    if (!unknown.empty() && dim.extent->kind == ast::ExprKind::Name) {
      field.dims.push_back({-1, unknown[0]});
      continue;
    }
    auto extent = evaluateDim(dim.extent, env);
    if (!extent || !extent->constant())
      return std::nullopt;
    field.dims.push_back({*extent->constant(), ""});
  }
  auto mismatch = [&](const std::string &gives) -> std::optional<data::Field> {
    error(Code::FieldType, written.type->range,
          "`" + field.name + "` is " + text(written.type->range) + ", and its stages give " + gives)
        .secondary(stages.empty() ? base->range : stages.back().first->range, "gives " + gives)
        .help(stream.kind == Stream::Ids ? "fix their number: `|> pad(" +
                                               (field.dims.size() == 1 && field.dims[0].extent >= 0
                                                    ? std::to_string(field.dims[0].extent)
                                                    : "100") +
                                               ")`"
                                         : "write `" + field.name + ": " + gives + "`");
    return std::nullopt;
  };
  if (stream.kind == Stream::Ids)
    return mismatch(describe(stream));
  if (stream.kind == Stream::Cell)
    stream = {Stream::Numbers, field.dtype, stream.dims};
  bool same = !isTable || stream.dims.size() == field.dims.size();
  for (size_t i = 0; same && isTable && i < field.dims.size(); ++i)
    same = stream.dims[i].extent < 0 || field.dims[i].extent == stream.dims[i].extent;
  bool ids = stream.dtype == "i32";
  bool dtypeFits = ids ? isInteger(*dtype) : stages.empty() || isReal(*dtype);
  if (!same || !dtypeFits)
    return mismatch(describe(stream));
  return field;
}

std::optional<data::Stage> Elaborator::dataStage(const ast::Expr *callee, const ast::CallExpr &call,
                                                 Module &module) {
  struct Known {
    std::string name;
    std::vector<std::string> parameters; ///< the first may be positional
    size_t required;
  };
  static const std::vector<Known> known{{"tokenize", {"vocabulary", "ends"}, 1},
                                        {"pad", {"n", "side"}, 1},
                                        {"category", {"n"}, 1},
                                        {"hash", {"n"}, 1},
                                        {"one_hot", {}, 0},
                                        {"normalise", {}, 0},
                                        {"rescale", {"scale", "offset"}, 1}};
  std::string name = text(callee->range);
  auto found = std::find_if(known.begin(), known.end(), [&](auto &k) { return k.name == name; });
  if (found == known.end()) {
    if (name == "resize" || name.starts_with("images.")) {
      notYet(callee->range, "the stage `" + name + "`");
      return std::nullopt;
    }
    auto *simple = ast::dynCast<ast::NameExpr>(callee);
    if (!simple || isNameKnown(*module.scope, simple->name)) {
      notYet(callee->range, "a function of the program as a stage");
      return std::nullopt;
    }
    std::vector<std::string> names;
    for (const Known &each : known)
      names.push_back(each.name);
    auto report = error(Code::UnknownStage, callee->range, "there is no stage `" + name + "`");
    if (std::string near = nearest(name, names); !near.empty())
      report.help("did you mean `" + near + "`?");
    return std::nullopt;
  }
  auto arguments = dataArguments(call.args, 1, module);
  if (!arguments)
    return std::nullopt;
  CallSite site{call.range, callee->range, name, nullptr, true};
  std::vector<CallArg> args;
  for (size_t i = 1; i < call.args.size(); ++i)
    args.push_back(
        {call.args[i].name, Value(), call.args[i].value, call.args[i].range, call.args[i].range});
  std::vector<bool> optional;
  for (size_t i = 0; i < found->parameters.size(); ++i)
    optional.push_back(i >= found->required);
  std::vector<std::optional<CallArg>> matched;
  if (!matchNames(found->parameters, optional, std::move(args), site, {}, matched))
    return std::nullopt;
  for (size_t i = 0; i < arguments->size(); ++i)
    if ((*arguments)[i].name.empty())
      (*arguments)[i].name = found->parameters[i];
  return data::Stage{name, *arguments, sources.describe(callee->range)};
}

//===----------------------------------------------------------------------===//
// The whole declaration
//===----------------------------------------------------------------------===//

std::optional<data::Dataset> Elaborator::evaluateDataset(const ast::Dataset &dataset,
                                                         Module &module) {
  if (auto found = datasets.find(&dataset); found != datasets.end())
    return found->second;
  Entry scratch;
  begin(scratch, "");
  data::Dataset result;
  result.name = dataset.name.text;
  result.place = sources.describe(dataset.range);
  bool ok = dataSplits(dataset, result.splits);
  if (dataset.sources.empty()) {
    error(Code::UnknownSource, dataset.name.range, "this data set has no source")
        .help("say where the data is: `from csv(\"file.csv\")`");
    ok = false;
  }
  for (const ast::DatasetSource &source : dataset.sources) {
    auto made = dataSource(source, module);
    ok &= made.has_value();
    if (made)
      result.sources.push_back(*made);
  }
  // Where a source can't be read yet, nothing is known about its cells.
  plainTable = ok;
  bool sourcesKnown = ok;
  std::vector<const ast::DatasetField *> made;
  std::map<std::string, SourceRange> names;
  for (const ast::DatasetField &field : dataset.fields) {
    auto [place, isNew] = names.try_emplace(std::string(field.name.text), field.name.range);
    if (!isNew) {
      error(Code::DuplicateName, field.name.range,
            "the field `" + place->first + "` is declared twice")
          .secondary(place->second, "first here");
      ok = false;
    }
    auto value = dataField(field, module);
    ok &= value.has_value();
    if (value) {
      result.fields.push_back(*value);
      made.push_back(&field);
    }
  }
  if (sourcesKnown)
    lookAtData(dataset, made, result);
  auto &kept = datasets[&dataset];
  if (ok)
    kept = result;
  return kept;
}

std::optional<Dim> Elaborator::datasetDim(const DatasetRef &dataset, std::string_view name) {
  for (const ast::DatasetField &field : dataset.decl->fields) {
    auto *type = ast::dynCast<ast::NamedType>(field.type);
    if (!type)
      continue;
    for (const ast::TypeDim &dim : type->dims)
      if (auto *written = ast::dynCast<ast::NameExpr>(dim.extent);
          written && written->name == name) {
        if (auto found = options.dataDims.find(std::string(name)); found != options.dataDims.end())
          return Dim(found->second);
        return Dim::symbol(std::string(name));
      }
  }
  return std::nullopt;
}
