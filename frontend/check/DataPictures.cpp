//===- DataPictures.cpp - Fields of pictures ------------------------------===//
#include "frontend/check/FieldBuilding.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

/// How pictures are read: by the first function among the stages where its parameter tells, else by
/// the field's type; in colour where neither does.
std::vector<int64_t> Elaborator::pictureChannels(const FieldBuilding &building) {
  size_t rank = building.declared.size();
  for (auto &[callee, call] : building.stages) {
    if (isBuiltinStage(text(callee->range)))
      continue;
    if (auto *name = ast::dynCast<ast::NameExpr>(callee);
        name && !isNameKnown(*building.module->scope, name->name))
      break; // which is told where the stage is added
    Value value = evaluate(callee, building.module->scope);
    auto *function = value.get<FunctionValue>();
    auto *type = function && function->decl && !function->decl->params.empty()
                     ? ast::dynCast<ast::NamedType>(function->decl->params[0].type)
                     : nullptr;
    bool open = !type || std::any_of(type->dims.begin(), type->dims.end(),
                                     [](const ast::TypeDim &dim) { return dim.ellipsis; });
    if (open)
      break;
    rank = type->dims.size();
    auto *channels = rank == 3 ? ast::dynCast<ast::NumberExpr>(type->dims[2].extent) : nullptr;
    if (channels)
      return {channels->real == 1 ? 1 : 3};
    break;
  }
  if (rank == 2)
    return {};
  bool grey = building.declared.size() == 3 && building.declared[2].dim.constant() == 1;
  return {grey ? 1 : 3};
}

void Elaborator::beginWithPicture(FieldBuilding &building) {
  FieldStream &stream = building.stream;
  SourceRange range = building.column->range;
  stream.anyShape = false;
  building.field.picture = {-1, -1};
  for (int i = 0; i < 2; ++i)
    stream.axes.emplace_back(freshHole(range), range);
  for (int64_t channels : pictureChannels(building)) {
    building.field.picture->push_back(channels);
    stream.axes.emplace_back(Dim(channels), range);
  }
  building.picture = stream.axes;
}

/// Where stages and type have decided what size a picture has.
void Elaborator::settlePicture(FieldBuilding &building) {
  for (size_t i = 0; i < 2; ++i)
    if (auto extent = known(building.picture[i].dim).constant())
      (*building.field.picture)[i] = *extent;
}

/// `resize` and `reshape`: the extents behind them.
bool Elaborator::setExtents(FieldBuilding &building, const ast::Expr *callee,
                            const ast::CallExpr &call, const data::Stage &stage) {
  FieldStream &stream = building.stream;
  bool resizes = stage.name == "resize";
  std::vector<Axis> extents;
  for (size_t i = 0; i < stage.arguments.size(); ++i) {
    auto *number = std::get_if<int64_t>(&stage.arguments[i].value.value);
    if (!number || *number < 1) {
      error(Code::ArgumentType, call.args[i + 1].range, "an extent is a fixed whole number from 1")
          .done();
      return false;
    }
    extents.emplace_back(Dim(*number), call.args[i + 1].range);
  }
  // Of an array of which nothing is known, what the field declares.
  std::vector<Axis> axes = stream.anyShape ? building.declared : stream.axes;
  if (stream.kind == FieldStream::Kind::Ids || (resizes && axes.size() < 2)) {
    error(Code::StageKind, callee->range,
          "`" + stage.name + "` takes " + (resizes ? "pictures" : "numbers") +
              ", and here it gets " + streamText(stream))
        .done();
    return false;
  }
  if (resizes) {
    std::copy_n(extents.begin(), 2, axes.begin());
    extents = std::move(axes);
    stream.dtype = DType::F32;
  } else if (!stream.anyShape) {
    auto count = [&](const std::vector<Axis> &of) {
      Dim product(1);
      for (const Axis &axis : of)
        product = product * known(axis.dim);
      return product.constant();
    };
    if (auto had = count(axes); had && *had != *count(extents)) {
      error(Code::StageKind, callee->range,
            "`reshape` makes " + std::to_string(*count(extents)) + " elements of " +
                streamText(stream))
          .done();
      return false;
    }
  }
  stream.axes = std::move(extents);
  stream.anyShape = false;
  stream.kind = FieldStream::Kind::Numbers;
  return true;
}
