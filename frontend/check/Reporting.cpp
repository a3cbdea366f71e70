//===- Reporting.cpp - How mistakes and types are put into words ----------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Reporting
//===----------------------------------------------------------------------===//

bool Elaborator::isLibrary(SourceRange range) const {
  for (auto &module : modules.all())
    if (module->file == range.file)
      return module->isLibrary;
  return false;
}

SourceRange Elaborator::outermostCall(SourceRange otherwise) const {
  for (const Active &frame : active)
    if (frame.range.isValid())
      return frame.range;
  return otherwise;
}

std::string Elaborator::bareText(SourceRange range) const {
  std::string all = text(range);
  if (all.size() < 2 || all.front() != '(' || all.back() != ')')
    return all;
  int open = 0;
  for (size_t i = 0; i + 1 < all.size(); ++i) {
    open += (all[i] == '(') - (all[i] == ')');
    if (open == 0)
      return all;
  }
  return all.substr(1, all.size() - 2);
}

/// A mistake inside the library is the caller's: it is shown where the program called.
SourceRange Elaborator::shownAt(SourceRange range) const {
  if (range.isValid() && isLibrary(range))
    for (auto frame = active.rbegin(); frame != active.rend(); ++frame)
      if (frame->range.isValid() && !isLibrary(frame->range))
        return frame->range;
  return range;
}

bool Elaborator::isReported(Code code, SourceRange range) const {
  return engine.isFull() || reported.count({code, shownAt(range)});
}

std::string Elaborator::text(SourceRange range) const { return clipped(sources.text(range), 400); }

DiagnosticBuilder Elaborator::error(Code code, SourceRange range, std::string message) {
  SourceRange primary = shownAt(range);
  // What follows from a limit's being reached is no mistake; putting it into words took its time.
  budget.spend(16);
  if (exhausted || engine.isFull() || !reported.insert({code, primary}).second)
    return discarded.error(code, primary, std::move(message));
  Diagnostic diagnostic;
  diagnostic.code = code;
  diagnostic.message = std::move(message);
  diagnostic.primary = {primary, primary != range ? "from this call" : ""};
  if (primary != range)
    diagnostic.secondary.push_back({range, "in the library, here"});
  // How it got there: what holds of a function by itself has no calls around it.
  bool isLimit = code == Code::CallsTooDeep || code == Code::TooManyInstances ||
                 code == Code::TooManySteps || code == Code::TooDeep;
  size_t shown = isLimit ? 3 : 0;
  for (auto frame = active.rbegin(); frame != active.rend() && shown < 3; ++frame)
    if (frame->range.isValid() && frame->decl && frame->range != primary &&
        !contains(frame->range, primary)) {
      diagnostic.secondary.push_back({frame->range, "in this call"});
      ++shown;
    }
  return DiagnosticBuilder(engine, std::move(diagnostic));
}

Value Elaborator::fail(Code code, SourceRange range, std::string message) {
  error(code, range, std::move(message)).done();
  return ErrorValue{};
}

Value Elaborator::exhaust(Code code, SourceRange range, std::string message) {
  fail(code, outermostCall(range), std::move(message));
  exhausted = true;
  return ErrorValue{};
}

Value Elaborator::notYet(SourceRange range, const std::string &what) {
  return fail(Code::NotYet, range, what + " is not there yet");
}

//===----------------------------------------------------------------------===//
// Types in words
//===----------------------------------------------------------------------===//

std::string Elaborator::dimText(const Dim &dim) const {
  std::string text = known(dim).str(), result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 10, " floordiv ") == 0) {
      result += " / ";
      i += 9;
    } else if (text[i] == '$') {
      result += '_';
      while (i + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[i + 1])))
        ++i;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string Elaborator::dtypeText(Dt dtype) const {
  Dt found = dtypes.find(dtype);
  return name(dtypes.resolve(found, options.real));
}

/// Whether a type has been put into so many words that nobody reads more.
static bool isLong(const std::string &text) { return text.size() > 300; }

std::string Elaborator::typeText(const Tensor &tensor) const {
  std::string result = dtypeText(tensor.dtype);
  for (size_t i = 0; i < tensor.rank() && !isLong(result); ++i)
    result += (i ? ", " : "[") + dimText(tensor.axes[i].dim);
  return tensor.rank() ? result + "]" : result;
}

bool check::contains(SourceRange outer, SourceRange inner) {
  return inner.isValid() && outer.file == inner.file && outer.begin <= inner.begin &&
         inner.end <= outer.end;
}

