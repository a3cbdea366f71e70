//===- CacheTest.cpp - What the disk cache answers and refuses ------------===//
#include "codegen/jit/Cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace tenon;
namespace fs = std::filesystem;

namespace {

class CacheTest : public testing::Test {
protected:
  CacheTest() {
    std::string pattern = fs::temp_directory_path() / "tenon-cache-XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  ~CacheTest() override { fs::remove_all(folder); }

  fs::path onlyFile() const {
    fs::path found;
    for (auto &item : fs::directory_iterator(folder)) {
      EXPECT_TRUE(found.empty()) << "more than one file";
      found = item.path();
    }
    return found;
  }
  static std::string read(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write(const fs::path &path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), bytes.size());
  }

  std::string folder;
};

TEST_F(CacheTest, finds_what_was_stored) {
  DiskCache cache(folder);
  EXPECT_FALSE(cache.find("key"));
  std::string value("bytes\0with zero", 15);
  cache.store("key", value);
  cache.store("empty", "");
  EXPECT_EQ(cache.find("key"), value);
  EXPECT_EQ(cache.find("empty"), "");
  EXPECT_FALSE(cache.find("other"));
  EXPECT_EQ(DiskCache(folder).find("key"), value);
  cache.store("key", "newer");
  EXPECT_EQ(cache.find("key"), "newer");
}

TEST_F(CacheTest, without_a_folder_nothing_is_kept) {
  DiskCache cache("");
  cache.store("key", "value");
  EXPECT_FALSE(cache.find("key"));
}

TEST_F(CacheTest, a_truncated_entry_is_a_miss) {
  DiskCache cache(folder);
  cache.store("key", "some value");
  fs::path file = onlyFile();
  std::string whole = read(file);
  for (size_t size = 0; size < whole.size(); ++size) {
    write(file, whole.substr(0, size));
    EXPECT_FALSE(cache.find("key")) << size << " bytes";
  }
  write(file, whole + '\0');
  EXPECT_FALSE(cache.find("key"));
  cache.store("key", "rebuilt");
  EXPECT_EQ(cache.find("key"), "rebuilt");
}

TEST_F(CacheTest, a_flipped_bit_is_a_miss) {
  DiskCache cache(folder);
  cache.store("key", "some value");
  fs::path file = onlyFile();
  std::string whole = read(file);
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string changed = whole;
    changed[bit / 8] ^= 1 << bit % 8;
    write(file, changed);
    EXPECT_FALSE(cache.find("key")) << "bit " << bit;
  }
  write(file, whole);
  EXPECT_EQ(cache.find("key"), "some value");
}

TEST_F(CacheTest, another_keys_entry_is_a_miss) {
  DiskCache cache(folder);
  cache.store("first", "value of the first");
  fs::path first = onlyFile();
  cache.store("second", "value of the second");
  fs::path second;
  for (auto &item : fs::directory_iterator(folder))
    if (item.path() != first)
      second = item.path();
  fs::copy_file(first, second, fs::copy_options::overwrite_existing);
  EXPECT_FALSE(cache.find("second"));
}

TEST_F(CacheTest, an_entry_that_others_may_write_is_a_miss) {
  DiskCache cache(folder);
  cache.store("key", "value");
  ASSERT_EQ(::chmod(onlyFile().c_str(), 0666), 0);
  EXPECT_FALSE(cache.find("key"));
}

TEST_F(CacheTest, a_link_is_a_miss) {
  DiskCache cache(folder);
  cache.store("key", "value");
  fs::path file = onlyFile(), elsewhere = folder + "-elsewhere";
  fs::rename(file, elsewhere);
  fs::create_symlink(elsewhere, file);
  EXPECT_FALSE(cache.find("key"));
  fs::remove(elsewhere);
}

TEST_F(CacheTest, another_owners_entry_or_folder_is_not_used) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can give files away";
  DiskCache cache(folder);
  cache.store("key", "value");
  ASSERT_EQ(::chown(onlyFile().c_str(), 1, 1), 0);
  EXPECT_FALSE(cache.find("key"));
  ASSERT_EQ(::chown(folder.c_str(), 1, 1), 0);
  DiskCache foreign(folder);
  foreign.store("other", "value");
  EXPECT_FALSE(foreign.find("other"));
}

TEST_F(CacheTest, a_folder_that_others_may_write_is_closed_to_them) {
  ASSERT_EQ(::chmod(folder.c_str(), 0777), 0);
  DiskCache cache(folder);
  struct stat info;
  ASSERT_EQ(::stat(folder.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 077, 0u);
}

TEST_F(CacheTest, the_least_recently_used_entries_go) {
  constexpr uint64_t limit = 64 << 10;
  DiskCache cache(folder, limit);
  std::string value(4 << 10, 'v');
  auto bytes = [&] {
    uint64_t total = 0;
    for (auto &item : fs::directory_iterator(folder))
      total += item.file_size();
    return total;
  };
  cache.store("kept", value);
  for (int i = 0; i < 60; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5)); // the clock of files is coarse
    EXPECT_TRUE(cache.find("kept")) << i;
    cache.store("entry " + std::to_string(i), value);
    EXPECT_LE(bytes(), limit);
  }
  EXPECT_FALSE(cache.find("entry 0"));
  EXPECT_TRUE(cache.find("entry 59"));
}

TEST_F(CacheTest, readers_see_whole_entries_while_others_write) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    DiskCache cache(folder);
    for (int i = 0; !stop; ++i)
      cache.store("key", std::string(1 + i % 5000, char('a' + i % 26)));
  });
  DiskCache cache(folder);
  for (int found = 0; found < 200;)
    if (auto value = cache.find("key")) {
      ++found;
      ASSERT_EQ(value->find_first_not_of(value->front()), std::string::npos);
    }
  stop = true;
  writer.join();
}

TEST(BuildId, names_this_program) {
  EXPECT_GT(buildId().size(), 32u);
  EXPECT_EQ(buildId(), buildId());
  EXPECT_NE(buildId().substr(0, 32), hashText(""));
}

} // namespace
