// Sources of every form, and functions as stages.
#include "runtime/core/abi.h"
#include "runtime/data/BatchStream.h"
#include "runtime/data/Npz.h"
#include "runtime/data/Table.h"
#include "tests/runtime/TestFolder.h"

#include <cmath>
#include <cstring>
#include <zlib.h>

using namespace tenon;
using namespace tenon::data;

namespace {

Argument named(std::string name, auto value) { return {std::move(name), Value{value}}; }

Field field(std::string name, std::string dtype, std::vector<Extent> dims, std::string column,
            std::vector<Stage> stages = {}) {
  return {std::move(name),   std::move(dtype), std::move(dims), {std::move(column)}, {},
          std::move(stages), "p.tn:5:3"};
}

template <typename T> void append(std::string &to, T value) {
  to.append(reinterpret_cast<const char *>(&value), sizeof value);
}

/// An archive as NumPy writes it.
std::string zip(const std::vector<std::pair<std::string, std::string>> &members, bool deflated) {
  std::string file, directory;
  for (const auto &[name, content] : members) {
    std::string packed = content;
    if (deflated) {
      packed.resize(content.size() + 100);
      z_stream stream{};
      deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
      stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(content.data()));
      stream.avail_in = uInt(content.size());
      stream.next_out = reinterpret_cast<Bytef *>(packed.data());
      stream.avail_out = uInt(packed.size());
      EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
      packed.resize(stream.total_out);
      deflateEnd(&stream);
    }
    uint32_t crc =
        uint32_t(crc32(0, reinterpret_cast<const Bytef *>(content.data()), uInt(content.size())));
    std::string common;
    for (uint16_t number : {20, 0, deflated ? 8 : 0, 0, 0})
      append(common, number);
    append(common, crc);
    append(common, uint32_t(packed.size()));
    append(common, uint32_t(content.size()));
    append(common, uint16_t(name.size()));
    append(common, uint16_t(0));
    append(directory, uint32_t(0x02014b50));
    append(directory, uint16_t(20));
    directory += common;
    for (int i = 0; i < 3; ++i)
      append(directory, uint16_t(0));
    append(directory, uint32_t(0));
    append(directory, uint32_t(file.size()));
    directory += name;
    append(file, uint32_t(0x04034b50));
    file += common + name + packed;
  }
  uint32_t begin = uint32_t(file.size());
  file += directory;
  append(file, uint32_t(0x06054b50));
  append(file, uint32_t(0));
  append(file, uint16_t(members.size()));
  append(file, uint16_t(members.size()));
  append(file, uint32_t(directory.size()));
  append(file, begin);
  append(file, uint16_t(0));
  return file;
}

class Sources : public testing::Test {
protected:
  Result<Table> load(Source source, std::vector<Field> fields,
                     const StageFunctions *functions = nullptr, std::vector<Split> splits = {}) {
    source.place = "p.tn:4:8";
    return Table::load(
        {"Data", {std::move(source)}, std::move(splits), std::move(fields), "p.tn:3:1"},
        {folder.path(), nullptr, functions});
  }
  std::string failure(Source source, std::vector<Field> fields) {
    Result<Table> table = load(std::move(source), std::move(fields));
    std::string text = table ? "" : table.failure().str();
    for (size_t at; (at = text.find(folder.path() + "/")) != std::string::npos;)
      text.erase(at, folder.path().size() + 1);
    return text;
  }
  template <typename T> std::vector<T> row(const Table &table, const char *name, uint32_t at) {
    const Column &column = *table.find(name);
    std::vector<T> values(column.rowBytes() / sizeof(T));
    EXPECT_TRUE(column.copyRows({&at, 1}, Draws(), reinterpret_cast<uint8_t *>(values.data())));
    return values;
  }
  void writeArrays() {
    std::vector<float> x{1, 2, 3, 4, 5, 6};
    std::vector<int64_t> label{7, 3, 7};
    ASSERT_TRUE(writeNpy(folder.path("x.npy"), TENON_F32, {3, 2}, x.data()));
    ASSERT_TRUE(writeNpy(folder.path("label.npy"), TENON_I64, {3}, label.data()));
  }
  Source npy() {
    return {"npy",
            "",
            "",
            {named("x", std::string("x.npy")), named("label", std::string("label.npy"))},
            ""};
  }
  std::vector<Field> arrays() {
    return {field("x", "f64", {{2, ""}}, "x", {{"normalise", {}, ""}}),
            field("label", "f32", {{-1, "classes"}}, "label", {{"one_hot", {}, ""}})};
  }

