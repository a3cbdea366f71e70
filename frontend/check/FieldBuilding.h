//===- FieldBuilding.h - A field on its way through its stages --*- C++ -*-===//
#pragma once

#include "frontend/check/Elaborator.h"

namespace tenon::check {

/// What a field is after a stage.
struct FieldStream {
  enum class Kind {
    Cell,    ///< what the column holds: a text, a number or an array of numbers
    Ids,     ///< ids of any number
    Numbers, ///< a tensor
  };
  Kind kind = Kind::Cell;
  /// Of numbers; nothing where they have no dtype of their own.
  std::optional<Dt> dtype;
  std::vector<Axis> axes;
  bool anyShape = false;  ///< an array, of which nothing is known
  bool isPicture = false; ///< u8, of height, width and perhaps channels
  int64_t classes = -1;   ///< how many ids there are, where a stage fixes it

  bool isScalarCell() const { return kind == Kind::Cell && axes.empty(); }
};

/// A declaration of a field, being read.
struct Elaborator::FieldBuilding {
  const ast::Dataset *dataset = nullptr;
  const ast::DatasetField *written = nullptr;
  Module *module = nullptr;
  const ast::CallExpr *column = nullptr;
  std::vector<std::pair<const ast::Expr *, const ast::CallExpr *>> stages;
  bool several = false; ///< of `columns`
  FieldStream stream;
  data::Field field;
  std::vector<Axis> picture;  ///< its extents before any stage, of a field of pictures
  DType dtype = DType::F32;   ///< declared
  std::vector<Axis> declared; ///< extents, of which those that the data decides are names
  const ast::NamedType *type = nullptr;
  /// The functions' entries, to be closed when the field's type is known.
  struct Open {
    std::unique_ptr<Entry> entry;
    std::unique_ptr<Builder> builder;
  };
  std::vector<Open> open;
};

} // namespace tenon::check
