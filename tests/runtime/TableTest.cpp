// A dataset from its file to the numbers of a batch.
#include "runtime/data/Table.h"
#include "runtime/core/abi.h"
#include "runtime/data/BatchStream.h"
#include "runtime/data/RawRows.h"
#include "runtime/data/Sources.h"
#include "tests/runtime/Stages.h"
#include "tests/runtime/TestFolder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

using namespace tenon;
using namespace tenon::data;

namespace {

using test::named;
using test::stage;

Field field(std::string name, std::string dtype, std::vector<Extent> dims, std::string column,
            std::vector<Stage> stages = {}, std::vector<Argument> options = {}) {
  return {std::move(name),    std::move(dtype),  std::move(dims), {std::move(column)},
          std::move(options), std::move(stages), "p.tn:5:3"};
}

template <typename T> std::vector<T> row(const Column &column, size_t at) {
  std::vector<T> values(column.rowBytes() / sizeof(T));
  uint32_t which = uint32_t(at);
  Status status = column.copyRows({&which, 1}, Draws(), reinterpret_cast<uint8_t *>(values.data()));
  EXPECT_TRUE(status) << status.failure().str();
  return values;
}

class Tables : public testing::Test {
protected:
  Dataset dataset(const std::string &content, std::vector<Field> fields) {
    folder.write("a.csv", content);
    return {"Data", {{"csv", "a.csv", "", {}, "p.tn:4:8"}}, {}, std::move(fields), "p.tn:3:1"};
  }
  Result<Table> load(const Dataset &dataset, const Fitted *fitted = nullptr) {
    return Table::load(dataset, {folder.path(), fitted});
  }
  std::string failure(const Dataset &dataset, const Fitted *fitted = nullptr) {
    Result<Table> table = load(dataset, fitted);
    if (table)
      return "";
    std::string text = table.failure().str();
    for (size_t at; (at = text.find(folder.path() + "/")) != std::string::npos;)
      text.erase(at, folder.path().size() + 1);
    return text;
  }
  std::string failure(const std::string &content, Field field) {
    return failure(dataset(content, {std::move(field)}));
  }