  TestFolder folder;
};

TEST_F(Sources, arrays_have_a_row_for_each_element_of_the_first_axis) {
  writeArrays();
  Result<Table> table = load(npy(), arrays());
  ASSERT_TRUE(table) << table.failure().str();
  EXPECT_EQ(table->rows(), 3u);
  EXPECT_EQ(table->place(2), folder.path("x.npy") + "[2]");
  EXPECT_EQ(table->extents(), (Extents{{"classes", 2}}));
  EXPECT_EQ(row<float>(*table, "label", 1), (std::vector<float>{1, 0}));
  double deviation = std::sqrt(8.0 / 3);
  EXPECT_EQ(row<double>(*table, "x", 2), (std::vector<double>{2 / deviation, 2 / deviation}));
  EXPECT_EQ(row<double>(*table, "x", 1), (std::vector<double>{0, 0}));

  for (bool deflated : {false, true}) {
    folder.write("a.npz", zip({{"x.npy", readWhole(folder.path("x.npy"))},
                               {"label.npy", readWhole(folder.path("label.npy"))}},
                              deflated));
    Result<Table> archive = load({"npz", "a.npz", "", {}, ""}, arrays());
    ASSERT_TRUE(archive) << archive.failure().str();
    EXPECT_EQ(row<double>(*archive, "x", 2), row<double>(*table, "x", 2));
    EXPECT_EQ(archive->checksum(), table->checksum());
  }
}

TEST_F(Sources, damaged_archives_are_refused) {
  writeArrays();
  for (bool deflated : {false, true}) {
    std::string whole = zip({{"x.npy", readWhole(folder.path("x.npy"))}}, deflated);
    for (size_t size = 0; size < whole.size(); ++size) {
      folder.write("a.npz", whole.substr(0, size));
      EXPECT_FALSE(readNpz(folder.path("a.npz"))) << size;
    }
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string bad = whole;
      bad[at] = char(bad[at] ^ 0x41);
      folder.write("a.npz", bad);
      auto read = readNpz(folder.path("a.npz"));
      // What isn't looked at (times, versions) may differ; the elements may not.
      if (read) {
        EXPECT_EQ((*read)[0].second.bytes.size(), 24u) << at;
        EXPECT_EQ(memcmp((*read)[0].second.bytes.data(), "\0\0\x80\x3f\0\0\0\x40", 8), 0) << at;
      }
    }
  }
}

TEST_F(Sources, arrays_that_do_not_fit) {
  writeArrays();
  std::vector<float> x{1, 2};
  ASSERT_TRUE(writeNpy(folder.path("short.npy"), TENON_F32, {2}, x.data()));
  Source source = npy();
  source.options[1].value.value = std::string("short.npy");
  EXPECT_EQ(failure(source, arrays()), "short.npy: `x` has 3 rows, and `label` 2");
  EXPECT_EQ(failure(npy(), {field("x", "f32", {{3, ""}}, "x")}),
            "p.tn:5:3: `x` is declared with 3 elements, but its stages give 2");
  EXPECT_EQ(failure(npy(), {field("x", "f32", {}, "x")}),
            "p.tn:5:3: `x` is declared with rank 0, but its stages give rank 1");
  EXPECT_EQ(failure(npy(), {field("x", "i32", {{4, ""}}, "x",
                                  {{"tokenize", {named("vocabulary", int64_t(9))}, ""},
                                   {"pad", {named("n", int64_t(4))}, ""}})}),
            "p.tn:5:3: `x` is tokenized, and `x` is an array f32[2]");
  std::vector<int64_t> large{int64_t(1) << 60};
  ASSERT_TRUE(writeNpy(folder.path("large.npy"), TENON_I64, {1}, large.data()));
  EXPECT_EQ(failure({"npy", "", "", {named("n", std::string("large.npy"))}, ""},
                    {field("n", "i64", {}, "n")}),
            "large.npy[0]: `n` has a whole number beyond 2^53");
  EXPECT_EQ(failure({"npz", "none.npz", "", {}, ""}, {}),
            "p.tn:4:8: cannot read `none.npz`: No such file or directory");
}

