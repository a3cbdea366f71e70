//===- DataFields.cpp - Fields of data sets and their types ---------------===//
#include "frontend/check/FieldBuilding.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

/// The stages of a field's expression, from the column on; the column.
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

bool Elaborator::fieldColumns(FieldBuilding &building) {
  const ast::Expr *base = pipeline(building.written->value, building.stages);
  building.column = ast::dynCast<ast::CallExpr>(base);
  auto *name = building.column ? ast::dynCast<ast::NameExpr>(building.column->callee) : nullptr;
  if (!name || (name->name != "column" && name->name != "columns")) {
    error(Code::UnknownStage, base->range, "a field begins with a column")
        .help(
            "`column(\"name\")`, then stages: `column(\"text\") |> tokenize(vocabulary = 10_000)`");
    return false;
  }
  data::Field &field = building.field;
  building.several = name->name == "columns";
  for (const ast::Arg &arg : building.column->args) {
    if (!arg.name.text.empty())
      continue;
    auto *text = ast::dynCast<ast::StringExpr>(arg.value);
    if (!text) {
      error(Code::ArgumentType, arg.range, "a column is given by its name, a text").done();
      return false;
    }
    field.columns.emplace_back(text->value);
  }
  if (field.columns.size() != (building.several ? 2u : 1u)) {
    error(Code::MissingArgument, name->range,
          building.several ? "`columns` takes the first and the last column's name"
                           : "`column` takes one column's name")
        .done();
    return false;
  }
  auto options = dataArguments(building.column->args, field.columns.size(), *building.module);
  if (!options)
    return false;
  field.columnOptions = *options;
  if (building.several)
    building.stream.axes.emplace_back(freshHole(base->range), base->range);
  else
    building.stream.anyShape = arrayTable;
  building.stream.isPicture =
      pictureTable && !building.several && field.columns[0] == data::kPictureColumn;
  return true;
}

/// The type that is declared.
bool Elaborator::fieldType(FieldBuilding &building) {
  const ast::Type *type = building.written->type;
  building.type = ast::dynCast<ast::NamedType>(type);
  auto dtype = building.type && building.type->path.names.size() == 1
                   ? dtypeNamed(building.type->path.names[0].text)
                   : std::nullopt;
  if (!dtype) {
    if (type && type->kind != ast::TypeKind::Error)
      error(Code::FieldType, type->range, "a field is a tensor with a fixed dtype").done();
    return false;
  }
  building.dtype = *dtype;
  building.field.dtype = name(*dtype);
  DimEnv env{building.module->scope, nullptr, {}, nullptr};
  for (const ast::TypeDim &dim : building.type->dims) {
    if (dim.ellipsis) {
      error(Code::FieldType, dim.range, "a field's dimensions are written out").done();
      return false;
    }
    std::vector<std::string> unknown;
    unknownDims(dim.extent, env, unknown);
    if (!unknown.empty() && dim.extent->kind == ast::ExprKind::Name) {
      auto known = options.dataDims.find(unknown[0]);
      building.field.dims.push_back({-1, unknown[0]});
      building.declared.emplace_back(known != options.dataDims.end() ? Dim(known->second)
                                                                     : Dim::symbol(unknown[0]),
                                     dim.range);
      continue;
    }
    auto extent = evaluateDim(dim.extent, env);
    if (!extent || !extent->constant())
      return false;
    building.field.dims.push_back({*extent->constant(), ""});
    building.declared.emplace_back(*extent, dim.range);
  }
  return true;
}

/// Compares the declared type with what the stages give.
bool Elaborator::fieldFits(FieldBuilding &building) {
  FieldStream &stream = building.stream;
  auto &declared = building.declared;
  bool same = stream.anyShape || stream.axes.size() == declared.size();
  for (size_t i = 0; same && !stream.anyShape && i < declared.size(); ++i) {
    // What the data decides may be what a stage fixes.
    bool open = declared[i].dim.symbolName().has_value();
    same = equal(stream.axes[i].dim, declared[i].dim) || open;
  }
  if (stream.kind == FieldStream::Kind::Ids)
    same = false;
  if (same && stream.dtype) {
    bool ids = dtypes.find(*stream.dtype).variable < 0 &&
               dtypes.find(*stream.dtype).fixed == DType::I32 && building.dtype == DType::I64;
    same = ids || dtypes.unify(*stream.dtype, building.dtype);
  }
  if (same)
    return true;
  if (stream.kind == FieldStream::Kind::Cell)
    stream.dtype = building.dtype;
  const ast::Type *type = building.written->type;
  std::string gives = streamText(stream);
  SourceRange last =
      building.stages.empty() ? building.column->range : building.stages.back().first->range;
  std::string length = declared.size() == 1 && declared[0].dim.constant()
                           ? std::to_string(*declared[0].dim.constant())
                           : "100";
  error(Code::FieldType, type->range,
        "`" + building.field.name + "` is " + text(type->range) + ", and its stages give " + gives)
      .secondary(last, "gives " + gives)
      .help(stream.kind == FieldStream::Kind::Ids
                ? "fix their number: `|> pad(" + length + ")`"
                : "write `" + building.field.name + ": " + gives + "`");
  return false;
}

std::optional<data::Field> Elaborator::dataField(const ast::Dataset &dataset,
                                                 const ast::DatasetField &written, Module &module) {
  if (!written.value || written.value->kind == ast::ExprKind::Error)
    return std::nullopt;
  FieldBuilding building;
  building.dataset = &dataset;
  building.written = &written;
  building.module = &module;
  building.field.name = written.name.text;
  building.field.place = sources.describe(written.range);
  if (!fieldColumns(building))
    return std::nullopt;
  bool typed = fieldType(building);
  if (building.stream.isPicture)
    beginWithPicture(building);
  for (auto &[callee, call] : building.stages)
    if (!addStage(building, callee, *call))
      return std::nullopt;
  // Where a source can't be read yet, nothing is known about its cells.
  if (!typed || (plainTable && !fieldFits(building)))
    return std::nullopt;
  if (building.field.picture)
    settlePicture(building);
  auto outer = std::move(builder);
  for (FieldBuilding::Open &open : building.open) {
    builder = std::move(open.builder);
    for (const Argument &argument : open.entry->arguments)
      for (const Dim &dim : open.entry->type(argument.value).dims)
        for (const std::string &name : known(dim).symbols())
          if (name[0] == '$')
            holes[name] = Dim::symbol("extent" + name.substr(1));
    finish();
    stageEntries[&dataset].push_back(std::move(*open.entry));
  }
  builder = std::move(outer);
  return building.field;
}