  TestFolder folder;
};

TEST_F(Tables, vocabulary_is_by_frequency_then_first_appearance) {
  Field text = field("tokens", "i32", {{5, ""}}, "text",
                     {stage("tokenize", {named("vocabulary", int64_t(6))}),
                      stage("pad", {named("", int64_t(5))})});
  Result<Table> table = load(dataset("text\nb a\nc a b a e d\nd zz\n\"\"\n", {text}));
  ASSERT_TRUE(table) << table.failure().str();
  EXPECT_EQ(table->fitted().fields.at(0).words, (std::vector<std::string>{"a", "b", "d", "c"}));
  const Column &tokens = *table->find("tokens");
  EXPECT_EQ(row<int32_t>(tokens, 0), (std::vector<int32_t>{0, 0, 0, 3, 2}));
  EXPECT_EQ(row<int32_t>(tokens, 1), (std::vector<int32_t>{2, 3, 2, 1, 4})); // "c" is cut
  EXPECT_EQ(row<int32_t>(tokens, 2), (std::vector<int32_t>{0, 0, 0, 4, 1}));
  EXPECT_EQ(row<int32_t>(tokens, 3), (std::vector<int32_t>{0, 0, 0, 0, 0}));
  EXPECT_EQ(table->remarks(),
            std::vector<std::string>{"1 of 4 texts in `text` have no known word"});
}

TEST_F(Tables, padding_on_the_right_with_ends) {
  Field text = field("tokens", "i64", {{4, ""}}, "text",
                     {stage("tokenize", {named("vocabulary", int64_t(100)), named("ends", true)}),
                      stage("pad", {named("n", int64_t(4)), named("side", std::string("right"))})});
  Result<Table> table = load(dataset("text\na\na b\na b c\n", {text}));
  ASSERT_TRUE(table) << table.failure().str();
  const Column &tokens = *table->find("tokens");
  EXPECT_EQ(row<int64_t>(tokens, 0), (std::vector<int64_t>{2, 4, 3, 0}));
  EXPECT_EQ(row<int64_t>(tokens, 1), (std::vector<int64_t>{2, 4, 5, 3}));
  EXPECT_EQ(row<int64_t>(tokens, 2), (std::vector<int64_t>{2, 4, 5, 6}));
}

TEST_F(Tables, classes) {
  std::string content = "job,k\ncook,10\nsmith,9\ncook,9\n";
  Result<Table> table = load(dataset(
      content, {field("job", "i32", {}, "job", {stage("category", {named("n", int64_t(2))})}),
                field("label", "f32", {{-1, "classes"}}, "k", {stage("one_hot")}),
                field("bucket", "i32", {}, "job", {stage("hash", {named("n", int64_t(7))})}),
                field("wide", "f64", {{3, ""}}, "job",
                      {stage("category", {named("n", int64_t(3))}), stage("one_hot")})}));
  ASSERT_TRUE(table) << table.failure().str();
  EXPECT_EQ(row<int32_t>(*table->find("job"), 0), std::vector<int32_t>{1});
  EXPECT_EQ(row<int32_t>(*table->find("job"), 1), std::vector<int32_t>{0});
  EXPECT_EQ(table->fitted().find("label")->words, (std::vector<std::string>{"9", "10"}));
  EXPECT_EQ(row<float>(*table->find("label"), 0), (std::vector<float>{0, 1}));
  EXPECT_EQ(row<float>(*table->find("label"), 1), (std::vector<float>{1, 0}));
  EXPECT_EQ(row<double>(*table->find("wide"), 1), (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(row<int32_t>(*table->find("bucket"), 0), row<int32_t>(*table->find("bucket"), 2));
  EXPECT_EQ(table->extents(), (Extents{{"classes", 2}}));
  EXPECT_EQ(extentsOf(dataset(content,
                              {field("label", "f32", {{-1, "classes"}}, "k", {stage("one_hot")})})
                          .fields,
                      table->fitted()),
            (Extents{{"classes", 2}}));
}

TEST_F(Tables, numbers) {
  Field group = field("dense", "f32", {{2, ""}}, "x", {stage("normalise")});
  group.columns = {"x", "y"};
  Result<Table> table = load(dataset(
      "x,y,z,owner\n1,5, 7 ,yes\n3,5,,no\n5,5,+2.5e1,yes\n",
      {group,
       field("z", "i32", {}, "z", {stage("rescale", {named("", int64_t(2)), named("offset", 1.0)})},
             {named("missing", int64_t(4))}),
       field("owner", "bool", {}, "owner", {}, {named("yes", std::string("yes"))})}));
  ASSERT_TRUE(table) << table.failure().str();
  float deviation = float(2 / std::sqrt(8.0 / 3));
  EXPECT_EQ(row<float>(*table->find("dense"), 0), (std::vector<float>{-deviation, 0}));
  EXPECT_EQ(row<float>(*table->find("dense"), 2), (std::vector<float>{deviation, 0}));
  EXPECT_EQ(row<int32_t>(*table->find("z"), 0), std::vector<int32_t>{15});
  EXPECT_EQ(row<int32_t>(*table->find("z"), 1), std::vector<int32_t>{9});
  EXPECT_EQ(row<int32_t>(*table->find("z"), 2), std::vector<int32_t>{51});
  EXPECT_EQ(row<uint8_t>(*table->find("owner"), 0), std::vector<uint8_t>{1});
  EXPECT_EQ(row<uint8_t>(*table->find("owner"), 1), std::vector<uint8_t>{0});
}

TEST_F(Tables, splits_are_disjoint_and_stable) {
  std::string content = "x\n";
  for (int i = 0; i < 1000; ++i)
    content += std::to_string(i) + "\n";
  Dataset data = dataset(content, {field("x", "i32", {}, "x")});
  data.splits = {{"train", 0.8, ""}, {"test", 0.15, ""}};
  Result<Table> first = load(data), second = load(data);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->splits(), (std::vector<std::string>{"train", "test"}));
  EXPECT_EQ(first->split("train")->size(), 800u);
  EXPECT_EQ(first->split("test")->size(), 150u);
  EXPECT_EQ(*first->split("train"), *second->split("train"));
  EXPECT_EQ(first->checksum(), second->checksum());
  std::set<uint32_t> all(first->split("train")->begin(), first->split("train")->end());
  all.insert(first->split("test")->begin(), first->split("test")->end());
  EXPECT_EQ(all.size(), 950u);
  int64_t low = std::count_if(first->split("test")->begin(), first->split("test")->end(),
                              [](uint32_t row) { return row < 500; });
  EXPECT_GT(low, 50); // not the first or the last rows of the file
  EXPECT_LT(low, 100);
  EXPECT_EQ(first->split("validation"), nullptr);
}

TEST_F(Tables, a_source_for_each_split_and_fitting_on_training_alone) {
  folder.write("b.csv", "x,text\n7,new old\n");
  Dataset data = dataset(
      "text,x\nold old,1\nold,3\n",
      {field("x", "f64", {}, "x", {stage("normalise")}),
       field("t", "i32", {{2, ""}}, "text",
             {stage("tokenize", {named("", int64_t(9))}), stage("pad", {named("", int64_t(2))})})});
  data.sources = {{"csv", "a.csv", "train", {}, ""}, {"csv", "b.csv", "test", {}, ""}};
  Result<Table> table = load(data);
  ASSERT_TRUE(table) << table.failure().str();
  ASSERT_EQ(*table->split("test"), std::vector<uint32_t>{2});
  EXPECT_EQ(row<double>(*table->find("x"), 2), std::vector<double>{5});
  EXPECT_EQ(row<int32_t>(*table->find("t"), 2), (std::vector<int32_t>{1, 2}));
}

TEST_F(Tables, fitted_stages_survive_json) {
  Dataset data = dataset(
      "x,c,text\n0.1,u,é \"\n0.7,v,b\n",
      {field("x", "f64", {}, "x", {stage("normalise")}),
       field("c", "i32", {}, "c", {stage("category", {named("", int64_t(5))})}),
       field("t", "i32", {{2, ""}}, "text",
             {stage("tokenize", {named("", int64_t(9))}), stage("pad", {named("", int64_t(2))})})});
  folder.write("a.csv", "x,c,text\n0.1,u,é\n0.7,v,b\n");
  Result<Table> table = load(data);
  ASSERT_TRUE(table) << table.failure().str();
  Result<Fitted> again = fittedFromJson(toJson(table->fitted()));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, table->fitted());
  EXPECT_FALSE(fittedFromJson("{\"fields\": [{}]}"));
  EXPECT_FALSE(fittedFromJson("{"));

  folder.write("a.csv", "x,c,text\n0.4,w,b é\n");
  Result<Table> other = load(data, &*again);
  ASSERT_TRUE(other) << other.failure().str();
  EXPECT_NEAR(row<double>(*other->find("x"), 0)[0], 0, 1e-15);
  EXPECT_EQ(row<int32_t>(*other->find("c"), 0), std::vector<int32_t>{0});
  EXPECT_EQ(row<int32_t>(*other->find("t"), 0), (std::vector<int32_t>{3, 2}));

  auto encode = [&](const std::string &column, const std::string &text) {
    RawRows rows;
    EXPECT_TRUE(rows.addText(column, text));
    return encodeRows(data.fields[2], *again, rows);
  };
  Result<Column> raw = encode("text", "É zzz");
  ASSERT_TRUE(raw) << raw.failure().str();
  EXPECT_EQ(row<int32_t>(*raw, 0), (std::vector<int32_t>{2, 1}));
  EXPECT_EQ(encode("text", "zzz").failure().str(),
            "no word of \"zzz\" was seen in training\n"
            "help: the vocabulary has 2 words of the training split");
  EXPECT_EQ(encode("text", "").failure().message, "no word of \"\" was seen in training");
  EXPECT_EQ(encode("text", "\xFF").failure().message, "`text` is not UTF-8");
  EXPECT_EQ(encode("other", "b").failure().message, "`text` is not given");
}

TEST_F(Tables, raw_rows) {
  RawRows rows;
  EXPECT_EQ(rows.count().failure().message, "there are no rows");
  EXPECT_EQ(rows.addArray("x", {TENON_F32, {}, {0, 0, 0, 0}}).failure().message,
            "`x` is one number, and each element of an array's first axis is a row");
  ASSERT_TRUE(rows.addArray("x", {TENON_I8, {2, 3}, {1, 2, 3, 4, 5, 6}}));
  EXPECT_EQ(rows.addArray("x", {TENON_I8, {1, 3}, {1, 2, 3}}).failure().message,
            "`x` is given twice");
  EXPECT_EQ(rows.addText("x", "7").failure().message, "`x` is given twice");
  EXPECT_EQ(*rows.count(), 2u);
  Result<Column> column = encodeRows(field("x", "f32", {{3, ""}}, "x"), {}, rows);
  ASSERT_TRUE(column) << column.failure().str();
  EXPECT_EQ(row<float>(*column, 1), (std::vector<float>{4, 5, 6}));
  EXPECT_TRUE(rows.addText("y", "1"));
  EXPECT_EQ(rows.count().failure().message, "`x` has 2 rows, and `y` 1");

  folder.write("new.csv", "x,y\n1,2\n3,\n");
  Result<RawRows> file = RawRows::readFile(folder.path() + "/new.csv");
  ASSERT_TRUE(file) << file.failure().str();
  column = encodeRows(field("x", "f32", {}, "x"), {}, *file);
  ASSERT_TRUE(column) << column.failure().str();
  EXPECT_EQ(row<float>(*column, 1), std::vector<float>{3});
  EXPECT_EQ(encodeRows(field("y", "f32", {}, "y"), {}, *file).failure().place,
            folder.path() + "/new.csv:3");
  EXPECT_EQ(RawRows::readFile("new.txt").failure().message,
            "rows are read from .csv and .npz files, and this is `new.txt`");
}

TEST_F(Tables, bad_data) {
  Field label = field("label", "f32", {}, "label");
  EXPECT_EQ(failure("text,lable\nx,1\n", label),
            "p.tn:5:3: `a.csv` has no column `label`; it has `text` and `lable`\n"
            "help: did you mean `lable`?");
  const std::string aText =
      "\nhelp: a text becomes numbers by `category`, `one_hot`, `tokenize` or `hash`";
  EXPECT_EQ(failure("label\n1\nabc\n", label),
            "a.csv:3: `label` is \"abc\", which is no number" + aText);
  EXPECT_EQ(failure("label\n1\nnan\n", label),
            "a.csv:3: `label` is \"nan\", which is no number" + aText);
  EXPECT_EQ(failure("label\n1e300\n", label),
            "a.csv:2: `label` is \"1e300\", which f32 can't hold");
  EXPECT_EQ(failure("label,x\n1,2\n,3\n", label),
            "a.csv:3: `label` is empty\n"
            "help: fill it in, or write column(\"label\", missing = 0)");
  EXPECT_EQ(failure("label\n1.5\n", field("label", "i32", {}, "label")),
            "a.csv:2: `label` is \"1.5\", which i32 can't hold");
  EXPECT_EQ(failure("label\nmaybe\n", field("label", "bool", {}, "label")).substr(0, 61),
            "a.csv:2: `label` is \"maybe\", which is neither true nor false\n");
  EXPECT_EQ(failure("label\n", label), "a.csv:1: the file has a header and no rows");
  EXPECT_EQ(failure("", label).substr(0, 26), "a.csv:1: the file is empty");
  EXPECT_EQ(failure("text\n...\n", field("t", "i32", {{3, ""}}, "text",
                                         {stage("tokenize", {named("", int64_t(9))}),
                                          stage("pad", {named("", int64_t(3))})})),
            "p.tn:5:3: no text of the training split has a word in `text`");
  Dataset missing = dataset("x\n", {label});
  missing.sources[0].path = "none.csv";
  EXPECT_EQ(failure(missing), "p.tn:4:8: cannot read `none.csv`: No such file or directory");
  Dataset tiny = dataset("label\n1\n", {label});
  tiny.splits = {{"train", 0.2, "p.tn:6:3"}, {"test", 0.8, "p.tn:6:9"}};
  EXPECT_EQ(failure(tiny), "p.tn:6:3: the split `train` gets none of the 1 rows");
}

TEST_F(Tables, a_look_at_the_data) {
  Dataset data =
      dataset("text,lable,a,b\nonce,1,1,2\ntwice,yes,,3\n",
              {field("label", "f32", {}, "label"), field("mark", "f32", {}, "lable"),
               field("x", "f32", {}, "a"),
               field("word", "i32", {}, "text", {stage("category", {named("n", int64_t(4))})})});
  Field range = field("pair", "f32", {{3, ""}}, "a");
  range.columns.push_back("b");
  data.fields.push_back(range);
  range.columns = {"b", "a"};
  data.fields.push_back(range);
  data.sources.push_back({"csv", "none.csv", "test", {}, ""});
  data.sources.push_back(
      {"csv", folder.write("bad.csv", "text,label,lable,a,b\nalone\n"), "validation", {}, ""});
  DataReport report = lookAtData(data, folder.path());
  EXPECT_EQ(report.absent, std::vector<std::string>{folder.path("none.csv")});
  std::string told;
  for (const Finding &finding : report.findings)
    told += std::to_string(int(finding.kind)) + " " + std::to_string(finding.source) + " " +
            std::to_string(finding.field) + " " + std::to_string(finding.column) + ": " +
            Failure{finding.message, finding.place, finding.help}.str() + "\n";
  for (size_t at; (at = told.find(folder.path() + "/")) != std::string::npos;)
    told.erase(at, folder.path().size() + 1);
  EXPECT_EQ(told, "1 0 0 0: `a.csv` has no column `label`; it has `text`, `lable`, `a` and `b`\n"
                  "help: did you mean `lable`?\n"
                  "1 0 4 1: `a` to `b` are 2 columns of `a.csv`, and `pair` has 3 elements\n"
                  "1 0 5 1: `a` stands before `b` in `a.csv`\n"
                  "2 0 1 0: a.csv:3: `lable` is \"yes\", which is no number\n"
                  "help: a text becomes numbers by `category`, `one_hot`, `tokenize` or `hash`\n"
                  "2 0 2 0: a.csv:3: `a` is empty\n"
                  "help: fill it in, or write column(\"a\", missing = 0)\n"
                  "1 2 4 1: `a` to `b` are 2 columns of `bad.csv`, and `pair` has 3 elements\n"
                  "1 2 5 1: `a` stands before `b` in `bad.csv`\n"
                  "0 2 0 0: bad.csv:2: this row has 1 field, but the header names 5 columns\n"
                  "help: the row ends before `label`\n");
}

TEST_F(Tables, a_class_that_training_lacks) {
  folder.write("b.csv", "c\nu\nw\nx\n");
  Dataset data =
      dataset("c\nu\nv\n", {field("c", "f32", {{-1, "classes"}}, "c", {stage("one_hot")})});
  data.sources.push_back({"csv", "b.csv", "test", {}, ""});
  EXPECT_EQ(failure(data), "b.csv:3: `c` is \"w\", a class that the training split doesn't have\n"
                           "help: it has `u` and `v`");
}

TEST_F(Tables, bad_declarations) {
  std::string content = "x\n1\n";
  EXPECT_EQ(failure(content, field("x", "i32", {}, "x", {stage("shear")})),
            "p.tn:9:3: there is no stage `shear`\nhelp: the stages there are: tokenize, pad, "
            "category, hash, one_hot, normalise, rescale, resize, reshape, a dtype, and functions "
            "of the program");
  EXPECT_EQ(failure(content, field("x", "i32", {}, "x",
                                   {stage("tokenize", {named("vocabulary", int64_t(9))})})),
            "p.tn:5:3: `x` is tokenized to texts of different lengths\nhelp: add `|> pad(100)`");
  EXPECT_EQ(failure(content, field("x", "i32", {}, "x",
                                   {stage("tokenize", {named("vocabulary", int64_t(9))}),
                                    stage("pad", {named("n", int64_t(2))})})),
            "p.tn:5:3: `x` is declared with rank 0, but its stages give rank 1");
  EXPECT_EQ(failure(content, field("x", "i32", {{4, ""}}, "x", {stage("tokenize")})),
            "p.tn:9:3: `tokenize` needs `vocabulary`");
  EXPECT_EQ(failure(content, field("x", "f32", {}, "x", {stage("pad", {named("n", int64_t(1))})})),
            "p.tn:9:3: `pad` can't stand here\nhelp: it goes once, after `tokenize`");
  EXPECT_EQ(failure(content, field("x", "f32", {}, "x", {stage("normalise", {named("q", true)})})),
            "p.tn:9:3: `normalise` has no argument `q`");
  EXPECT_EQ(failure(content, field("x", "f32", {{3, ""}}, "x",
                                   {stage("category", {named("", int64_t(5))}), stage("one_hot")})),
            "p.tn:5:3: `x` is declared with 3 elements, but its stages give 5");
  EXPECT_EQ(failure(content, field("x", "f16", {}, "x")).substr(0, 22), "p.tn:5:3: `x` is f16: ");
}

//===----------------------------------------------------------------------===//
// Batches
//===----------------------------------------------------------------------===//

class Batches : public Tables {
protected:
  void SetUp() override {
    std::string content = "x\n";
    for (int i = 0; i < 23; ++i)
      content += std::to_string(i) + "\n";
    Result<Table> loaded = load(dataset(content, {field("x", "i32", {}, "x")}));
    ASSERT_TRUE(loaded);
    table.emplace(std::move(*loaded));
  }
  std::vector<std::vector<int32_t>> all(const BatchOptions &options) {
    BatchStream stream({&table->columns()[0]}, *table->split("train"), options);
    std::vector<std::vector<int32_t>> batches;
    while (const Batch *batch = stream.next()) {
      const FieldBatch *x = batch->find("x");
      EXPECT_EQ(x->dims, std::vector<int64_t>{batch->rows});
      EXPECT_EQ(reinterpret_cast<uintptr_t>(x->bytes.data()) % 64, 0u);
      auto *values = reinterpret_cast<const int32_t *>(x->bytes.data());
      batches.emplace_back(values, values + batch->rows);
    }
    return batches;
  }
  std::optional<Table> table;
};

TEST_F(Batches, in_order_with_a_ragged_last_one) {
  auto batches = all({.batch = 10});
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[1][0], 10);
  EXPECT_EQ(batches[2], (std::vector<int32_t>{20, 21, 22}));
  EXPECT_EQ(batchesOf(23, 10), 3);
  EXPECT_EQ(batchesOf(20, 10), 2);
}