TEST_F(Sources, texts_by_lines_and_by_windows) {
  folder.write("a.txt", "\xEF\xBB\xBFto be\r\n\n  \nor not");
  Field words = field(
      "words", "i32", {{2, ""}}, "text",
      {{"tokenize", {named("vocabulary", int64_t(9))}, ""}, {"pad", {named("n", int64_t(2))}, ""}});
  Result<Table> lines = load({"text_file", "a.txt", "", {}, ""}, {words});
  ASSERT_TRUE(lines) << lines.failure().str();
  EXPECT_EQ(lines->rows(), 2u);
  EXPECT_EQ(lines->place(1), folder.path("a.txt") + ":4");
  EXPECT_EQ(lines->find("words")->rows(), 2u);

  folder.write("b.txt", "abcdefgh");
  Field bytes = field("bytes", "i32", {{3, ""}}, "bytes", {{"i32", {}, ""}});
  Source source{"text_file", "b.txt", "", {named("window", int64_t(3))}, ""};
  Result<Table> windows = load(source, {bytes});
  ASSERT_TRUE(windows) << windows.failure().str();
  EXPECT_EQ(windows->rows(), 2u);
  EXPECT_EQ(row<int32_t>(*windows, "bytes", 1), (std::vector<int32_t>{'d', 'e', 'f'}));
  EXPECT_EQ(windows->place(1), folder.path("b.txt") + "[3]");
  source.options.push_back(named("stride", int64_t(2)));
  Result<Table> overlapping = load(source, {bytes});
  ASSERT_TRUE(overlapping);
  EXPECT_EQ(overlapping->rows(), 3u);
  EXPECT_EQ(row<int32_t>(*overlapping, "bytes", 2), (std::vector<int32_t>{'e', 'f', 'g'}));
  source.options = {named("window", int64_t(9))};
  EXPECT_EQ(failure(source, {bytes}),
            "p.tn:5:3: `bytes` is declared with 3 elements, but its stages give 9");
  bytes.dims = {{9, ""}};
  EXPECT_EQ(failure(source, {bytes}), "b.txt: the file has 8 bytes, and a window 9");
  folder.write("a.txt", "good\nb\xFF"
                        "d\n");
  EXPECT_EQ(failure({"text_file", "a.txt", "", {}, ""}, {words}).substr(0, 33),
            "a.txt:2: the text is not UTF-8\nhe");
}

TEST_F(Sources, a_folder_of_texts_names_their_classes) {
  for (const char *name : {"t", "t/good", "t/bad", "t/empty"})
    std::filesystem::create_directory(folder.path(name));
  folder.write("t/good/1.txt", "fine words\nover lines");
  folder.write("t/bad/2.txt", "poor");
  folder.write("t/bad/1.txt", "words");
  folder.write("t/readme", "not a text of a class");
  Source source{"text_folder", "t", "", {}, ""};
  std::vector<Field> fields{field("label", "f32", {{2, ""}}, "class", {{"one_hot", {}, ""}})};
  Result<Table> table = load(source, fields);
  ASSERT_TRUE(table) << table.failure().str();
  EXPECT_EQ(table->rows(), 3u);
  EXPECT_EQ(table->place(0), folder.path("t/bad/1.txt"));
  EXPECT_EQ(table->place(2), folder.path("t/good/1.txt"));
  EXPECT_EQ(row<float>(*table, "label", 2), (std::vector<float>{0, 1}));
  uint64_t before = table->checksum();
  folder.write("t/bad/1.txt", "other");
  EXPECT_NE(load(source, fields)->checksum(), before);
  EXPECT_EQ(failure({"text_folder", "t/good", "", {}, ""}, fields),
            "p.tn:4:8: `t/good` has no folders with files in them\n"
            "help: each class is a folder of that folder, each text a file in it");
}

TEST_F(Sources, ids_of_several_columns) {
  folder.write("a.csv", "C1,C2,C3\na,b,a\nc,,d\n");
  Field ids = field("ids", "i32", {{3, ""}}, "C1",
                    {{"hash",
                      {named("n", std::vector<Value>{{int64_t(1)}, {int64_t(5)}, {int64_t(1000)}})},
                      "p.tn:5:9"}});
  ids.columns.push_back("C3");
  Result<Table> table = load({"csv", "a.csv", "", {}, ""}, {ids});
  ASSERT_TRUE(table) << table.failure().str();
  std::vector<int32_t> first = row<int32_t>(*table, "ids", 0),
                       second = row<int32_t>(*table, "ids", 1);
  EXPECT_EQ(first[0], 0);
  EXPECT_LT(first[1], 5);
  EXPECT_LT(first[2], 1000);
  EXPECT_EQ(second[0], 0);
  ids.stages[0].arguments = {named("n", std::vector<Value>{{int64_t(1)}, {int64_t(5)}})};
  EXPECT_EQ(failure({"csv", "a.csv", "", {}, ""}, {ids}),
            "p.tn:5:3: `ids` has 3 columns, and `hash` 2 numbers of ids");
}

