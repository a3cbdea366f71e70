#include "runtime/core/Safetensors.h"

#include "runtime/core/Philox.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace tenon {
namespace {

class Safetensors : public testing::Test {
protected:
  void SetUp() override {
    char pattern[] = "/tmp/tenon-safetensors-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    folder = pattern;
    path = folder + "/w.safetensors";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string bytes() {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void writeRaw(const std::string &content) { std::ofstream(path, std::ios::binary) << content; }
  /// A file of this header and so many bytes of data.
  void writeHeader(const std::string &header, size_t data) {
    std::string content;
    for (int i = 0; i < 8; ++i)
      content += char(header.size() >> (8 * i));
    writeRaw(content + header + std::string(data, 'x'));
  }
  std::string problem() {
    SafetensorsFile file;
    error.clear();
    tenon_status status = file.open(path, error);
    EXPECT_EQ(status, error.empty() ? TENON_OK : TENON_CORRUPT) << error;
    size_t colon = error.find(": ");
    return colon == std::string::npos ? error : error.substr(colon + 2);
  }
  tenon_status write(std::map<std::string, std::string> metadata, bool reversed = false) {
    std::vector<SafetensorsTensor> tensors = {{"lstm.kernel", TENON_F32, {2, 3}, floats},
                                              {"a.mask", TENON_BOOL, {3}, bools},
                                              {"b.count", TENON_I64, {}, &count},
                                              {"empty", TENON_F32, {0, 7}, nullptr}};
    if (reversed)
      std::reverse(tensors.begin(), tensors.end());
    return writeSafetensors(path, tensors, metadata, error);
  }

  std::string folder, path, error;
  float floats[6] = {1, 2, 3, 4, 5, 6};
  uint8_t bools[3] = {1, 0, 1};
  int64_t count = 77;
};

TEST_F(Safetensors, round_trip) {
  std::map<std::string, std::string> metadata = {{"seed", "7"}, {"text", "\"ü\"\n\\\x01 𝄞"}};
  ASSERT_EQ(write(metadata), TENON_OK) << error;
  SafetensorsFile file;
  ASSERT_EQ(file.open(path, error), TENON_OK) << error;
  EXPECT_EQ(file.metadata(), metadata);
  ASSERT_EQ(file.entries().size(), 4u);
  const SafetensorsEntry *kernel = file.find("lstm.kernel");
  ASSERT_NE(kernel, nullptr);
  EXPECT_EQ(kernel->dtype, TENON_F32);
  EXPECT_EQ(kernel->dims, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(kernel->offset % 4, 0u);
  float read[6] = {0};
  ASSERT_EQ(file.read(*kernel, read, error), TENON_OK);
  EXPECT_EQ(read[5], 6);
  EXPECT_EQ(file.find("empty")->bytes, 0u);
  EXPECT_EQ(file.find("nothing"), nullptr);
}

TEST_F(Safetensors, bytes_depend_on_the_content_alone) {
  ASSERT_EQ(write({{"b", "2"}, {"a", "1"}}), TENON_OK);
  std::string first = bytes();
  ASSERT_EQ(write({{"a", "1"}, {"b", "2"}}, true), TENON_OK);
  EXPECT_EQ(bytes(), first);
  EXPECT_EQ(first.substr(8, 43), "{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\"},\"b.count\"");
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST_F(Safetensors, a_failed_write_leaves_the_old_file) {
  ASSERT_EQ(write({}), TENON_OK);
  std::string before = bytes();
  // A limit on the file size stands in for a full disk: both end a write half way.
  struct rlimit limit{}, old{};
  getrlimit(RLIMIT_FSIZE, &old);
  limit = old;
  limit.rlim_cur = 100;
  auto handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &limit);
  tenon_status status = write({{"long", std::string(1000, 'x')}});
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(status, TENON_IO_ERROR);
  EXPECT_EQ(error, "cannot write `" + path + "`: File too large");
  EXPECT_EQ(bytes(), before);
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
  path = folder + "/no/such/folder";
  EXPECT_EQ(write({}), TENON_IO_ERROR);
}

TEST_F(Safetensors, a_missing_file_and_a_folder) {
  SafetensorsFile file;
  EXPECT_EQ(file.open(path, error), TENON_IO_ERROR);
  EXPECT_EQ(error, "cannot read `" + path + "`: No such file or directory");
  EXPECT_EQ(file.open(folder, error), TENON_IO_ERROR);
}

TEST_F(Safetensors, hostile_headers) {
  auto one = [](const std::string &dtype, const std::string &shape, const std::string &offsets) {
    return "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
           ",\"data_offsets\":" + offsets + "}}";
  };
  writeHeader(one("F32", "[2]", "[0,8]"), 8);
  EXPECT_EQ(problem(), "");
  struct Case {
    std::string header;
    size_t data;
    std::string problem;
  } cases[] = {
      {one("F32", "[2]", "[0,8]"), 7, "`a` lies outside the file; it is truncated or damaged"},
      {one("F32", "[2]", "[0,8]"), 9, "it has 1 bytes too many at its end"},
      {one("F32", "[2]", "[0,4]"), 8, "`a` has 4 bytes where its shape needs 8"},
      {one("F32", "[2]", "[4,12]"), 12, "`a` leaves a gap before it"},
      {one("F32", "[2]", "[8,0]"), 8, "`a` lies outside the file; it is truncated or damaged"},
      {one("F31", "[2]", "[0,8]"), 8, "`a` is of the unknown type `F31`"},
      {one("F32", "[4294967296,4294967296]", "[0,0]"), 0,
       "`a` has a shape that no tensor can have"},
      {one("F64", "[4611686018427387904]", "[0,0]"), 0, "`a` has a shape that no tensor can have"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8,
       "`a` lacks its dtype, shape or data_offsets"},
      {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1,
       "`a` has an unknown or second `dtype` in its header"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},"
       "\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[1,2]}}",
       2, "`a` comes twice"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
       "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
       3, "`b` overlaps another tensor"},
      {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "its metadata has `k` twice"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "its header has `__metadata__` twice"}};
  for (const Case &c : cases) {
    writeHeader(c.header, c.data);
    EXPECT_EQ(problem(), c.problem) << c.header;
  }
  for (std::string header :
       {"", "[]", "{", "{}x", "{\"a\"}", "{\"a\":1}", "{\"a\":{", "nul", "{\"\\ud800\":{}}",
        "{\"a\":{\"shape\":[-1]}}", "{\"a\":{\"shape\":[01]}}", "{\"a\":{\"shape\":[1.5]}}",
        "{\"a\":{\"shape\":[99999999999999999999]}}", "{\"a\":{\"shape\":[1,]}}", "{\"\xff\":{}}",
        "{\"__metadata__\":{\"k\":1}}", "{\"__metadata__\":{\"k\":{\"k\":{}}}}",
        "{\"a\":{\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1,1]}}"}) {
    writeHeader(header, 0);
    EXPECT_NE(problem().find("its header isn't the JSON that the format prescribes"),
              std::string::npos)
        << header;
  }
}

TEST_F(Safetensors, lengths_that_lie) {
  writeRaw("1234567");
  EXPECT_EQ(problem(), "it is only 7 bytes long");
  writeRaw(std::string("\x03\0\0\0\0\0\0\0{}", 10));
  EXPECT_EQ(problem(), "its header is longer than the file; it is truncated or damaged");
  writeRaw(std::string(16, '\xff'));
  EXPECT_EQ(problem(), "its header would be longer than 100 MB");
}

TEST_F(Safetensors, damage_anywhere_is_refused_or_harmless) {
  ASSERT_EQ(write({{"seed", "7"}}), TENON_OK);
  std::string good = bytes();
  for (size_t length = 0; length < good.size(); ++length) {
    writeRaw(good.substr(0, length));
    EXPECT_NE(problem(), "") << length;
  }
  std::vector<SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;
  uint64_t header = good.size() - 8 - 35;
  for (uint64_t draw = 0; draw < 20000; ++draw) {
    PhiloxBlock words = drawBits(1, 0, 0, 0, draw);
    std::string damaged = good.substr(8, header);
    damaged[words[0] % damaged.size()] = char(words[1]);
    damaged[words[2] % damaged.size()] ^= char(1u << (words[3] % 8));
    entries.clear();
    metadata.clear();
    if (parseSafetensorsHeader(damaged.data(), header, 35, entries, metadata).empty()) {
      for (const SafetensorsEntry &entry : entries)
        EXPECT_LE(entry.offset + entry.bytes, good.size());
    }
  }
}

} // namespace
} // namespace tenon
