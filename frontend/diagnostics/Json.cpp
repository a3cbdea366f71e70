#include "frontend/diagnostics/Diagnostics.h"

#include <nlohmann/json.hpp>

namespace tenon {

namespace {

using Json = nlohmann::ordered_json;

Json labelJson(const SourceManager &sources, const Label &label, bool primary) {
  Json json;
  json["primary"] = primary;
  json["text"] = label.text;
  if (!label.range.isValid())
    return json;
  LineColumn begin = sources.start(label.range);
  LineColumn end = sources.lineColumn(label.range.file, label.range.end);
  json["path"] = sources.path(label.range.file);
  json["begin"] = {{"offset", label.range.begin}, {"line", begin.line}, {"column", begin.column}};
  json["end"] = {{"offset", label.range.end}, {"line", end.line}, {"column", end.column}};
  return json;
}

} // namespace

std::string toJson(const SourceManager &sources, const DiagnosticEngine &engine) {
  Json all = Json::array();
  for (const Diagnostic &diagnostic : engine.sorted()) {
    Json json;
    json["code"] = codeText(diagnostic.code);
    json["severity"] = diagnostic.severity == Severity::Error ? "error" : "warning";
    json["message"] = diagnostic.message;
    json["labels"] = Json::array();
    if (diagnostic.primary.range.isValid())
      json["labels"].push_back(labelJson(sources, diagnostic.primary, true));
    for (const Label &label : diagnostic.secondary)
      json["labels"].push_back(labelJson(sources, label, false));
    json["notes"] = diagnostic.notes;
    json["help"] = diagnostic.help;
    json["fixes"] = Json::array();
    for (const Label &fix : diagnostic.fixes)
      json["fixes"].push_back(labelJson(sources, fix, false));
    all.push_back(std::move(json));
  }
  // Bad bytes in a program's text must not keep its errors from being told.
  return all.dump(2, ' ', false, Json::error_handler_t::replace);
}

} // namespace tenon
