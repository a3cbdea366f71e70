//===- EvaluateCommand.cpp - tenon evaluate and tenon predict -------------===//
#include "runtime/data/Npy.h"
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
  std::string run, rows, output;
  std::vector<std::string> values, columns;
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

/// A value is a text, or, where the data set's rows are made of arrays, may name a file with one.
Status addValue(data::RawRows &rows, const std::string &column, const std::string &value,
                bool arrays) {
  if (!arrays || !value.ends_with(".npy"))
    return rows.addText(column, value);
  auto array = data::readNpy(value);
  return array ? rows.addArray(column, std::move(*array)) : Status(array.takeFailure());
}

/// Values without a name are rows of the only column; else all columns are given by name, or by a
/// file.
Result<data::RawRows> rawRows(const PredictSettings &settings,
                              const std::vector<std::string> &columns, bool arrays) {
  if (!settings.rows.empty())
    return data::RawRows::readFile(settings.rows);
  data::RawRows rows;
  for (const std::string &option : settings.columns) {
    size_t equal = option.find('=');
    if (equal == std::string::npos)
      return Failure{"`--column " + option + "` is not of the form name=value", "", ""};
    if (Status status = addValue(rows, option.substr(0, equal), option.substr(equal + 1), arrays);
        !status)
      return status.takeFailure();
  }
  if (!settings.columns.empty())
    return rows;
  if (columns.size() != 1) {
    std::string names;
    for (const std::string &column : columns)
      names += " --column " + column + "=...";
    return Failure{"`predict` needs " + std::to_string(columns.size()) + " columns", "",
                   "write" + names + ", or --rows FILE.csv"};
  }
  for (const std::string &value : settings.values)
    if (Status status = addValue(rows, columns[0], value, arrays); !status)
      return status.takeFailure();
  if (settings.values.empty())
    return Failure{"there is nothing to predict from", "",
                   "give a value for column `" + columns[0] + "`, or --rows FILE.csv"};
  return rows;
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
  auto rows = rawRows(settings, model->rawColumns(), model->takesArrays());
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
  command->add_option("values", settings->values,
                      "Values of the model's one column, each a row; a file.npy holds all rows");
  auto *columns = command->add_option(
      "--column", settings->columns,
      "name=value or name=file.npy, of each column; given again, it is one more row");
  command->add_option("--rows", settings->rows, "All columns: a .csv or .npz file")
      ->excludes(columns)
      ->excludes("values");
  command->add_option("--output", settings->output, "A file.npy for the result, instead of text");
  command->add_option("--run", settings->run, "Folder of the run (default: the latest)");
  command->add_flag("--json", common.json, "A JSON array for each row");
  command->callback([&common, &exit, settings] { exit = predict(common, *settings); });
}
