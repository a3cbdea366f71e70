/// A folder of one test, removed with it; in memory where the system has such a place, since what
/// is tested flushes its files to the disk.
#pragma once

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <unistd.h>

class TestFolder {
public:
  TestFolder() {
    std::string parent = access("/dev/shm", W_OK) == 0
                             ? "/dev/shm"
                             : std::filesystem::temp_directory_path().string();
    std::string pattern = parent + "/tenon-test-XXXXXX";
    folder = mkdtemp(pattern.data()) ? pattern : "";
    EXPECT_FALSE(folder.empty());
  }
  TestFolder(const TestFolder &) = delete;
  TestFolder &operator=(const TestFolder &) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }

  const std::string &path() const { return folder; }
  std::string path(const std::string &name) const { return folder + "/" + name; }
  /// Writes a file and answers its path.
  std::string write(const std::string &name, const std::string &content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

private:
  std::string folder;
};

inline std::string readWhole(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}