//===----------------------------------------------------------------------===//
// Functions as stages
//===----------------------------------------------------------------------===//

/// "double" doubles; "noise" adds the row's number, and the epoch's in training.
class Doubling : public StageFunctions {
public:
  Result<int32_t> inputDtype(const std::string &) const override { return int32_t(TENON_F32); }
  Result<Array> run(const std::string &entry, std::span<const uint32_t> rows, const Array &values,
                    const Draws &draws) const override {
    calls += 1;
    Array made = values;
    auto *numbers = reinterpret_cast<float *>(made.bytes.data());
    size_t width = made.bytes.size() / sizeof(float) / rows.size();
    for (size_t i = 0; i < rows.size() * width; ++i) {
      float &x = numbers[i];
      if (entry == "double")
        x = 2 * x;
      else if (entry == "log")
        x = std::log(x);
      else
        x += float(rows[i / width]) + (entry == "noise" ? 100 * float(draws.epoch + 1) : 0.0f);
    }
    return made;
  }
  mutable std::atomic<int> calls = 0;
};

TEST_F(Sources, functions_of_the_program_are_stages) {
  std::string content = "x\n";
  for (int i = 0; i < 3000; ++i)
    content += std::to_string(i) + "\n";
  folder.write("a.csv", content);
  Doubling functions;
  Stage twice{"twice", {}, "p.tn:6:1", "double", false},
      noise{"noise", {}, "p.tn:6:9", "noise", true};
  Field plain =
      field("plain", "f32", {}, "x",
            {{"rescale", {named("scale", 0.5)}, ""}, twice, {"i32", {}, ""}, {"f32", {}, ""}});
  Field noisy =
      field("noisy", "f32", {}, "x", {twice, noise, {"rescale", {named("scale", 2.0)}, ""}});
  Field fitted = field("fitted", "f64", {}, "x", {twice, {"normalise", {}, ""}});
  Source source{"csv", "a.csv", "", {}, ""};
  Result<Table> table = load(source, {plain, noisy, fitted}, &functions);
  ASSERT_TRUE(table) << table.failure().str();
  EXPECT_EQ(row<float>(*table, "plain", 2999), std::vector<float>{2999});
  // Without `training` the evaluating entry is asked.
  EXPECT_EQ(row<float>(*table, "noisy", 10), std::vector<float>{2 * (20 + 10)});
  EXPECT_NEAR(row<double>(*table, "fitted", 0)[0], -std::sqrt(3.0), 1e-3);

  BatchOptions options{.batch = 1000, .training = true, .epochs = 2};
  BatchStream stream({table->find("noisy")}, *table->split("train"), options);
  for (int batch = 0; batch < 6; ++batch) {
    const Batch *given = stream.next();
    ASSERT_TRUE(given && given->status);
    auto *values = reinterpret_cast<const float *>(given->fields[0].bytes.data());
    for (size_t i = 0; i < 1000; ++i) {
      auto at = float(given->source[i]);
      EXPECT_EQ(values[i], 2 * (2 * at + at + 100 * float(batch / 3 + 1)));
    }
  }

  // Functions after ids, too.
  Field ids = field("ids", "i32", {}, "x", {{"category", {named("n", int64_t(4))}, ""}, twice});
  Result<Table> doubled = load(source, {ids}, &functions);
  ASSERT_TRUE(doubled) << doubled.failure().str();
  EXPECT_EQ(row<int32_t>(*doubled, "ids", 0), std::vector<int32_t>{2});
}

TEST_F(Sources, a_function_that_gives_no_number_names_the_row) {
  folder.write("a.csv", "x\n1\n2\n-3\n");
  Doubling functions;
  Field bad = field("x", "f32", {}, "x", {{"log", {}, "p.tn:6:1", "log", false}});
  Result<Table> table = load({"csv", "a.csv", "", {}, ""}, {bad}, &functions);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.failure().place, folder.path("a.csv") + ":4");
  EXPECT_EQ(table.failure().message, "`log` makes a number of `x` that is not finite");
  Field whole = field("x", "i32", {}, "x", {{"half", {}, "p.tn:6:1", "double", false}});
  whole.columnOptions = {named("missing", 0.25)};
  folder.write("a.csv", "x,y\n,1\n");
  Result<Table> quarter = load({"csv", "a.csv", "", {}, ""}, {whole}, &functions);
  ASSERT_FALSE(quarter);
  EXPECT_EQ(quarter.failure().message, "`x` becomes 0.5, which i32 can't hold");
}

} // namespace
