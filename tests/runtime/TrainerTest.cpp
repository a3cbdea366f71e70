// Training a hand-written program through the C ABI: what it leaves, bits, resuming, mistakes.
#include "runtime/train/Trainer.h"
#include "runtime/train/EntryCall.h"
#include "runtime/train/Model.h"
#include "runtime/train/RunFolder.h"
#include "tests/runtime/FakeProgram.h"
#include "tests/runtime/TestFolder.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace tenon;
using namespace tenon::train;

namespace {

using Json = nlohmann::json;

class Trainer : public testing::Test {
protected:
  void SetUp() override {
    folder.write("a.csv", fake::csv(330));
    load();
  }
  void TearDown() override { fake::onStep = nullptr; }

  void load() {
    Result<data::Table> loaded = data::Table::load(training.dataset, {folder.path(), nullptr});
    ASSERT_TRUE(loaded) << loaded.failure().str();
    table.emplace(std::move(*loaded));
  }
  TrainOptions options(const std::string &run) const {
    TrainOptions options;
    options.runFolder = folder.path(run);
    options.threads = 1;
    options.output = nullptr;
    options.seed = 7;
    return options;
  }
  TrainOptions resuming(const std::string &run) const {
    TrainOptions again = options(run);
    again.resume = true;
    return again;
  }
  /// Stops after `steps` steps of this process.
  TrainOptions stopping(TrainOptions options, int64_t steps) {
    stop = false;
    options.stop = &stop;
    fake::onStep = [this, steps, done = int64_t(0)](int64_t) mutable -> int64_t {
      stop = ++done >= steps;
      return -1;
    };
    return options;
  }
  TrainOutcome run(const TrainOptions &options) {
    Result<TrainOutcome> outcome = train::train(fake::program(), training, *table, options);
    EXPECT_TRUE(outcome) << outcome.failure().str();
    return outcome ? *outcome : TrainOutcome();
  }
  std::string failure(const TrainOptions &options, bool wide = false) {
    Result<TrainOutcome> outcome = train::train(fake::program(wide), training, *table, options);
    if (outcome)
      return "";
    std::string text = outcome.failure().str();
    for (size_t at; (at = text.find(folder.path() + "/")) != std::string::npos;)
      text.erase(at, folder.path().size() + 1);
    return text;
  }
  std::string file(const std::string &run, const std::string &name) const {
    return readWhole(folder.path(run) + "/" + name);
  }
  std::string checkpoint(const std::string &run) const {
    return file(run, "checkpoint.safetensors");
  }
  void expectSame(const std::string &a, const std::string &b) {
    EXPECT_FALSE(checkpoint(a).empty());
    EXPECT_TRUE(checkpoint(a) == checkpoint(b));
    EXPECT_EQ(file(a, "metrics.jsonl"), file(b, "metrics.jsonl"));
    EXPECT_EQ(file(a, "loss.svg"), file(b, "loss.svg"));
  }

