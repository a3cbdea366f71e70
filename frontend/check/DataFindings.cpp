//===- DataFindings.cpp - What the data says of its declaration -----------===//
#include "frontend/check/Elaborator.h"

using namespace tenon;
using namespace tenon::check;

/// The names of the columns that a field is made from, as they were written.
static std::vector<const ast::StringExpr *> columnNames(const ast::DatasetField &field) {
  const ast::Expr *expr = field.value;
  while (auto *call = ast::dynCast<ast::CallExpr>(expr)) {
    if (call->piped) {
      expr = call->args[0].value;
      continue;
    }
    std::vector<const ast::StringExpr *> names;
    for (const ast::Arg &arg : call->args)
      if (auto *text = ast::dynCast<ast::StringExpr>(arg.value); text && arg.name.text.empty())
        names.push_back(text);
    return names;
  }
  return {};
}

void Elaborator::lookAtData(const ast::Dataset &written,
                            const std::vector<const ast::DatasetField *> &fields,
                            const data::Dataset &made) {
  if (!options.lookAtData)
    return;
  for (const data::Finding &finding : options.lookAtData(made).findings) {
    Code code = Code::UnreadableData;
    SourceRange range = written.sources[finding.source].range;
    if (finding.kind != data::Finding::Kind::Source) {
      code = finding.kind == data::Finding::Kind::Column ? Code::MissingColumn : Code::ColumnCells;
      auto names = columnNames(*fields[finding.field]);
      range = finding.column < names.size() ? names[finding.column]->range
                                            : fields[finding.field]->name.range;
    }
    auto report = error(code, range, finding.message);
    if (!finding.place.empty())
      report.note("it stands at " + finding.place);
    if (!finding.help.empty())
      report.help(finding.help);
  }
}
