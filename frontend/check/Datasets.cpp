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

/// How a source is written whose options name files.
static std::string namedFilesExample(const std::string &kind) {
  std::string ending = kind == "idx" ? ".gz" : ".npy";
  return "`" + kind + "(image = \"images" + ending + "\", label = \"labels" + ending + "\")`";
}

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
      report.help("did you mean `" + near + "`?").fix(name->range, near);
    else
      report.help(
          "sources are `csv`, `text_file`, `text_folder`, `image_folder`, `idx`, `npy`, `npz`");
    return std::nullopt;
  }
  data::Source source{kind, "", std::string(written.split.text), {}, sources.describe(range)};
  size_t from = 0;
  if (!data::namesFiles(source)) {
    auto *path = call->args.empty() ? nullptr : ast::dynCast<ast::StringExpr>(call->args[0].value);
    if (!path || !call->args[0].name.text.empty()) {
      error(Code::UnknownSource, range, "`" + kind + "` takes the file's name first")
          .help("`" + kind + "(\"file" + (kind == "csv" ? ".csv" : "") + "\")`");
      return std::nullopt;
    }
    source.path = path->value;
    from = 1;
  }
  auto options = dataArguments(call->args, from, module);
  if (!options)
    return std::nullopt;
  for (size_t i = 0; i < options->size(); ++i)
    if (!checkSourceOption(kind, (*options)[i], call->args[i + from]))
      return std::nullopt;
  source.options = *options;
  if (data::namesFiles(source) && source.options.empty()) {
    error(Code::UnknownSource, range, "`" + kind + "` names each column's file")
        .help(namedFilesExample(kind));
    return std::nullopt;
  }
  return source;
}

/// An argument of a source beside its path.
bool Elaborator::checkSourceOption(const std::string &kind, const data::Argument &option,
                                   const ast::Arg &arg) {
  SourceRange range = arg.name.range.isValid() ? arg.name.range : arg.range;
  if (kind == "npy" || kind == "idx") {
    if (!option.name.empty() && std::holds_alternative<std::string>(option.value.value))
      return true;
    error(Code::UnknownArgument, range, "`" + kind + "` takes columns' names, each with its file")
        .help(namedFilesExample(kind));
    return false;
  }
  static const std::map<std::string, std::vector<std::string>> known{
      {"csv", {"separator"}}, {"text_file", {"window", "stride"}}, {"image_folder", {"skip"}}};
  auto found = known.find(kind);
  if (found == known.end() ||
      !std::count(found->second.begin(), found->second.end(), option.name)) {
    auto report = error(Code::UnknownArgument, range,
                        "`" + kind + "` has no parameter `" + option.name + "`");
    if (kind == "csv")
      report.help("its parameter is `separator`, a text of one character");
    else if (kind == "text_file")
      report.help("its parameters are `window` and `stride`, whole numbers");
    else if (kind == "image_folder")
      report.help("its parameter is `skip`: `skip = \"broken\"`");
    return false;
  }
  if (kind == "image_folder") {
    auto *skipped = std::get_if<std::string>(&option.value.value);
    if (skipped && *skipped == "broken")
      return true;
    error(Code::ArgumentType, arg.range, "what may be skipped is `\"broken\"`").done();
    return false;
  }
  auto *number = std::get_if<int64_t>(&option.value.value);
  if (kind == "text_file" && (!number || *number < 1)) {
    error(Code::ArgumentType, arg.range,
          "`" + option.name + "` is a number of bytes: a whole number from 1")
        .done();
    return false;
  }
  return true;
}

bool Elaborator::dataSplits(const ast::Dataset &dataset, std::vector<data::Split> &out) {
  constexpr size_t mostParts = 100;
  if (dataset.splits.size() > mostParts) {
    error(Code::BadSplit, dataset.splits[mostParts].range,
          "a data set is split into at most " + std::to_string(mostParts) + " parts")
        .done();
    return false;
  }
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
// The whole declaration
//===----------------------------------------------------------------------===//

/// Each split's rows come from one place.
bool Elaborator::sourcesAreDistinct(const ast::Dataset &dataset) {
  bool ok = true, trains = false;
  std::map<std::string, SourceRange> taken;
  for (const ast::DatasetSplit &split : dataset.splits)
    if (split.name.text != "train")
      taken.try_emplace(std::string(split.name.text), split.name.range);
  for (const ast::DatasetSource &source : dataset.sources) {
    std::string split(source.split.text.empty() ? "train" : source.split.text);
    trains |= split == "train";
    auto [place, isNew] = taken.try_emplace(split, source.range);
    if (isNew)
      continue;
    error(Code::DuplicateName, source.range, "the rows of `" + split + "` come from two places")
        .secondary(place->second, "first here");
    ok = false;
  }
  if (!trains && !dataset.sources.empty()) {
    error(Code::UnknownSource, dataset.name.range, "this data set has nothing to train from")
        .help("`from csv(\"file.csv\")`, or `train from csv(\"file.csv\")`");
    ok = false;
  }
  return ok;
}

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
  ok &= sourcesAreDistinct(dataset);
  // Where a source can't be read yet, nothing is known about its cells.
  plainTable = ok;
  arrayTable = std::any_of(result.sources.begin(), result.sources.end(), data::hasArrays);
  pictureTable = std::any_of(result.sources.begin(), result.sources.end(),
                             [](const auto &source) { return source.kind == "image_folder"; });
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
    auto value = dataField(dataset, field, module);
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
