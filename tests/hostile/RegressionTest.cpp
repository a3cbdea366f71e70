// What fuzzing has found, and the programs of the repository, through all of the frontend.
#include "tests/hostile/CheckBytes.h"
#include "tests/syntax/Parsing.h"

#include <gtest/gtest.h>

using namespace tenon::test;

namespace {

TEST(Fuzzing, WhatWasFoundStaysMended) {
  size_t count = 0;
  for (const auto &path : filesIn(sourceDir() / "tests/hostile/found", ".tn")) {
    SCOPED_TRACE(path.string());
    checkBytes(readFile(path));
    ++count;
  }
  EXPECT_GT(count, 0u);
}

TEST(Fuzzing, ProgramsOfTheRepositoryAreASeed) {
  for (const char *folder : {"frontend/std", "examples", "tests/check/programs", "tests/error"})
    for (const auto &path : filesIn(sourceDir() / folder, ".tn"))
      checkBytes(readFile(path));
}

} // namespace