std::string check::withArticle(std::string_view name) {
  bool vowel =
      !name.empty() && std::string_view("AEIOUaeiou").find(name[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::string(name);
}

std::string Elaborator::typeText(const Value &value) const {
  struct Visitor {
    const Elaborator &e;
    std::string operator()(const ErrorValue &) { return "a mistake"; }
    std::string operator()(const NoValue &) { return "nothing"; }
    std::string operator()(const Hole &) { return "`_`"; }
    std::string operator()(const Tensor &tensor) { return e.typeText(tensor); }
    std::string operator()(const Number &number) {
      if (number.isReal)
        return "a number with a point";
      return "the whole number " + e.dimText(number.whole);
    }
    std::string operator()(const FixedBool &truth) { return truth.value ? "`true`" : "`false`"; }
    std::string operator()(const Text &text) { return "the text \"" + text.value + "\""; }
    std::string operator()(const Sequence &sequence) {
      if (sequence.isList)
        return "a list of " + std::to_string(sequence.items.size());
      std::string result = "(";
      for (size_t i = 0; i < sequence.items.size() && !isLong(result); ++i)
        result += (i ? ", " : "") + e.typeText(sequence.items[i]);
      return result + ")";
    }
    std::string operator()(const Record &record) {
      std::string result = "{ ";
      for (size_t i = 0; i < record.fields.size() && !isLong(result); ++i)
        result +=
            (i ? ", " : "") + record.fields[i].first + ": " + e.typeText(record.fields[i].second);
      return result + " }";
    }
    std::string operator()(const FunctionValue &) { return "a function"; }
    std::string operator()(const ModelType &model) {
      return "the model " + std::string(model.decl->name.text) + " without its arguments";
    }
    std::string operator()(const ModelRef &model) {
      return withArticle(model.instance->decl->name.text);
    }
    std::string operator()(const ModuleRef &module) { return "the file " + module.module->name; }
    std::string operator()(const DatasetRef &dataset) {
      return "the data set " + std::string(dataset.decl->name.text);
    }
    std::string operator()(const DtypeName &dtype) {
      return std::string("the type ") + name(dtype.dtype);
    }
    std::string operator()(const Fill &fill) {
      return fill.kind == Fill::Kind::Draw ? "a draw without a shape" : "a value without a shape";
    }
  };
  return std::visit(Visitor{*this}, value.data);
}

std::string Elaborator::typeText(const ResolvedType &type) const {
  using Kind = ResolvedType::Kind;
  switch (type.kind) {
  case Kind::Error:
    return "a mistake";
  case Kind::Tensor:
    return typeText(Tensor{kNoValue, type.dtype, type.axes});
  case Kind::Int:
    return "int";
  case Kind::Real:
    return "real";
  case Kind::String:
    return "string";
  case Kind::Strings: {
    std::string result;
    for (size_t i = 0; i < type.names.size() && !isLong(result); ++i)
      result += (result.empty() ? "\"" : " | \"") + type.names[i] + "\"";
    return result;
  }
  case Kind::Tuple:
  case Kind::List: {
    std::string result = type.kind == Kind::List ? "[" : "(";
    for (size_t i = 0; i < type.items.size() && !isLong(result); ++i)
      result += (i ? ", " : "") + typeText(type.items[i]);
    return result + (type.kind == Kind::List ? "]" : ")");
  }
  case Kind::Record: {
    std::string result = "{ ";
    for (size_t i = 0; i < type.items.size() && !isLong(result); ++i)
      result += (i ? ", " : "") + type.names[i] + ": " + typeText(type.items[i]);
    return result + " }";
  }
  case Kind::Function:
    return "a function";
  case Kind::Model:
    return "a model";
  case Kind::Tree:
    return "a tree";
  case Kind::Like:
    return "like " + typeText(type.like);
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Names that were meant
//===----------------------------------------------------------------------===//

/// A longer name isn't a slip of the keyboard.
static constexpr size_t longestName = 64;

/// Damerau's distance: insertions, deletions, substitutions and exchanges of neighbours.
static size_t distance(std::string_view a, std::string_view b) {
  size_t rows[longestName + 1][longestName + 1];
  for (size_t i = 0; i <= a.size(); ++i)
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        rows[i][j] = i + j;
        continue;
      }
      rows[i][j] = std::min(
          {rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  return rows[a.size()][b.size()];
}

std::string check::nearest(std::string_view name, const std::vector<std::string> &names) {
  std::string best;
  size_t least = std::max<size_t>(1, name.size() / 3) + 1;
  if (name.size() > longestName || name.size() < 3)
    return best;
  size_t left = CheckLimits::suggestions * 200;
  for (const std::string &candidate : names) {
    size_t longer = std::max(candidate.size(), name.size());
    if (longer > longestName || 2 * longer - candidate.size() - name.size() > least ||
        candidate == name)
      continue;
    size_t cells = name.size() * candidate.size();
    if (cells > left)
      break;
    left -= cells;
    size_t edits = distance(name, candidate);
    if (edits < least || (edits == least && !best.empty() && candidate < best)) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}
