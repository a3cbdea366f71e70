//===- Diagnostics.h - What a user is told about a program ------*- C++ -*-===//
#pragma once

#include "frontend/diagnostics/Source.h"

#include <string>
#include <string_view>
#include <vector>

namespace tenon {

/// The registered diagnostics, of Codes.def.
enum class Code : uint16_t {
#define TENON_CODE(NUMBER, NAME, TEXT) NAME,
#include "frontend/diagnostics/Codes.def"
#undef TENON_CODE
};

/// "E0203"
std::string_view codeText(Code code);
/// The registered one-line meaning.
std::string_view codeMeaning(Code code);
std::vector<Code> allCodes();

enum class Severity : uint8_t { Error, Warning };

/// A marked range and what is said beside it (may be empty).
struct Label {
  SourceRange range;
  std::string text;

  bool operator==(const Label &) const = default;
};

/// One message, in the user's words: what was seen, the narrowest wrong range, the places the facts
/// came from, and a fix where one is known.
struct Diagnostic {
  Code code = Code::UnexpectedToken;
  Severity severity = Severity::Error;
  std::string message;
  Label primary;                ///< an invalid range: about no place in particular
  std::vector<Label> secondary; ///< also in other files
  std::vector<std::string> notes;
  std::vector<std::string> help;
  /// Replacements of source text that mend it, all at once, where `help` is that definite.
  std::vector<Label> fixes = {};

  bool operator==(const Diagnostic &) const = default;
};

class DiagnosticEngine;

/// Builds one diagnostic in place and reports it when destroyed:
/// `engine.error(Code::X, range, "…").label("takes f32[n]").secondary(r, "…").help("…");`
class [[nodiscard]] DiagnosticBuilder {
public:
  DiagnosticBuilder(DiagnosticEngine &engine, Diagnostic diagnostic)
      : engine_(&engine), diagnostic_(std::move(diagnostic)) {}
  DiagnosticBuilder(const DiagnosticBuilder &) = delete;
  DiagnosticBuilder &operator=(const DiagnosticBuilder &) = delete;
  ~DiagnosticBuilder();

  /// The text beside the primary range.
  DiagnosticBuilder &label(std::string text);
  /// Another range; ignored if invalid.
  DiagnosticBuilder &secondary(SourceRange range, std::string text);
  DiagnosticBuilder &note(std::string text);
  DiagnosticBuilder &help(std::string text);
  /// What the help says as an edit; ignored if the range is invalid.
  DiagnosticBuilder &fix(SourceRange range, std::string replacement);
  /// Ends the statement of a reported diagnostic.
  void done() {}

private:
  DiagnosticEngine *engine_;
  Diagnostic diagnostic_;
};

/// Collects diagnostics. Bounded: after `limit` of them nothing more is kept, and no text in one is
/// longer than anybody reads.
class DiagnosticEngine {
public:
  explicit DiagnosticEngine(size_t limit = 100) : limit_(limit) {}

  DiagnosticBuilder error(Code code, SourceRange range, std::string message);
  DiagnosticBuilder warning(Code code, SourceRange range, std::string message);
  void report(Diagnostic diagnostic);

  bool hasErrors() const { return errors_ != 0; }
  size_t errorCount() const { return errors_; }
  /// Nothing more is kept; a stage may stop looking for errors.
  bool isFull() const { return diagnostics_.size() >= limit_; }
  /// In order of file, place and code; equal ones once; where the limit is reached the last one
  /// says so.
  std::vector<Diagnostic> sorted() const;

private:
  size_t limit_;
  size_t errors_ = 0;
  std::vector<Diagnostic> diagnostics_;
};

struct RenderOptions {
  bool colour = false;
  /// Source lines longer than this many columns are clipped around what is marked.
  unsigned width = 120;
};

/// The diagnostic as lines of text, in the layout of docs/language.md, "Errors".
std::string render(const SourceManager &sources, const Diagnostic &diagnostic,
                   const RenderOptions &options = {});
/// All of an engine's, with an empty line between two.
std::string renderAll(const SourceManager &sources, const DiagnosticEngine &engine,
                      const RenderOptions &options = {});
/// A JSON array, an object for each diagnostic: code, severity, message, labels with path, byte
/// offsets, lines and columns, notes, help, fixes (labels whose text is the replacement).
std::string toJson(const SourceManager &sources, const DiagnosticEngine &engine);

} // namespace tenon
