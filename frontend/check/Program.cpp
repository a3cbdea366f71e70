//===- Program.cpp - Names and text of checked programs -------------------===//
#include "frontend/check/Program.h"

#include <algorithm>
#include <set>
#include <sstream>

using namespace tenon;
using namespace tenon::check;

const char *check::name(DType dtype) {
  switch (dtype) {
  case DType::Bool:
    return "bool";
  case DType::I8:
    return "i8";
  case DType::U8:
    return "u8";
  case DType::I32:
    return "i32";
  case DType::I64:
    return "i64";
  case DType::F16:
    return "f16";
  case DType::BF16:
    return "bf16";
  case DType::F32:
    return "f32";
  case DType::F64:
    return "f64";
  }
  return "";
}

bool check::isReal(DType dtype) { return dtype >= DType::F16; }
bool check::isInteger(DType dtype) { return dtype >= DType::I8 && dtype <= DType::I64; }

std::string TensorType::str() const {
  std::string text = name(dtype);
  for (size_t i = 0; i < dims.size(); ++i)
    text += (i ? ", " : "[") + dims[i].str();
  return dims.empty() ? text : text + "]";
}

ValueId Entry::argumentOf(Role role) const {
  for (const Argument &argument : arguments)
    if (argument.role == role)
      return argument.value;
  return kNoValue;
}

/// Adds what a region's results and checks are computed from.
static void collectLive(const Region &region, std::set<ValueId> &live) {
  live.insert(region.results.begin(), region.results.end());
  for (auto op = region.ops.rbegin(); op != region.ops.rend(); ++op) {
    bool used = std::any_of(op->results.begin(), op->results.end(),
                            [&](ValueId result) { return live.count(result); });
    if (!used && !op->results.empty())
      continue;
    live.insert(op->operands.begin(), op->operands.end());
    if (auto *read = std::get_if<ReadAttr>(&op->attr))
      for (const ReadPosition &position : read->positions)
        live.insert(position.value);
    for (const Region &inner : op->regions)
      collectLive(inner, live);
  }
}

bool Entry::uses(ValueId value) const {
  std::set<ValueId> live;
  collectLive(body, live);
  return value != kNoValue && live.count(value);
}

