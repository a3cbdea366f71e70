// Folders of pictures and idx files, from the files to the numbers of a batch.
#include "runtime/core/abi.h"
#include "runtime/data/BatchStream.h"
#include "runtime/data/Idx.h"
#include "runtime/data/RawRows.h"
#include "runtime/data/Sources.h"
#include "runtime/data/Table.h"
#include "tests/runtime/PictureFiles.h"
#include "tests/runtime/Stages.h"
#include "tests/runtime/TestFolder.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace tenon;
using namespace tenon::data;

namespace {

using test::named;
using test::stage;

Stage resize(int64_t height, int64_t width) {
  return stage("resize", {named("height", height), named("width", width)});
}

Field pictures(std::string dtype, std::vector<Extent> dims, std::vector<int64_t> channels,
               std::vector<Stage> stages = {}) {
  // As the checker has it: without stages a picture is what the field is.
  std::vector<int64_t> extents{-1, -1};
  for (size_t i = 0; i < 2 && stages.empty(); ++i)
    extents[i] = dims[i].extent;
  extents.insert(extents.end(), channels.begin(), channels.end());
  return {"image", std::move(dtype),  std::move(dims), {"picture"},
          {},      std::move(stages), "p.tn:5:3",      std::move(extents)};
}

Field label() {
  return {"label", "f32", {{-1, "classes"}}, {"class"}, {}, {stage("one_hot")}, "p.tn:6:3"};
}

/// A grey picture of one value.
std::string flat(uint32_t height, uint32_t width, uint8_t value) {
  FileBytes file = png(height, width, PNG_COLOR_TYPE_GRAY, 8, FileBytes(height * width, value));
  return {file.begin(), file.end()};
}

class PictureSources : public testing::Test {
protected:
  void put(const std::string &name, const std::string &content) {
    std::filesystem::create_directories(std::filesystem::path(folder.path(name)).parent_path());
    folder.write(name, content);
  }
  Dataset dataset(std::vector<Field> fields, std::vector<Argument> options = {}) {
    return {"Data",
            {{"image_folder", "train", "train", std::move(options), "p.tn:4:8"}},
            {},
            std::move(fields),
            "p.tn:3:1"};
  }
  Result<Table> load(const Dataset &dataset) { return Table::load(dataset, {folder.path()}); }
  std::string clean(std::string text) const {
    for (size_t at; (at = text.find(folder.path() + "/")) != std::string::npos;)
      text.erase(at, folder.path().size() + 1);
    return text;
  }
  std::string failure(const Dataset &dataset) {
    Result<Table> table = load(dataset);
    return table ? "" : clean(table.failure().str());
  }
  /// What `check` finds.
  std::string found(const Dataset &dataset) {
    DataReport report = lookAtData(dataset, folder.path());
    if (report.findings.empty())
      return "";
    const Finding &first = report.findings[0];
    return clean(Failure{first.message, first.place, first.help}.str());
  }

