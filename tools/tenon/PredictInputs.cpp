//===- PredictInputs.cpp - Rows that a user gives to a model --------------===//
#include "tools/tenon/PredictInputs.h"

#include "runtime/data/Npy.h"

#include <CLI/CLI.hpp>

using namespace tenon;
using namespace tenon::tool;

void tool::addPredictInputs(CLI::App &command, PredictInputs &inputs) {
  command.add_option("values", inputs.values,
                     "Values of the model's one column, each a row; a file.npy holds all rows");
  auto *columns = command.add_option(
      "--column", inputs.columns,
      "name=value or name=file.npy, of each column; given again, it is one more row");
  command.add_option("--rows", inputs.rows, "All columns: a .csv or .npz file")
      ->excludes(columns)
      ->excludes("values");
}

/// A value is a text, or, where the data set's rows are made of arrays, may name a file with one.
static Status addValue(data::RawRows &rows, const std::string &column, const std::string &value,
                       bool arrays) {
  if (!arrays || !value.ends_with(".npy"))
    return rows.addText(column, value);
  auto array = data::readNpy(value);
  return array ? rows.addArray(column, std::move(*array)) : Status(array.takeFailure());
}

Result<data::RawRows> tool::rawRows(const PredictInputs &given,
                                    const std::vector<std::string> &columns, bool arrays) {
  if (!given.rows.empty())
    return data::RawRows::readFile(given.rows);
  data::RawRows rows;
  for (const std::string &option : given.columns) {
    size_t equal = option.find('=');
    if (equal == std::string::npos)
      return Failure{"`--column " + option + "` is not of the form name=value", "", ""};
    if (Status status = addValue(rows, option.substr(0, equal), option.substr(equal + 1), arrays);
        !status)
      return status.takeFailure();
  }
  if (!given.columns.empty())
    return rows;
  if (columns.size() != 1) {
    std::string names;
    for (const std::string &column : columns)
      names += " --column " + column + "=...";
    return Failure{"`predict` needs " + std::to_string(columns.size()) + " columns", "",
                   "write" + names + ", or --rows FILE.csv"};
  }
  for (const std::string &value : given.values)
    if (Status status = addValue(rows, columns[0], value, arrays); !status)
      return status.takeFailure();
  if (given.values.empty())
    return Failure{"there is nothing to predict from", "",
                   "give a value for column `" + columns[0] + "`, or --rows FILE.csv"};
  return rows;
}