const Entry *Program::find(const std::string &name) const {
  for (const Entry &entry : entries)
    if (entry.name == name)
      return &entry;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static const char *const kindNames[] = {"map",
                                        "constant",
                                        "dimension",
                                        "iota",
                                        "broadcast",
                                        "reshape",
                                        "transpose",
                                        "slice",
                                        "concat",
                                        "argsort",
                                        "read",
                                        "nest",
                                        "reduce",
                                        "if",
                                        "scan",
                                        "loop",
                                        "vjp",
                                        "jvp",
                                        "custom_gradient",
                                        "draw",
                                        "check"};
static const char *const mapNames[] = {
    "add",  "sub",     "mul", "div",   "rem",   "max",           "min",       "pow",    "neg",
    "abs",  "sign",    "exp", "expm1", "log",   "log1p",         "sqrt",      "sin",    "cos",
    "tanh", "sigmoid", "erf", "floor", "round", "stop_gradient", "eq",        "ne",     "lt",
    "le",   "gt",      "ge",  "and",   "or",    "not",           "is_finite", "select", "convert"};
static const char *const combinerNames[] = {"sum",    "prod",      "max", "min", "argmax",
                                            "argmin", "logsumexp", "any", "all"};
static const char *const distributionNames[] = {"uniform", "normal", "bernoulli", "integers"};
static const char *const roleNames[] = {"parameter", "state", "optimizer",    "metric",
                                        "field",     "seed",  "step",         "steps",
                                        "input",     "loss",  "metric_value", "result"};

namespace {
class Printer {
public:
  explicit Printer(const Entry &entry) : entry(entry) {}

  std::string print() {
    out << "entry " << entry.name;
    if (!entry.symbols.empty()) {
      out << " symbols";
      for (const std::string &symbol : entry.symbols)
        out << " " << symbol;
    }
    out << "\n";
    for (const Argument &argument : entry.arguments)
      out << "  " << roleNames[int(argument.role)] << " " << argument.name << " = "
          << typed(argument.value) << "\n";
    for (const Op &op : entry.body.ops)
      print(op, 2);
    for (const Result &result : entry.results) {
      out << "  " << roleNames[int(result.role)] << " " << result.name << " <- "
          << value(result.value);
      if (result.alias)
        out << " in place of argument " << *result.alias;
      out << "\n";
    }
    return out.str();
  }

private:
  std::string value(ValueId id) const {
    return id == kNoValue ? "%none" : "%" + std::to_string(id);
  }
  std::string typed(ValueId id) const { return value(id) + ": " + entry.type(id).str(); }
  std::string list(const std::vector<ValueId> &ids) const {
    std::string text;
    for (size_t i = 0; i < ids.size(); ++i)
      text += (i ? ", " : "") + value(ids[i]);
    return text;
  }
  template <typename T> std::string numbers(const std::vector<T> &items) const {
    std::string text = "[";
    for (size_t i = 0; i < items.size(); ++i)
      text += (i ? ", " : "") + std::to_string(items[i]);
    return text + "]";
  }
  std::string dims(const std::vector<Dim> &items) const {
    std::string text = "[";
    for (size_t i = 0; i < items.size(); ++i)
      text += (i ? ", " : "") + items[i].str();
    return text + "]";
  }
  std::string position(const ReadPosition &p) const {
    if (p.kind == ReadPosition::Kind::Whole)
      return ":";
    std::string text;
    if (p.affine) {
      for (auto &[index, coefficient] : p.affine->terms)
        text += (text.empty() ? "" : " + ") +
                (coefficient == 1 ? "" : std::to_string(coefficient) + "*") + value(index);
      if (!p.affine->offset.isConstant(0) || text.empty())
        text += (text.empty() ? "" : " + ") + p.affine->offset.str();
    } else {
      text = value(p.value);
    }
    return p.inside ? text : text + (p.guarded ? "!" : "?");
  }
  std::string attribute(const Op &op) const {
    if (op.kind == OpKind::Map)
      return "";
    if (auto *a = std::get_if<ConstantAttr>(&op.attr)) {
      DType dtype = entry.type(op.results[0]).dtype;
      if (!isReal(dtype))
        return " " + std::to_string(a->integer);
      std::ostringstream text;
      text.precision(17);
      text << " " << a->real;
      return text.str();
    }
    if (auto *a = std::get_if<DimAttr>(&op.attr))
      return " " + a->dim.str();
    if (auto *a = std::get_if<AxisAttr>(&op.attr))
      return " axis " + std::to_string(a->axis);
    if (auto *a = std::get_if<SortAttr>(&op.attr))
      return a->descending ? " descending" : "";
    if (auto *a = std::get_if<AxesAttr>(&op.attr))
      return " axes " + numbers(a->axes);
    if (auto *a = std::get_if<SliceAttr>(&op.attr))
      return " offsets " + dims(a->offsets) + " strides " + numbers(a->strides);
    if (auto *a = std::get_if<ReadAttr>(&op.attr)) {
      std::string text = " [";
      for (size_t i = 0; i < a->positions.size(); ++i)
        text += (i ? ", " : "") + position(a->positions[i]);
      return text + (a->hasFallback ? "] else" : "]");
    }
    if (auto *a = std::get_if<LoopsAttr>(&op.attr)) {
      std::string text = op.kind == OpKind::Reduce
                             ? std::string(" ") + combinerNames[int(a->combiner)] + " ["
                             : " [";
      for (size_t i = 0; i < a->extents.size(); ++i)
        text += (i ? ", " : "") + a->names[i] + ": " + a->extents[i].str();
      return text + "]";
    }
    if (auto *a = std::get_if<ScanAttr>(&op.attr))
      return " extent " + a->extent.str() + " carried " + std::to_string(a->carried) + " over " +
             numbers(a->inputAxes) + " stack " + numbers(a->outputAxes);
    if (auto *a = std::get_if<LoopAttr>(&op.attr))
      return " carried " + std::to_string(a->carried) +
             (a->bound ? " at most " + a->bound->str() : "") + (a->hasLimit ? " limited" : "");
    if (auto *a = std::get_if<VjpAttr>(&op.attr))
      return " inputs " + std::to_string(a->inputs);
    if (auto *a = std::get_if<DrawAttr>(&op.attr))
      return std::string(" ") + distributionNames[int(a->distribution)] + " \"" + a->stream +
             "\" iterations (" + list(a->iterations) + ")";
    if (auto *a = std::get_if<CheckAttr>(&op.attr))
      return " \"" + a->message + "\"";
    return "";
  }
  void print(const Op &op, int indent) {
    out << std::string(indent, ' ');
    for (size_t i = 0; i < op.results.size(); ++i)
      out << (i ? ", " : "") << typed(op.results[i]);
    if (!op.results.empty())
      out << " = ";
    out << (op.kind == OpKind::Map ? mapNames[int(op.map)] : kindNames[int(op.kind)])
        << attribute(op);
    if (!op.operands.empty())
      out << " " << list(op.operands);
    out << "\n";
    for (const Region &region : op.regions) {
      out << std::string(indent, ' ') << "(" << list(region.arguments) << ") {\n";
      for (const Op &inner : region.ops)
        print(inner, indent + 2);
      out << std::string(indent, ' ') << "} -> " << list(region.results) << "\n";
    }
  }

  const Entry &entry;
  std::ostringstream out;
};
} // namespace

std::string check::print(const Entry &entry) { return Printer(entry).print(); }
