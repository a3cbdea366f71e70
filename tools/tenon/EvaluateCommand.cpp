//===- EvaluateCommand.cpp - tenon evaluate and tenon predict -------------===//
#include "tools/tenon/Sessions.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

using namespace tenon;
using namespace tenon::tool;

namespace {

struct EvaluateSettings {
  std::string run, split = "test";
  int64_t batch = 0;
};

struct PredictSettings {
  std::string run;
  std::vector<std::string> texts, columns;
};

std::optional<train::Model> openModel(const Common &common, const TrainingProgram &program,
                                      const train::Checkpoint &checkpoint) {
  auto model =
      train::Model::make(program.compiled->program(), program.training, checkpoint, common.threads);
  if (model)
    return std::move(*model);
  fail(model.failure());
  return std::nullopt;
}

int evaluate(const Common &common, const EvaluateSettings &settings) {
  auto checkpoint = openCheckpoint(common, settings.run, true);
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
  if (common.json) {
    nlohmann::ordered_json answer;
    for (const auto &[name, value] : **scores)
      answer[name] = value;
    puts(answer.dump().c_str());
  } else {
    const auto *rows = opened->table.split(settings.split);
    printf("%s (%zu rows): %s\n", settings.split.c_str(), rows ? rows->size() : 0,
           train::describe(**scores).c_str());
  }
  return Exit::Done;
}

/// Each text is a row where one column is asked for; else all columns are given by name.
std::optional<std::vector<data::RawRow>> rawRows(const PredictSettings &settings,
                                                 const std::vector<std::string> &columns) {
  std::vector<data::RawRow> rows;
  if (!settings.columns.empty()) {
    rows.emplace_back();
    for (const std::string &option : settings.columns) {
      size_t equal = option.find('=');
      if (equal == std::string::npos) {
        fail("`--column " + option + "` is not of the form name=value");
        return std::nullopt;
      }
      rows.back()[option.substr(0, equal)] = option.substr(equal + 1);
    }
    return rows;
  }
  if (columns.size() != 1) {
    std::string names;
    for (const std::string &column : columns)
      names += " --column " + column + "=...";
    fail("`predict` needs " + std::to_string(columns.size()) + " columns", "write" + names);
    return std::nullopt;
  }
  for (const std::string &text : settings.texts)
    rows.push_back({{columns[0], text}});
  if (rows.empty())
    fail("there is nothing to predict from", "give a text for column `" + columns[0] + "`");
  return rows.empty() ? std::nullopt : std::optional(std::move(rows));
}

void print(const train::PredictedRow &row, bool json) {
  if (json) {
    nlohmann::ordered_json answer = nlohmann::ordered_json::array();
    for (const auto &[name, score] : row)
      answer.push_back(name.empty() ? nlohmann::ordered_json(score)
                                    : nlohmann::ordered_json{{"class", name}, {"score", score}});
    puts(answer.dump().c_str());
    return;
  }
  constexpr size_t limit = 5; // the likeliest classes, or the first numbers
  for (size_t i = 0; i < std::min(row.size(), limit); ++i)
    printf("%s%s%s%.4f", i ? "  " : "", row[i].first.c_str(), row[i].first.empty() ? "" : " ",
           row[i].second);
  printf("%s\n", row.size() > limit ? "  ..." : "");
}

int predict(const Common &common, const PredictSettings &settings) {
  auto checkpoint = openCheckpoint(common, settings.run, true);
  if (!checkpoint)
    return Exit::Failed;
  auto program = compileTraining(common);
  if (program && dependsOnData(program->training))
    program = compileTraining(
        common, data::extentsOf(program->training.dataset.fields, checkpoint->info().fitted));
  if (!program)
    return Exit::Failed;
  auto model = openModel(common, *program, *checkpoint);
  if (!model)
    return Exit::Failed;
  auto rows = rawRows(settings, model->rawColumns());
  if (!rows)
    return Exit::Failed;
  auto prediction = model->predict(*rows);
  if (!prediction)
    return fail(prediction.failure());
  for (const train::PredictedRow &row : prediction->rows)
    print(row, common.json);
  return Exit::Done;
}

} // namespace

void tool::addEvaluate(CLI::App &app, Common &common, int &exit) {
  auto settings = std::make_shared<EvaluateSettings>();
  CLI::App *command = app.add_subcommand("evaluate", "Loss and metrics of a trained model");
  addCommon(*command, common);
  command->add_option("--run", settings->run, "Folder of the run (default: the latest)");
  command->add_option("--split", settings->split, "Which rows")->capture_default_str();
  command->add_option("--batch", settings->batch, "Rows of a batch (default: the training's)")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", common.json, "One JSON object");
  command->callback([&common, &exit, settings] { exit = evaluate(common, *settings); });
}

void tool::addPredict(CLI::App &app, Common &common, int &exit) {
  auto settings = std::make_shared<PredictSettings>();
  CLI::App *command = app.add_subcommand("predict", "What a trained model says of new rows");
  addCommon(*command, common);
  command->add_option("texts", settings->texts, "Values of the model's one column, each a row");
  command->add_option("--column", settings->columns, "name=value, of a row with several columns");
  command->add_option("--run", settings->run, "Folder of the run (default: the latest)");
  command->add_flag("--json", common.json, "A JSON array for each row");
  command->callback([&common, &exit, settings] { exit = predict(common, *settings); });
}