  TestFolder folder;
};

std::vector<float> values(const Table &table, const std::vector<uint32_t> &rows) {
  const Column &column = *table.find("image");
  std::vector<float> result(rows.size() * column.rowBytes() / sizeof(float));
  Status status = column.copyRows(rows, Draws(), reinterpret_cast<uint8_t *>(result.data()));
  EXPECT_TRUE(status) << status.failure().str();
  return result;
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

TEST_F(PictureSources, a_row_for_each_picture_in_order) {
  put("train/cat/b.png", flat(2, 2, 20));
  put("train/cat/a.png", flat(2, 2, 10));
  put("train/ant/z.png", flat(2, 2, 30));
  put("train/.hidden/z.png", "nothing");
  put("train/ant/.DS_Store", "nothing");
  Result<Table> table = load(dataset(
      {pictures("f32", {{2, ""}, {2, ""}, {1, ""}}, {1}, {stage("rescale", {named("scale", 0.5)})}),
       label()}));
  ASSERT_TRUE(table) << table.failure().str();
  EXPECT_EQ(values(*table, {0, 1, 2}),
            (std::vector<float>{15, 15, 15, 15, 5, 5, 5, 5, 10, 10, 10, 10}));
  EXPECT_EQ(values(*table, {2}), (std::vector<float>{10, 10, 10, 10}));
  EXPECT_EQ(table->fitted().find("label")->words, (std::vector<std::string>{"ant", "cat"}));
  EXPECT_EQ(clean(table->place(2)), "train/cat/b.png");
  EXPECT_EQ(found(dataset({pictures("f32", {{2, ""}, {2, ""}}, {}), label()})), "");
}

TEST_F(PictureSources, the_field_says_how_they_are_read) {
  put("train/a/a.png", flat(1, 2, 9));
  put("train/b/b.png", flat(1, 2, 7));
  Result<Table> grey = load(dataset({pictures("f32", {{1, ""}, {2, ""}}, {})}));
  ASSERT_TRUE(grey) << grey.failure().str();
  EXPECT_EQ(values(*grey, {0, 1}), (std::vector<float>{9, 9, 7, 7}));
  Result<Table> colour = load(dataset({pictures("f32", {{1, ""}, {2, ""}, {3, ""}}, {3})}));
  ASSERT_TRUE(colour) << colour.failure().str();
  EXPECT_EQ(values(*colour, {1}), (std::vector<float>{7, 7, 7, 7, 7, 7}));
}

TEST_F(PictureSources, different_sizes_are_resized) {
  put("train/a/a.png", flat(3, 7, 9));
  put("train/b/b.png", flat(11, 2, 7));
  Dataset data = dataset({pictures("f32", {{2, ""}, {2, ""}, {1, ""}}, {1}, {resize(2, 2)})});
  Result<Table> table = load(data);
  ASSERT_TRUE(table) << table.failure().str();
  std::vector<float> made = values(*table, {0, 1});
  for (size_t i = 0; i < 8; ++i)
    EXPECT_NEAR(made[i], i < 4 ? 9 : 7, 1e-5);
  data.fields[0] = pictures("f32", {{2, ""}, {2, ""}, {1, ""}}, {1});
  EXPECT_EQ(failure(data), "train/a/a.png: the picture is 7×3, and `image` takes 2×2\n"
                           "help: bring all to one size: `|> resize(2, 2)`");
  EXPECT_EQ(found(data), failure(data));
  data.fields[0] = pictures("f32", {{-1, "height"}, {-1, "width"}, {1, ""}}, {1});
  EXPECT_EQ(failure(data), "train/b/b.png: the picture is 2×11, and `image` takes 7×3\n"
                           "help: bring all to one size: `|> resize(3, 7)`");
}

TEST_F(PictureSources, normalise_learns_of_all_pictures) {
  put("train/a/a.png", flat(1, 1, 1));
  put("train/a/b.png", flat(2, 2, 4));
  put("train/b/b.png", flat(1, 3, 7));
  Result<Table> table = load(dataset(
      {pictures("f32", {{1, ""}, {1, ""}, {1, ""}}, {1}, {resize(1, 1), stage("normalise")})}));
  ASSERT_TRUE(table) << table.failure().str();
  EXPECT_DOUBLE_EQ(table->fitted().find("image")->mean[0], 4);
  EXPECT_NEAR(table->fitted().find("image")->deviation[0], std::sqrt(6), 1e-12);
  std::vector<float> made = values(*table, {0, 1, 2});
  EXPECT_NEAR(made[0], -3 / std::sqrt(6), 1e-6);
  EXPECT_EQ(made[1], 0);
}

TEST_F(PictureSources, what_is_wrong_with_a_folder_is_said) {
  Dataset data = dataset({pictures("f32", {{1, ""}, {1, ""}}, {}), label()});
  EXPECT_EQ(failure(data), "p.tn:4:8: cannot read `train`: No such file or directory");
  std::filesystem::create_directories(folder.path("train"));
  EXPECT_EQ(failure(data), "p.tn:4:8: `train` has no folders\nhelp: each class is a folder of "
                           "that folder, each picture a file in it");
  put("train/a/a.png", flat(1, 1, 1));
  EXPECT_EQ(failure(data),
            "p.tn:4:8: `train` has one folder, `a`, so there is one class and nothing to tell "
            "apart\nhelp: each class is a folder of that folder, each picture a file in it");
  EXPECT_EQ(failure(dataset({data.fields[0]})), ""); // nobody asks for classes
  std::filesystem::create_directories(folder.path("train/b"));
  EXPECT_EQ(failure(data), "p.tn:4:8: the folder `train/b` has no pictures\n"
                           "help: put some into it, or remove it");
  put("train/b/b.png", flat(1, 1, 2));
  EXPECT_EQ(failure(data), "");
  data.sources.push_back({"image_folder", "test", "test", {}, "p.tn:5:8"});
  put("test/a/a.png", flat(1, 1, 1));
  EXPECT_EQ(failure(data),
            "p.tn:5:8: `test` has no folder `b`, a class of `train`\nhelp: put some of its "
            "pictures there, or take them from training by `split`");
  put("test/b/a.png", flat(1, 1, 1));
  put("test/c/a.png", flat(1, 1, 1));
  EXPECT_EQ(failure(data),
            "p.tn:5:8: `test` has a folder `c`, which is no class of `train`; it has `a` and `b`\n"
            "help: put some of its pictures there, or remove the folder");
  EXPECT_EQ("p.tn:5:8: " + found(data), failure(data));
}

TEST_F(PictureSources, broken_files_are_named_or_skipped_and_counted) {
  put("train/a/a.png", flat(1, 1, 1));
  put("train/b/b.png", flat(1, 1, 2));
  put("train/b/c.png", flat(1, 1, 3).substr(0, 50));
  Dataset data = dataset({pictures("f32", {{1, ""}, {1, ""}}, {}), label()});
  EXPECT_EQ(failure(data), "train/b/c.png: the picture is truncated\n"
                           "help: `skip = \"broken\"` leaves such files out");
  EXPECT_EQ(found(data), failure(data));
  put("train/b/d.txt", "no picture");
  FileBytes huge = pngOf({{"IHDR", header(65000, 65000, 8, 2)}, {"IDAT", {}}, {"IEND", {}}});
  put("train/b/e.png", {huge.begin(), huge.end()});
  // A good file around what can't be decoded, which only decoding finds.
  FileBytes empty = pngOf({{"IHDR", header(1, 1, 8, 0)}, {"IDAT", {}}, {"IEND", {}}});
  put("train/b/f.png", {empty.begin(), empty.end()});
  data.sources[0].options = {named("skip", std::string("broken"))};
  Result<Table> table = load(data);
  ASSERT_TRUE(table) << table.failure().str();
  EXPECT_EQ(table->rows(), 2u);
  ASSERT_EQ(table->remarks().size(), 1u);
  EXPECT_EQ(clean(table->remarks()[0]),
            "4 of 6 files in `train` are skipped, broken: train/b/c.png: the picture is truncated; "
            "train/b/d.txt: "
            "the file is no picture; train/b/e.png: the picture is 65000×65000, and one may "
            "have 67108864 pixels at most; and 1 more");
  std::filesystem::remove(folder.path("train/a/a.png"));
  std::filesystem::remove(folder.path("train/b/b.png"));
  put("train/a/a.png", "");
  EXPECT_EQ(failure(data).substr(0, 79),
            "p.tn:4:8: none of the 5 files in `train` is a picture that can be read: train/a");
}

TEST_F(PictureSources, a_file_that_breaks_later_is_named) {
  put("train/a/a.png", flat(1, 1, 1));
  put("train/b/b.png", flat(1, 1, 2));
  Result<Table> table = load(dataset({pictures("f32", {{1, ""}, {1, ""}}, {})}));
  ASSERT_TRUE(table);
  auto fails = [&] {
    float value = 0;
    uint32_t row = 1;
    Status status =
        table->find("image")->copyRows({&row, 1}, Draws(), reinterpret_cast<uint8_t *>(&value));
    return status ? "" : clean(status.failure().str());
  };
  EXPECT_EQ(fails(), "");
  put("train/b/b.png", "gone");
  EXPECT_EQ(fails(), "train/b/b.png: the file is no picture\nhelp: PNG and JPEG files are read");
  put("train/b/b.png", flat(2, 1, 2));
  EXPECT_EQ(fails(),
            "train/b/b.png: the picture has another size than when it was first looked at");
  std::filesystem::remove(folder.path("train/b/b.png"));
  EXPECT_EQ(fails(), "cannot read `train/b/b.png`: No such file or directory");
}

TEST_F(PictureSources, predict_takes_a_file_name) {
  put("some.png", flat(3, 5, 8));
  RawRows rows;
  ASSERT_TRUE(rows.addText("picture", folder.path("some.png")));
  Field field = pictures("f32", {{1, ""}, {2, ""}, {1, ""}}, {1}, {resize(1, 2)});
  Result<Column> column = encodeRows(field, {}, rows);
  ASSERT_TRUE(column) << column.failure().str();
  std::vector<float> made(2);
  uint32_t row = 0;
  ASSERT_TRUE(column->copyRows({&row, 1}, Draws(), reinterpret_cast<uint8_t *>(made.data())));
  EXPECT_EQ(made, (std::vector<float>{8, 8}));
  RawRows missing;
  ASSERT_TRUE(missing.addText("picture", folder.path("other.png")));
  Result<Column> none = encodeRows(field, {}, missing);
  ASSERT_FALSE(none);
  EXPECT_EQ(clean(none.failure().str()), "cannot read `other.png`: No such file or directory");
}

//===----------------------------------------------------------------------===//
// idx
//===----------------------------------------------------------------------===//

std::string idx(uint8_t type, const std::vector<uint32_t> &dims, const std::string &elements) {
  FileBytes head{0, 0, type, uint8_t(dims.size())};
  for (uint32_t extent : dims)
    putBigEndian(head, extent);
  return std::string(head.begin(), head.end()) + elements;
}

std::string gzipped(const std::string &content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string result(content.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(content.data()));
  stream.avail_in = uInt(content.size());
  stream.next_out = reinterpret_cast<Bytef *>(result.data());
  stream.avail_out = uInt(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

template <typename T> std::vector<T> elements(const std::string &file) {
  Result<Array> array = parseIdx(file, "x");
  EXPECT_TRUE(array) << array.failure().str();
  std::vector<T> values(array->bytes.size() / sizeof(T));
  memcpy(values.data(), array->bytes.data(), array->bytes.size());
  return values;
}

TEST(Idx, every_type) {
  EXPECT_EQ(elements<uint8_t>(idx(0x08, {2}, "\x01\xFF")), (std::vector<uint8_t>{1, 255}));
  EXPECT_EQ(elements<int8_t>(idx(0x09, {2}, "\x01\xFF")), (std::vector<int8_t>{1, -1}));
  EXPECT_EQ(elements<int32_t>(idx(0x0B, {2}, {"\x01\x02\xFF\xFE", 4})),
            (std::vector<int32_t>{258, -2}));
  EXPECT_EQ(elements<int32_t>(idx(0x0C, {1}, {"\x01\x02\x03\x04", 4})),
            std::vector<int32_t>{0x01020304});
  EXPECT_EQ(elements<float>(idx(0x0D, {1}, {"\x3F\xC0\x00\x00", 4})), std::vector<float>{1.5});
  EXPECT_EQ(elements<double>(idx(0x0E, {1, 1}, {"\xBF\xF8\0\0\0\0\0\0", 8})),
            std::vector<double>{-1.5});
  EXPECT_EQ(elements<uint8_t>(gzipped(idx(0x08, {2}, "\x01\xFF"))), (std::vector<uint8_t>{1, 255}));
}

TEST(Idx, what_is_wrong_is_said) {
  auto failure = [](const std::string &file) {
    Result<Array> array = parseIdx(file, "x.gz");
    return array ? "" : array.failure().message;
  };
  std::string file = idx(0x08, {2, 3}, "abcdef"), packed = gzipped(file);
  EXPECT_EQ(failure(file), "");
  EXPECT_EQ(failure(""), "the file is not idx: it doesn't begin with two zeros and a type");
  EXPECT_EQ(failure(idx(0x0A, {1}, "a")),
            "the file is not idx: it doesn't begin with two zeros and a type");
  EXPECT_EQ(failure(file.substr(0, 9)), "the idx file is truncated");
  EXPECT_EQ(failure(file.substr(0, 15)), "the idx file is truncated: its header promises more than "
                                         "its 3 bytes of elements");
  EXPECT_EQ(failure(idx(0x08, {4000000000u, 4000000000u, 4000000000u}, "abc")),
            "the idx file is truncated: its header promises more than its 3 bytes of elements");
  EXPECT_EQ(failure(file + "g"), "the idx file has 7 bytes of elements, and its header 6");
  EXPECT_EQ(failure(idx(0x08, std::vector<uint32_t>(13, 1), "a")),
            "the idx file has an array of rank 13");
  for (size_t size = 2; size < packed.size(); ++size)
    EXPECT_EQ(failure(packed.substr(0, size)), "the gzip file is damaged or truncated") << size;
  packed[packed.size() - 6] ^= 1; // its checksum
  EXPECT_EQ(failure(packed), "the gzip file is damaged or truncated");
}

TEST_F(PictureSources, idx_files_are_columns) {
  put("images.gz", gzipped(idx(0x08, {2, 1, 2}, "\x01\x02\x03\x04")));
  put("labels", idx(0x08, {2}, "\x07\x05"));
  Dataset data{
      "Data",
      {{"idx",
        "",
        "train",
        {named("image", std::string("images.gz")), named("label", std::string("labels"))},
        "p.tn:4:8"}},
      {},
      {{"image",
        "f32",
        {{1, ""}, {2, ""}, {1, ""}},
        {"image"},
        {},
        {stage("rescale", {named("scale", 2.0)}),
         stage("reshape", {named("", int64_t(1)), named("", int64_t(2)), named("", int64_t(1))})},
        "p.tn:5:3"},
       {"label", "f32", {{-1, "classes"}}, {"label"}, {}, {stage("one_hot")}, "p.tn:6:3"}},
      "p.tn:3:1"};
  Result<Table> table = load(data);
  ASSERT_TRUE(table) << table.failure().str();
  EXPECT_EQ(values(*table, {1, 0}), (std::vector<float>{6, 8, 2, 4}));
  EXPECT_EQ(table->extents(), (Extents{{"classes", 2}}));
  data.fields[0].stages.pop_back();
  EXPECT_EQ(found(data), "`image` is declared with rank 3, but its stages give rank 2");
  put("labels", idx(0x08, {3}, "\x07\x05\x01"));
  EXPECT_EQ(failure(data), "labels: `image` has 2 rows, and `label` 3");
}

} // namespace
