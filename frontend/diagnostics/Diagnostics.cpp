#include "frontend/diagnostics/Diagnostics.h"

#include <algorithm>
#include <tuple>

namespace tenon {

namespace {

struct Entry {
  std::string_view text;
  std::string_view meaning;
};

constexpr Entry entries[] = {
#define TENON_CODE(NUMBER, NAME, TEXT) {"E" #NUMBER, TEXT},
#include "frontend/diagnostics/Codes.def"
#undef TENON_CODE
};

} // namespace

std::string_view codeText(Code code) { return entries[static_cast<size_t>(code)].text; }
std::string_view codeMeaning(Code code) { return entries[static_cast<size_t>(code)].meaning; }

std::vector<Code> allCodes() {
  std::vector<Code> codes;
  for (size_t i = 0; i < std::size(entries); ++i)
    codes.push_back(static_cast<Code>(i));
  return codes;
}

DiagnosticBuilder::~DiagnosticBuilder() { engine_->report(std::move(diagnostic_)); }

DiagnosticBuilder &DiagnosticBuilder::label(std::string text) {
  diagnostic_.primary.text = std::move(text);
  return *this;
}
DiagnosticBuilder &DiagnosticBuilder::secondary(SourceRange range, std::string text) {
  if (range.isValid())
    diagnostic_.secondary.push_back({range, std::move(text)});
  return *this;
}
DiagnosticBuilder &DiagnosticBuilder::note(std::string text) {
  diagnostic_.notes.push_back(std::move(text));
  return *this;
}
DiagnosticBuilder &DiagnosticBuilder::help(std::string text) {
  diagnostic_.help.push_back(std::move(text));
  return *this;
}

DiagnosticBuilder &DiagnosticBuilder::fix(SourceRange range, std::string replacement) {
  if (range.isValid())
    diagnostic_.fixes.push_back({range, std::move(replacement)});
  return *this;
}

DiagnosticBuilder DiagnosticEngine::error(Code code, SourceRange range, std::string message) {
  return {*this, {code, Severity::Error, std::move(message), {range, ""}, {}, {}, {}}};
}

DiagnosticBuilder DiagnosticEngine::warning(Code code, SourceRange range, std::string message) {
  return {*this, {code, Severity::Warning, std::move(message), {range, ""}, {}, {}, {}}};
}

/// Cuts what quotes a program at length.
static void clip(Diagnostic &diagnostic) {
  constexpr size_t longest = 600, longestFix = 400;
  auto cut = [](std::string &text) { text = clipped(text, longest); };
  cut(diagnostic.message);
  cut(diagnostic.primary.text);
  for (Label &label : diagnostic.secondary)
    cut(label.text);
  std::ranges::for_each(diagnostic.notes, cut);
  std::ranges::for_each(diagnostic.help, cut);
  constexpr size_t mostLabels = 16;
  if (diagnostic.secondary.size() > mostLabels)
    diagnostic.secondary.resize(mostLabels);
  // Text that was quoted at length is cut, and so no replacement.
  if (std::any_of(diagnostic.fixes.begin(), diagnostic.fixes.end(),
                  [](const Label &fix) { return fix.text.size() > longestFix; }))
    diagnostic.fixes.clear();
}

void DiagnosticEngine::report(Diagnostic diagnostic) {
  if (isFull()) {
    errors_ += diagnostic.severity == Severity::Error;
    return;
  }
  clip(diagnostic);
  if (std::find(diagnostics_.begin(), diagnostics_.end(), diagnostic) != diagnostics_.end())
    return;
  errors_ += diagnostic.severity == Severity::Error;
  diagnostics_.push_back(std::move(diagnostic));
}

std::vector<Diagnostic> DiagnosticEngine::sorted() const {
  std::vector<Diagnostic> result = diagnostics_;
  std::sort(result.begin(), result.end(), [](const Diagnostic &a, const Diagnostic &b) {
    return std::tie(a.primary.range, a.code, a.message) <
           std::tie(b.primary.range, b.code, b.message);
  });
  if (isFull()) {
    Diagnostic rest;
    rest.code = Code::TooManyErrors;
    rest.message = "after " + std::to_string(limit_) + " messages nothing more is looked at";
    result.push_back(std::move(rest));
  }
  return result;
}

} // namespace tenon
