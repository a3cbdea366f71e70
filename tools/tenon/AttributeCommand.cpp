//===- AttributeCommand.cpp - tenon attribute -----------------------------===//
#include "runtime/train/AttributionPage.h"
#include "runtime/train/Report.h"
#include "tools/tenon/PredictInputs.h"
#include "tools/tenon/Sessions.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <unistd.h>

using namespace tenon;
using namespace tenon::tool;

namespace {

using Method = train::AttributionOptions::Method;

struct AttributeSettings {
  std::string run, output;
  PredictInputs inputs;
  train::AttributionOptions options;
  std::string className;
  double tolerance = 0.01;
};

/// The program whose entries are those that attribute.
std::optional<TrainingProgram> compileGradients(const Common &common,
                                                const data::Extents &extents) {
  Request request;
  request.dataDims = extents;
  request.attributes = true;
  auto compiled = compileProgram(common, request);
  if (!compiled)
    return std::nullopt;
  return TrainingProgram{std::move(compiled), {}};
}

nlohmann::ordered_json jsonOf(const train::Attribution &row) {
  nlohmann::ordered_json fields = nlohmann::ordered_json::object();
  for (const train::FieldAttribution &field : row.fields)
    fields[field.name] = {{"dims", field.dims},
                          {"labels", field.labels},
                          {"values", field.values},
                          {"attributions", field.attributions}};
  nlohmann::ordered_json result;
  if (!row.explained.empty())
    result["class"] = row.explained;
  result.update({{"output", row.output},
                 {"baseline", row.baseline},
                 {"sum", row.sum()},
                 {"elsewhere", row.elsewhere},
                 {"fields", fields}});
  return result;
}

void print(const Common &common, const train::Explanation &explanation,
           const train::AttributionNotes &notes) {
  for (const std::string &limit : train::limitsOf(explanation))
    fprintf(stderr, "note: %s\n", limit.c_str());
  bool coloured = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
  for (size_t i = 0; i < explanation.rows.size(); ++i)
    if (common.json)
      puts(jsonOf(explanation.rows[i])
               .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
               .c_str());
    else
      printf("%s%s", i ? "\n" : "", train::describe(explanation.rows[i], notes, coloured).c_str());
  // The other methods promise no completeness.
  if (notes.options.method != Method::IntegratedGradients)
    return;
  for (size_t i = 0; i < explanation.rows.size(); ++i) {
    const train::Attribution &row = explanation.rows[i];
    if (!(std::fabs(row.sum() - row.change()) <= row.tolerance(notes.tolerance)))
      fprintf(stderr, "warning: row %zu: %s; more --steps bring them together\n", i + 1,
              train::completenessText(row, notes.tolerance).c_str());
  }
}

int attribute(const Common &common, AttributeSettings &settings) {
  auto run = chooseRun(common, settings.run);
  auto checkpoint = run ? openCheckpoint(*run, true) : std::nullopt;
  if (!checkpoint)
    return Exit::Failed;
  data::Extents extents;
  auto program = compileTrained(common, *checkpoint, extents);
  auto gradients = program ? compileGradients(common, extents) : std::nullopt;
  if (!gradients)
    return Exit::Failed;
  auto model = openModel(common, *program, *checkpoint);
  if (!model)
    return Exit::Failed;
  auto rows = rawRows(settings.inputs, model->rawColumns(), model->takesArrays());
  if (!rows)
    return fail(rows.failure());
  if (!settings.className.empty())
    settings.options.className = settings.className;
  auto explanation = model->attribute(gradients->compiled->program(), *rows, settings.options);
  if (!explanation)
    return fail(explanation.failure());
  train::AttributionNotes notes{programName(common), program->training.predicts, settings.options,
                                settings.tolerance};
  print(common, *explanation, notes);
  std::string page = settings.output.empty() ? *run + "/attribution.html" : settings.output;
  if (auto status = train::writeText(page, train::attributionPage(*explanation, notes)); !status)
    return fail(status.failure());
  if (!common.json)
    printf("%s\n", page.c_str());
  return Exit::Done;
}

} // namespace

void tool::addAttribute(CLI::App &app, Common &common, int &exit) {
  auto settings = std::make_shared<AttributeSettings>();
  CLI::App *command =
      app.add_subcommand("attribute", "Which words, pixels or numbers decided a prediction");
  addCommon(*command, common);
  addPredictInputs(*command, settings->inputs);
  static const std::map<std::string, Method> methods{{"integrated", Method::IntegratedGradients},
                                                     {"gradient", Method::GradientTimesInput},
                                                     {"smooth", Method::SmoothGrad}};
  command
      ->add_option("--method", settings->options.method,
                   "integrated gradients (default), gradient (times input), or smooth (SmoothGrad)")
      ->transform(CLI::CheckedTransformer(methods));
  command->add_option("--class", settings->className,
                      "The class to explain (default: the likeliest)");
  command
      ->add_option("--steps", settings->options.steps,
                   "Gradients on the way from the baseline, or noisy samples")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--seed", settings->options.seed, "Of the noise")->capture_default_str();
  command
      ->add_option("--tolerance", settings->tolerance,
                   "How far the attributions' sum may be from the output's change, as a part of it")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--output", settings->output,
                      "The page, an .html file (default: attribution.html in the run's folder)");
  command->add_option("--run", settings->run, "Folder of the run (default: the latest)");
  command->add_flag("--json", common.json, "A JSON object for each row");
  command->callback([&common, &exit, settings] { exit = attribute(common, *settings); });
}