  TestFolder folder;
  train::Training training = fake::training();
  std::optional<data::Table> table;
  std::atomic<bool> stop{false};
  std::vector<float> weights;
};

TEST_F(Trainer, learns_and_leaves_its_files) {
  TrainOutcome outcome = run(options("run"));
  EXPECT_FALSE(outcome.interrupted);
  EXPECT_EQ(outcome.position, (Position{3, 0, 51})); // 264 rows, 17 batches an epoch
  EXPECT_EQ(outcome.validationSplit, "test");
  ASSERT_EQ(outcome.validation.size(), 3u);
  EXPECT_EQ(outcome.validation[1].first, "accuracy");
  EXPECT_GT(outcome.validation[1].second, 0.85);
  // A function averaged over rows and a metric that counts give the same number.
  EXPECT_NEAR(outcome.validation[1].second, outcome.validation[2].second, 1e-6);
  EXPECT_NEAR(outcome.training[1].second, outcome.training[2].second, 1e-6);

  std::vector<Json> epochs;
  int64_t lines = 0;
  std::stringstream log(file("run", "metrics.jsonl"));
  for (std::string line; std::getline(log, line); ++lines)
    if (Json record = Json::parse(line); record.at("kind") == "epoch")
      epochs.push_back(record);
  EXPECT_EQ(lines, 3 * 17 + 3);
  ASSERT_EQ(epochs.size(), 3u);
  EXPECT_EQ(epochs[2].at("step"), 51);
  EXPECT_EQ(epochs[2].at("validation").at("loss"), outcome.validation[0].second);
  EXPECT_LT(epochs[2].at("loss"), epochs[0].at("loss"));

  Json config = Json::parse(file("run", "config.json"));
  EXPECT_EQ(config.at("seed"), 7);
  EXPECT_EQ(config.at("rows").at("train"), 264);
  for (const char *name : {"loss.svg", "accuracy.svg", "seen.svg"})
    EXPECT_NE(file("run", name).find("</svg>"), std::string::npos);
  EXPECT_FALSE(file("run", "checkpoint.previous.safetensors").empty());
  EXPECT_NE(file("run", "checkpoint.previous.safetensors"), checkpoint("run"));
}

TEST_F(Trainer, bits_depend_on_the_seed_and_not_on_threads) {
  run(options("one"));
  TrainOptions two = options("two");
  two.threads = 2;
  run(two);
  expectSame("one", "two");
  TrainOptions other = options("other");
  other.seed = 8;
  run(other);
  EXPECT_NE(checkpoint("one"), checkpoint("other"));
}

TEST_F(Trainer, resumes_from_every_step) {
  run(options("whole"));
  for (int64_t steps = 1; steps <= 51; steps += steps < 20 ? 1 : 7) {
    std::string name = "stopped" + std::to_string(steps);
    TrainOutcome first = run(stopping(options(name), steps));
    EXPECT_EQ(first.position.step, steps);
    EXPECT_TRUE(first.interrupted);
    fake::onStep = nullptr;
    TrainOutcome second = run(resuming(name));
    EXPECT_EQ(second.position.step, 51);
    EXPECT_FALSE(second.interrupted);
    expectSame("whole", name);
  }
}

TEST_F(Trainer, resumes_many_times) {
  run(options("whole"));
  run(stopping(options("pieces"), 1));
  for (int pieces = 1;; ++pieces) {
    ASSERT_LT(pieces, 60);
    if (!run(stopping(resuming("pieces"), 2)).interrupted)
      break;
  }
  expectSame("whole", "pieces");
}

TEST_F(Trainer, more_epochs_go_on_from_the_end) {
  TrainOptions first = options("run");
  first.epochs = 1;
  EXPECT_EQ(run(first).position, (Position{1, 0, 17}));
  EXPECT_EQ(run(resuming("run")).position, (Position{3, 0, 51}));
  EXPECT_EQ(run(resuming("run")).position, (Position{3, 0, 51}));
}

TEST_F(Trainer, checkpoints_within_an_epoch) {
  TrainOptions often = options("often");
  often.checkpointSteps = 2;
  std::vector<int64_t> saved;
  fake::onStep = [&](int64_t step) -> int64_t {
    Result<Checkpoint> there = Checkpoint::open(checkpointIn(folder.path("often")));
    EXPECT_TRUE(there);
    saved.push_back(step - there->info().position.step);
    return -1;
  };
  run(often);
  EXPECT_LE(*std::max_element(saved.begin(), saved.end()), 1);
  fake::onStep = nullptr;
  run(options("seldom"));
  expectSame("often", "seldom");
}

TEST_F(Trainer, runs_are_numbered_and_the_latest_is_resumed) {
  TrainOptions numbered = options("");
  numbered.runFolder = "";
  numbered.runsFolder = folder.path("runs");
  numbered.name = "logistic";
  numbered.epochs = 1;
  EXPECT_EQ(run(numbered).folder, folder.path("runs/logistic-1"));
  EXPECT_EQ(run(numbered).folder, folder.path("runs/logistic-2"));
  numbered.resume = true;
  EXPECT_EQ(run(numbered).folder, folder.path("runs/logistic-2"));
  numbered.name = "other";
  EXPECT_EQ(failure(numbered), "there is no run of `other` with a checkpoint in `runs`\n"
                               "help: train first, or name the run's folder by --run");
}

//===----------------------------------------------------------------------===//
// Mistakes
//===----------------------------------------------------------------------===//

TEST_F(Trainer, a_failed_check_stops_before_anything_changes) {
  TrainOptions checked = options("run");
  int explained = 0;
  checked.explain = [&](const FailedStep &failed) -> std::optional<Failure> {
    ++explained;
    EXPECT_STREQ(failed.entry.name, "train_step");
    EXPECT_EQ(failed.position, (Position{1, 3, 20}));
    EXPECT_EQ(failed.message, "fake.tn:10:3: the loss is not finite (element 0)");
    // The step's inputs are as they were: the next step of a run stopped here.
    auto *weights = static_cast<const float *>(failed.inputs[0].data);
    EXPECT_EQ(std::vector<float>(weights, weights + 4), this->weights);
    return Failure{"log of 0", "fake.tn:7:5", ""};
  };
  run(stopping(options("until"), 20));
  Result<Checkpoint> until = Checkpoint::open(checkpointIn(folder.path("until")));
  ASSERT_TRUE(until);
  Result<Context> context = makeContext(1);
  TensorStore store;
  ASSERT_TRUE(declareVariables(context->get(), fake::program(), store));
  ASSERT_TRUE(until->restore(store, false));
  for (int64_t i = 0; i < 4; ++i)
    weights.push_back(float(store.find("dense.weights", "parameter")->tensor.at(i)));

  fake::onStep = [](int64_t step) -> int64_t { return step == 20 ? 1 : -1; };
  EXPECT_EQ(failure(checked), "fake.tn:7:5: step 21 (epoch 2, batch 4) failed: log of 0\n"
                              "help: the checkpoint of step 17 is in run/checkpoint.safetensors");
  EXPECT_EQ(explained, 1);
  fake::onStep = nullptr;
  run(resuming("run")); // the fault was outside: the last good checkpoint goes on
  run(options("whole"));
  expectSame("whole", "run");
}

TEST_F(Trainer, a_label_outside_the_losss_range) {
  auto spoil = [&](const std::string &split) {
    std::string name = "t" + std::to_string(table->split(split)->back()) + ",";
    std::string content = fake::csv(330);
    size_t end = content.find('\n', content.find("\n" + name) + 1);
    content[end - 1] = '2';
    folder.write("a.csv", content);
    load();
  };
  spoil("train");
  std::string text = failure(options("run"));
  EXPECT_NE(text.find("failed: fake.tn:9:3: a label is outside 0 to 1 (element "),
            std::string::npos)
      << text;
  // Row r stands on line r + 3: there is a header, and the first row has two lines.
  auto lineOf = [&](const std::string &split) {
    return std::to_string(table->split(split)->back() + 3);
  };
  EXPECT_NE(text.find("help: the row of a.csv:" + lineOf("train") +
                      " fails it; the checkpoint of step 0 is in run/"),
            std::string::npos)
      << text;

  spoil("test");
  EXPECT_EQ(failure(options("other")),
            "evaluating batch 5 of `test` failed: fake.tn:9:3: a label is outside 0 to 1 "
            "(element 1)\n"
            "help: the row of a.csv:" +
                lineOf("test") +
                " fails it; the checkpoint of step 17 is in other/checkpoint.safetensors");
}

TEST_F(Trainer, refuses_what_would_lose_or_mix) {
  run(stopping(options("run"), 5));
  fake::onStep = nullptr;
  EXPECT_EQ(failure(options("run")),
            "`run` already holds a training\n"
            "help: go on with it by --resume, or name another folder by --run");
  EXPECT_EQ(failure(resuming("none")).substr(0, 44),
            "cannot read `none/checkpoint.safetensors`: N");
  TrainOptions seeded = resuming("run");
  seeded.seed = 8;
  EXPECT_EQ(failure(seeded), "`run/checkpoint.safetensors` was made with seed 7, not 8\n"
                             "help: leave --seed out");
  TrainOptions batched = resuming("run");
  batched.batch = 8;
  const std::string differs = "`run/checkpoint.safetensors` was made by a training that differs:\n";
  const std::string advice = "\nhelp: undo the change; or go on with it by --accept-changes; or "
                             "train anew, without --resume";
  EXPECT_EQ(failure(batched), differs + "  the batch was 16 and is 8" + advice);
  batched.acceptChanges = true;
  EXPECT_EQ(failure(batched), "`run/checkpoint.safetensors` is in the middle of epoch 1; batch and "
                              "data can change between epochs only\n"
                              "help: finish the epoch with what it began with");
  EXPECT_EQ(failure(resuming("run"), true),
            "the checkpoint `run/checkpoint.safetensors` is of another model:\n"
            "  `dense.weights` is f32[5] in the program and f32[4] in the checkpoint\n"
            "  `dense.offset` (f32) is not in the checkpoint\n"
            "  the checkpoint has `dense.bias` (f32), which the program doesn't\n"
            "help: it was made by training `Logistic`");
  Result<MetricsLog> locked = MetricsLog::open(folder.path("run/metrics.jsonl"), INT64_MAX);
  ASSERT_TRUE(locked);
  EXPECT_EQ(failure(resuming("run")).substr(0, 53),
            "another process is training into the folder of `run/m");
  folder.write("a.csv", fake::csv(331));
  load();
  EXPECT_EQ(failure(resuming("run")), differs + "  the number of rows was 330 and is 331" + advice);
}

TEST_F(Trainer, notices_another_program) {
  training.ingredients = {
      "a", false, {{"optimizer.learning_rate", "0.1", "`optimizer`", "p.tn:9:3"}}, {}};
  training.ingredients.parts = {{"`optimizer`", "1", "", "p.tn:9:1"}, {"`fn f`", "2", "", ""}};
  run(stopping(options("run"), 5));
  fake::onStep = nullptr;
  const Ingredients before = training.ingredients;
  auto told = [&] {
    std::string text = failure(resuming("run"));
    size_t from = text.find("differs:\n"), to = text.find("\nhelp");
    return from == std::string::npos ? text : text.substr(from + 9, to - from - 9);
  };
  // Another graph without another word in the program is the compiler's doing.
  training.ingredients.graph = "b";
  training.ingredients.settings[0].value = "0.2";
  training.ingredients.parts[0].value = "3";
  EXPECT_EQ(told(), "  `optimizer.learning_rate` was 0.1 and is 0.2 (p.tn:9:3)");
  training.ingredients.settings = before.settings;
  EXPECT_EQ(told(), "  `optimizer` has changed (p.tn:9:1)");
  training.ingredients.parts = {before.parts[0], {"`fn g`", "2", "", "p.tn:2:1"}};
  EXPECT_EQ(told(), "  `fn g` is new (p.tn:2:1)\n  `fn f` is gone");
  training.ingredients.graph = "a";
  EXPECT_EQ(differences(before, training.ingredients), std::vector<std::string>());

  // Accepted, it goes on and is what the next checkpoint knows.
  training.ingredients.graph = "b";
  TrainOptions accepting = resuming("run");
  accepting.acceptChanges = true;
  run(accepting);
  EXPECT_EQ(Checkpoint::open(checkpointIn(folder.path("run")))->info().ingredients->graph, "b");

  // More epochs are no change, but for a schedule.
  TrainOptions longer = resuming("run");
  longer.epochs = training.epochs + 1;
  run(longer);
  training.ingredients.followsSteps = true;
  longer.epochs = training.epochs + 2;
  EXPECT_NE(failure(longer).find("the number of steps that the schedule counts on was"),
            std::string::npos);
}

TEST_F(Trainer, batch_and_data_may_change_between_epochs) {
  run(options("run"));
  folder.write("a.csv", fake::csv(200));
  load();
  TrainOptions other = resuming("run");
  other.batch = 8;
  other.epochs = training.epochs + 2;
  other.acceptChanges = true;
  TrainOutcome outcome = run(other);
  EXPECT_EQ(outcome.position.epoch, training.epochs + 2);
  // Resumed again without another change, it knows how far it is.
  TrainOptions again = resuming("run");
  again.batch = 8;
  again.epochs = training.epochs + 2;
  run(again);
}

TEST_F(Trainer, a_damaged_checkpoint_is_refused_and_the_one_before_it_named) {
  run(options("run"));
  std::string path = checkpointIn(folder.path("run")), good = checkpoint("run");
  for (size_t size : {size_t(0), size_t(7), size_t(100), good.size() / 2, good.size() - 1}) {
    folder.write("run/checkpoint.safetensors", good.substr(0, size));
    std::string text = failure(resuming("run"));
    EXPECT_EQ(text.substr(0, 25), "the checkpoint is damaged") << size << text;
    EXPECT_NE(text.find("help: the checkpoint before it, of step 34, is good: mv run/"),
              std::string::npos)
        << text;
  }
  for (size_t at = 8; at < good.size(); at += 97) {
    std::string bad = good;
    bad[at] = char(bad[at] ^ 4);
    folder.write("run/checkpoint.safetensors", bad);
    EXPECT_FALSE(Checkpoint::open(path)) << "byte " << at;
  }
  std::filesystem::rename(folder.path("run/checkpoint.previous.safetensors"), path);
  run(resuming("run"));
  EXPECT_TRUE(checkpoint("run") == good);
}

//===----------------------------------------------------------------------===//
// Evaluating and predicting
//===----------------------------------------------------------------------===//

TEST_F(Trainer, evaluates_and_predicts_from_a_checkpoint) {
  TrainOutcome outcome = run(options("run"));
  Result<Checkpoint> checkpoint = Checkpoint::open(checkpointIn(folder.path("run")));
  ASSERT_TRUE(checkpoint);
  Result<data::Table> held =
      data::Table::load(training.dataset, {folder.path(), &checkpoint->info().fitted});
  ASSERT_TRUE(held);
  Result<Model> model = Model::make(fake::program(), training, *checkpoint, 2);
  ASSERT_TRUE(model) << model.failure().str();
  for (int64_t batch : {1, 16, 1000}) {
    auto scores = model->evaluate(*held, "test", batch);
    ASSERT_TRUE(scores && *scores);
    EXPECT_NEAR((**scores)[0].second, outcome.validation[0].second, 1e-6);
    EXPECT_NEAR((**scores)[2].second, outcome.validation[2].second, 1e-6);
  }
  EXPECT_EQ(model->rawColumns(), (std::vector<std::string>{"x1", "x2", "x3", "x4"}));
  data::RawRows raw;
  for (const char *sign : {"", "-"})
    for (auto [name, value] : {std::pair("x1", 2), {"x2", 0}, {"x3", -2}, {"x4", -2}})
      EXPECT_TRUE(raw.addText(name, std::to_string(*sign ? -value : value)));
  auto predicted = model->predict(raw);
  ASSERT_TRUE(predicted) << predicted.failure().str();
  ASSERT_EQ(predicted->rows.size(), 2u);
  EXPECT_LT(predicted->rows[0].scores.at(0).second, 0.05);
  EXPECT_GT(predicted->rows[1].scores.at(0).second, 0.95);
  data::RawRows lacking;
  EXPECT_TRUE(lacking.addText("x1", "2"));
  auto partial = model->predict(lacking);
  ASSERT_FALSE(partial);
  EXPECT_EQ(partial.failure().message, "`x2` is not given");
  auto unknown = model->evaluate(*held, "tests", 16);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.failure().str(), "fake.tn:2:1: `Data` has no split `tests`; it has `train` and "
                                     "`test`\nhelp: did you mean `test`?");
  stop = true;
  auto stopped = model->evaluate(*held, "test", 16, &stop);
  ASSERT_TRUE(stopped);
  EXPECT_FALSE(*stopped);
  EXPECT_FALSE(Model::make(fake::program(true), training, *checkpoint, 1));
}

