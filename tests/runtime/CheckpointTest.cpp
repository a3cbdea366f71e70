// The checkpoint's format, beside what TrainerTest asks of it.
#include "runtime/train/Checkpoint.h"
#include "runtime/core/Safetensors.h"
#include "runtime/train/EntryCall.h"
#include "tests/runtime/FakeProgram.h"
#include "tests/runtime/TestFolder.h"

#include <cstdlib>

using namespace tenon;
using namespace tenon::train;

namespace {

std::string golden(const std::string &name) {
  const char *root = getenv("TENON_SOURCE_DIR");
  return std::string(root ? root : ".") + "/tests/runtime/golden/" + name;
}

CheckpointInfo exampleInfo() {
  CheckpointInfo info;
  info.model = "Logistic";
  info.numericMode = "fma";
  info.seed = UINT64_MAX;
  info.batchSize = 16;
  info.epochs = 3;
  info.steps = 51;
  info.position = {1, 4, 21};
  info.metricsBytes = 2184;
  info.dataRows = 330;
  info.dataChecksum = 0xfedcba9876543210;
  info.dataset = R"({"name":"Data"})";
  info.fitted.fields = {{"tokens", {"the", "état"}, {}, {}, {}},
                        {"x", {}, {0.1, -3e-300}, {1, 1.0 / 3}, {"x1", "x2"}}};
  info.averages = {64, 12.5, 1.0 / 3};
  info.ingredients = {"0123456789abcdef",
                      true,
                      {{"optimizer.learning_rate", "0.001", "`optimizer` of `train`", ""}},
                      {{"`model Logistic`", "00ff", "", ""}}};
  return info;
}

CheckpointInfo exampleInfoOfVersion1() {
  CheckpointInfo info = exampleInfo();
  info.ingredients.reset();
  return info;
}

TensorStore exampleStore() {
  Result<Context> context = makeContext(1);
  TensorStore store;
  EXPECT_TRUE(context && declareVariables(context->get(), fake::program(), store));
  EXPECT_TRUE(initialise(context->get(), fake::program(), 5, store));
  return store;
}

TEST(Checkpoint, keeps_everything) {
  TestFolder folder;
  std::string path = folder.path("c.safetensors"), previous = folder.path("p.safetensors");
  TensorStore store = exampleStore();
  ASSERT_TRUE(saveCheckpoint(path, previous, exampleInfo(), store));
  EXPECT_FALSE(std::filesystem::exists(previous));
  Result<Checkpoint> read = Checkpoint::open(path);
  ASSERT_TRUE(read) << read.failure().str();
  EXPECT_EQ(read->info(), exampleInfo());
  TensorStore other = exampleStore();
  other.variables()[0].tensor = OwnedTensor(TENON_F32, {4});
  ASSERT_TRUE(read->restore(other, false));
  for (size_t i = 0; i < store.variables().size(); ++i)
    for (int64_t k = 0; k < store.variables()[i].tensor.count(); ++k)
      EXPECT_EQ(store.variables()[i].tensor.at(k), other.variables()[i].tensor.at(k));

  std::string first = readWhole(path);
  CheckpointInfo later = exampleInfo();
  later.position.step = 22;
  later.bestLoss = 0.1;
  later.waited = 2;
  ASSERT_TRUE(saveCheckpoint(path, previous, later, store));
  EXPECT_EQ(Checkpoint::open(path)->info(), later);
  EXPECT_TRUE(readWhole(previous) == first);
  EXPECT_EQ(Checkpoint::open(path)->info().position.step, 22);
  ASSERT_TRUE(saveCheckpoint(path, previous, exampleInfo(), store));
  EXPECT_TRUE(readWhole(path) == first);
  EXPECT_EQ(Checkpoint::open(previous)->info().position.step, 22);
  for (const auto &entry : std::filesystem::directory_iterator(folder.path()))
    EXPECT_NE(entry.path().extension(), ".tmp");
}

/// A version's golden file is never written anew: what was saved once is read for ever.
TEST(Checkpoint, all_versions_are_read_and_written_for_ever) {
  static_assert(kCheckpointVersion == 2, "add a golden file for the new version");
  for (auto &[name, info] : {std::pair("checkpoint-v1.safetensors", exampleInfoOfVersion1()),
                             std::pair("checkpoint-v2.safetensors", exampleInfo())}) {
    SCOPED_TRACE(name);
    TestFolder folder;
    Result<Checkpoint> read = Checkpoint::open(golden(name));
    ASSERT_TRUE(read) << read.failure().str();
    EXPECT_EQ(read->info(), info);
    TensorStore store = exampleStore(), kept = exampleStore();
    ASSERT_TRUE(read->restore(store, false));
    EXPECT_EQ(store.variables()[0].tensor.at(2), kept.variables()[0].tensor.at(2));
    ASSERT_TRUE(saveCheckpoint(folder.path("c"), "", read->info(), store));
    EXPECT_TRUE(readWhole(folder.path("c")) == readWhole(golden(name)));
  }
}

TEST(Checkpoint, refuses_other_files) {
  TestFolder folder;
  auto failure = [&](std::map<std::string, std::string> metadata) {
    float value = 1;
    std::string error, path = folder.path("c.safetensors");
    EXPECT_EQ(writeSafetensors(path, {{"w", TENON_F32, {1}, &value}}, metadata, error), TENON_OK);
    Result<Checkpoint> read = Checkpoint::open(path);
    std::string text = read ? "" : read.failure().str();
    if (size_t at = text.find(path); at != std::string::npos)
      text.replace(at, path.size(), "c");
    return text;
  };
  EXPECT_EQ(failure({}), "`c` is not a checkpoint of a training");
  EXPECT_EQ(failure({{"format", "tenon checkpoint"}, {"version", "3"}}),
            "`c` is a checkpoint of version 3, but this program reads versions up to 2\n"
            "help: update tenon");
  EXPECT_EQ(failure({{"format", "tenon checkpoint"}, {"version", "1"}}),
            "the checkpoint is damaged: the checksum of `c` doesn't agree");
  Result<Checkpoint> none = Checkpoint::open(folder.path("none"));
  EXPECT_NE(none.failure().message.find("No such file"), std::string::npos);
}

} // namespace
