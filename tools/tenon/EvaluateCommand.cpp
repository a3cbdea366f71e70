//===- EvaluateCommand.cpp - tenon evaluate and tenon predict -------------===//
#include "runtime/data/Npy.h"
#include "runtime/train/EvaluationReport.h"
#include "tools/tenon/PredictInputs.h"
#include "tools/tenon/Sessions.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

using namespace tenon;
using namespace tenon::tool;

namespace {

struct EvaluateSettings {
  std::string run, split = "test", output;
  std::vector<std::string> required;
  int64_t batch = 0;
};

struct PredictSettings {
  std::string run, output;
  PredictInputs inputs;
};

void print(const Common &common, const train::Evaluation &evaluation, const std::string &reason) {
  if (common.json) {
    nlohmann::ordered_json answer;
    for (const auto &[name, value] : evaluation.named())
      answer[name] = value;
    puts(answer.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return;
  }
  printf("%s (%lld rows): %s\n", evaluation.split.c_str(), static_cast<long long>(evaluation.rows),
         train::describe(evaluation.scores).c_str());
  if (evaluation.classes)
    printf("\n%s", train::describe(*evaluation.classes).c_str());
  else if (!reason.empty())
    printf("no class report: %s\n", reason.c_str());
}

std::optional<std::vector<train::Requirement>> readRequirements(const EvaluateSettings &settings) {
  std::vector<train::Requirement> read;
  for (const std::string &text : settings.required) {
    auto requirement = train::Requirement::parse(text);
    if (!requirement) {
      fail(requirement.failure());
      return std::nullopt;
    }
    read.push_back(std::move(*requirement));
  }
  return read;
}

/// Tells which requirements aren't met.
int judge(const std::vector<train::Requirement> &required, const train::Evaluation &evaluation) {
  int exit = Exit::Done;
  train::Scores figures = evaluation.named();
  for (const train::Requirement &requirement : required) {
    auto unmet = requirement.unmet(figures);
    if (!unmet)
      return fail(unmet.failure());
    if (unmet->empty())
      continue;
    fprintf(stderr, "required: %s %s %g, but %s\n", requirement.name.c_str(),
            requirement.comparison.c_str(), requirement.bound, unmet->c_str());
    exit = Exit::Unmet;
  }
  return exit;
}

int evaluate(const Common &common, const EvaluateSettings &settings) {
  auto required = readRequirements(settings);
  auto run = required ? chooseRun(common, settings.run) : std::nullopt;
  auto checkpoint = run ? openCheckpoint(*run, true) : std::nullopt;
  if (!checkpoint)
    return Exit::Failed;
  auto opened = openTraining(common, &checkpoint->info().fitted);
  if (!opened)
    return Exit::Failed;
  auto model = openModel(common, opened->program, *checkpoint);
  if (!model)
    return Exit::Failed;
  catchInterrupts();
  int64_t batch = settings.batch ? settings.batch : checkpoint->info().batchSize;
  auto scores = model->evaluate(opened->table, settings.split, batch, &interrupted);
  if (!scores)
    return fail(scores.failure());
  if (!*scores)
    return Exit::Interrupted;
  train::Evaluation evaluation{settings.split,
                               int64_t(opened->table.split(settings.split)->size()),
                               std::move(**scores),
                               {}};
  std::string reason;
  if (!opened->program.training.predicts.empty()) {
    auto classified = model->classify(opened->table, settings.split, batch, &interrupted);
    if (!classified)
      return fail(classified.failure());
    if (classified->stopped)
      return Exit::Interrupted;
    evaluation.classes = std::move(classified->report);
    reason = std::move(classified->reason);
  }
  print(common, evaluation, reason);
  const std::string &folder = settings.output.empty() ? *run : settings.output;
  if (auto status = train::writeEvaluation(folder, evaluation); !status)
    return fail(status.failure());
  return judge(*required, evaluation);
}

nlohmann::ordered_json jsonOf(const train::PredictedRow &row) {
  if (row.text)
    return *row.text;
  auto scores = nlohmann::ordered_json::array();
  for (const auto &[name, score] : row.scores)
    scores.push_back(name.empty() ? nlohmann::ordered_json(score)
                                  : nlohmann::ordered_json{{"class", name}, {"score", score}});
  return scores;
}

void print(const train::PredictedRow &row, bool json) {
  if (json || row.text) {
    puts(json ? jsonOf(row).dump().c_str() : row.text->c_str());
    return;
  }
  constexpr size_t limit = 5; // the likeliest classes, or the first numbers
  for (size_t i = 0; i < std::min(row.scores.size(), limit); ++i) {
    const auto &[name, score] = row.scores[i];
    printf("%s%s%s%.4f", i ? "  " : "", name.c_str(), name.empty() ? "" : " ", score);
  }
  printf("%s\n", row.scores.size() > limit ? "  ..." : "");
}

int predict(const Common &common, const PredictSettings &settings) {
  auto run = chooseRun(common, settings.run);
  auto checkpoint = run ? openCheckpoint(*run, true) : std::nullopt;
  if (!checkpoint)
    return Exit::Failed;
  data::Extents extents;
  auto program = compileTrained(common, *checkpoint, extents);
  if (!program)
    return Exit::Failed;
  auto model = openModel(common, *program, *checkpoint);
  if (!model)
    return Exit::Failed;
  auto rows = rawRows(settings.inputs, model->rawColumns(), model->takesArrays());
  if (!rows)
    return fail(rows.failure());
  auto prediction = model->predict(*rows);
  if (!prediction)
    return fail(prediction.failure());
  if (!settings.output.empty()) {
    const train::OwnedTensor &result = prediction->results.front().tensor;
    auto status = data::writeNpy(settings.output, result.dtype, result.dims, result.bytes.data());
    return status ? Exit::Done : fail(status.failure());
  }
  for (const train::PredictedRow &row : prediction->rows)
    print(row, common.json);
  return Exit::Done;
}

} // namespace

void tool::addEvaluate(CLI::App &app, Common &common, int &exit) {
  auto settings = std::make_shared<EvaluateSettings>();
  CLI::App *command =
      app.add_subcommand("evaluate", "Loss, metrics and class report of a trained model");
  addCommon(*command, common);
  command->add_option("--run", settings->run, "Folder of the run (default: the latest)");
  command->add_option("--split", settings->split, "Which rows")->capture_default_str();
  command->add_option("--batch", settings->batch, "Rows of a batch (default: the training's)")
      ->check(CLI::PositiveNumber);
  command->add_option("--require", settings->required,
                      "A figure's bound, as 'accuracy>=0.9'; unmet, the exit code is 3");
  command
      ->add_option("--output", settings->output,
                   "Folder for evaluation.json and pictures (default: the run's)")
      ->check(CLI::ExistingDirectory);
  command->add_flag("--json", common.json, "One JSON object");
  command->callback([&common, &exit, settings] { exit = evaluate(common, *settings); });
}

void tool::addPredict(CLI::App &app, Common &common, int &exit) {
  auto settings = std::make_shared<PredictSettings>();
  CLI::App *command = app.add_subcommand("predict", "What a trained model says of new rows");
  addCommon(*command, common);
  addPredictInputs(*command, settings->inputs);
  command->add_option("--output", settings->output, "A file.npy for the result, instead of text");
  command->add_option("--run", settings->run, "Folder of the run (default: the latest)");
  command->add_flag("--json", common.json, "A JSON array for each row");
  command->callback([&common, &exit, settings] { exit = predict(common, *settings); });
}