TEST_F(Trainer, runs_one_entry) {
  Result<Context> context = makeContext(1);
  ASSERT_TRUE(context);
  Result<const tenon_entry *> entry = findEntry(fake::program(), "predict");
  ASSERT_TRUE(entry);
  OwnedTensor weights(TENON_F32, {4}), bias(TENON_F32, {}), x(TENON_F32, {3, 4});
  auto argument = [&](const tenon_binding &binding) -> const OwnedTensor * {
    std::string name = binding.name;
    return name == "x" ? &x : name == "dense.bias" ? &bias : &weights;
  };
  Result<std::vector<NamedTensor>> results = runEntry(context->get(), **entry, argument);
  ASSERT_TRUE(results);
  EXPECT_EQ(results->at(0).tensor.dims, std::vector<int64_t>{3});
  EXPECT_EQ(results->at(0).tensor.at(2), 0.5);
  x = OwnedTensor(TENON_F32, {3, 5});
  results = runEntry(context->get(), **entry, argument);
  ASSERT_FALSE(results);
  EXPECT_EQ(results.failure().message, "`x` is f32[3, 5], but f32[batch, 4] is expected: its "
                                       "dimension 1 is 5, not 4");
  results = runEntry(context->get(), **entry, [](const tenon_binding &) { return nullptr; });
  EXPECT_EQ(results.failure().message,
            "`predict` needs `dense.weights` (parameter), which is not given");
  Result<const tenon_entry *> none = findEntry(fake::program(), "predikt");
  EXPECT_EQ(none.failure().help, "did you mean `predict`?");
}

} // namespace
