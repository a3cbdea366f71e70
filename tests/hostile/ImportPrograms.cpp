// Files that import each other.
#include "tests/hostile/Texts.h"

namespace tenon::test {

namespace {

HostileProgram files(std::string name, std::function<Files()> make) {
  return {std::move(name), std::move(make)};
}

/// main imports m0, which imports m1, and so on; the last one imports `last`.
Files chain(size_t count, const std::string &last) {
  Files result{{"main.tn", "import m0\n"}};
  for (size_t i = 0; i < count; ++i)
    result["m" + std::to_string(i) + ".tn"] =
        i + 1 < count ? "import m" + std::to_string(i + 1) + "\n" : last;
  return result;
}

} // namespace

std::vector<HostileProgram> importPrograms() {
  std::vector<HostileProgram> all;
  all.push_back(files("import_of_itself", [] { return Files{{"main.tn", "import main\n"}}; }));
  all.push_back(files("imports_in_a_circle", [] { return chain(2, "import m0\n"); }));
  all.push_back(files("imports_in_a_long_circle", [] { return chain(3'000, "import m0\n"); }));
  all.push_back(files("imports_in_a_circle_of_200", [] { return chain(200, "import m0\n"); }));
  all.push_back(files("imports_in_a_long_chain", [] { return chain(10'000, "let a = 1\n"); }));
  all.push_back(files("imports_in_a_short_chain", [] { return chain(50, "let a = 1\n"); }));
  all.push_back(files("imports_of_many_files", [] {
    Files result{{"main.tn", numbered("import m#\n", 3'000)}};
    for (size_t i = 0; i < 3'000; ++i)
      result["m" + std::to_string(i) + ".tn"] = "let a = 1\n";
    return result;
  }));
  all.push_back(files("imports_of_each_other_below", [] {
    // Each imports all those after it: 2^40 paths through 40 files.
    Files result{{"main.tn", "import m0\n"}};
    for (size_t i = 0; i < 40; ++i)
      result["m" + std::to_string(i) + ".tn"] =
          numbered("import m#\n", 39 - i, i + 1) + "let a = 1\n";
    return result;
  }));
  all.push_back(files("imports_of_each_other", [] {
    Files result{{"main.tn", "import m0\n"}};
    for (size_t i = 0; i < 100; ++i)
      result["m" + std::to_string(i) + ".tn"] = numbered("import m#\n", 100);
    return result;
  }));
  all.push_back(files("import_of_a_large_file", [] {
    return Files{{"main.tn", "import m0\n"}, {"m0.tn", std::string(10 * million, ')')}};
  }));
  all.push_back(files("imports_of_large_files", [] {
    Files result{{"main.tn", numbered("import m#\n", 30)}};
    for (size_t i = 0; i < 30; ++i)
      result["m" + std::to_string(i) + ".tn"] = numbered("let a# = 1\n", 60'000);
    return result;
  }));
  all.push_back(files("import_of_one_file_many_times", [] {
    return Files{{"main.tn", "import " + repeated("m0, ", 200'000) + "m0\n"},
                 {"m0.tn", "let a = 1\n"}};
  }));
  all.push_back(files("imports_of_nothing", [] {
    return Files{{"main.tn", "import " + repeated("q, ", 300'000) + "q\n"}};
  }));
  all.push_back(files("import_with_a_long_path", [] {
    return Files{{"main.tn", "import a" + repeated(".a", 400'000) + "\n"}};
  }));
  all.push_back(files("import_with_a_long_name", [] {
    return Files{{"main.tn", "import " + std::string(900'000, 'a') + "\n"}};
  }));
  all.push_back(files("import_of_a_folder",
                      [] { return Files{{"main.tn", "import m\n"}, {"m.tn/a.tn", ""}}; }));
  all.push_back(files("constants_across_a_circle", [] {
    return Files{{"main.tn", "import m\nlet a = m.a\n"}, {"m.tn", "import main\nlet a = main.a\n"}};
  }));
  return all;
}

} // namespace tenon::test
