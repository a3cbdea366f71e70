#include "runtime/data/Npy.h"
#include "runtime/core/abi.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace tenon;
using namespace tenon::data;

namespace {

std::string scratch(const char *name) {
  auto folder = std::filesystem::temp_directory_path() / ("tenon-npy-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  return (folder / name).string();
}

void put(const std::string &path, const std::string &dictionary, const std::string &data) {
  std::string header = dictionary + "\n";
  std::ofstream file(path, std::ios::binary);
  file << std::string("\x93NUMPY\x01\x00", 8) << char(header.size() & 255)
       << char(header.size() >> 8) << header << data;
}

TEST(Npy, everyTypeAndRankComesBack) {
  for (int32_t dtype :
       {TENON_BOOL, TENON_I8, TENON_U8, TENON_I32, TENON_I64, TENON_F16, TENON_F32, TENON_F64})
    for (const std::vector<int64_t> &dims :
         std::vector<std::vector<int64_t>>{{}, {0}, {1}, {7}, {2, 3}, {2, 0, 3}, {1, 2, 3, 4}}) {
      Array array{dtype, dims, {}};
      array.bytes.resize(size_t(array.size() * tenon_dtype_bytes(dtype)));
      for (size_t i = 0; i < array.bytes.size(); ++i)
        array.bytes[i] = uint8_t(dtype == TENON_BOOL ? i % 2 : i);
      std::string path = scratch("round.npy");
      ASSERT_TRUE(writeNpy(path, dtype, dims, array.bytes.data()));
      auto back = readNpy(path);
      ASSERT_TRUE(back) << back.failure().str();
      EXPECT_EQ(back->dtype, dtype);
      EXPECT_EQ(back->dims, dims);
      EXPECT_EQ(back->bytes, array.bytes);
    }
}

TEST(Npy, columnMajorIsPutInOrder) {
  std::string path = scratch("fortran.npy");
  put(path, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }",
      std::string("\0\3\1\4\2\5", 6));
  auto array = readNpy(path);
  ASSERT_TRUE(array) << array.failure().str();
  EXPECT_EQ(array->bytes, (std::vector<uint8_t>{0, 1, 2, 3, 4, 5}));
}

TEST(Npy, whatIsWrongIsSaid) {
  std::string path = scratch("wrong.npy");
  auto message = [&](const std::string &dictionary, const std::string &data) {
    put(path, dictionary, data);
    auto array = readNpy(path);
    return array ? std::string() : array.failure().message;
  };
  EXPECT_NE(
      message("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "abcd").find(">f4"),
      std::string::npos);
  EXPECT_NE(message("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "abcd")
                .find("2 elements and it has 4 bytes"),
            std::string::npos);
  EXPECT_NE(message("{'descr': '<f4', 'fortran_order': False, 'shape': "
                    "(4611686018427387904, 4611686018427387904), }",
                    "abcd")
                .find("too large"),
            std::string::npos);
  EXPECT_NE(message("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd")
                .find("one simple type"),
            std::string::npos);
  EXPECT_NE(readNpy(scratch("absent.npy")).failure().message.find("No such file"),
            std::string::npos);
}

TEST(Npy, everyCutOffFileIsRefused) {
  std::string path = scratch("cut.npy");
  float values[] = {1, 2, 3};
  ASSERT_TRUE(writeNpy(path, TENON_F32, {3}, values));
  auto size = std::filesystem::file_size(path);
  while (size-- > 0) {
    std::filesystem::resize_file(path, size);
    EXPECT_FALSE(readNpy(path)) << size;
  }
}

} // namespace