TEST_F(Batches, each_epoch_shuffles_all_rows_anew) {
  auto batches = all({.batch = 23, .shuffle = true, .seed = 5, .epochs = 3});
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_NE(batches[0], batches[1]);
  EXPECT_NE(batches[1], batches[2]);
  for (auto batch : batches) {
    EXPECT_FALSE(std::is_sorted(batch.begin(), batch.end()));
    std::sort(batch.begin(), batch.end());
    for (int32_t i = 0; i < 23; ++i)
      EXPECT_EQ(batch[size_t(i)], i);
  }
  EXPECT_NE(all({.batch = 23, .shuffle = true, .seed = 6})[0], batches[0]);
}

TEST_F(Batches, any_position_can_be_restored) {
  BatchOptions options{.batch = 4, .shuffle = true, .seed = 9, .epochs = 3};
  auto whole = all(options);
  ASSERT_EQ(whole.size(), 18u);
  for (size_t start = 0; start < whole.size(); ++start)
    for (size_t ahead : {1, 3}) {
      options.epoch = int64_t(start) / 6;
      options.index = int64_t(start) % 6;
      options.ahead = ahead;
      auto rest = all(options);
      ASSERT_EQ(rest.size(), whole.size() - start);
      EXPECT_TRUE(std::equal(rest.begin(), rest.end(), whole.begin() + int64_t(start)));
    }
}

TEST_F(Batches, a_stream_may_be_left_early) {
  for (int i = 0; i < 20; ++i) {
    BatchStream stream({&table->columns()[0]}, *table->split("train"), {.batch = 1, .epochs = 9});
    for (int k = 0; k < i; ++k)
      ASSERT_NE(stream.next(), nullptr);
  }
}

} // namespace
