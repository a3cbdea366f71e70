#include "tests/docs/Examples.h"

#include "frontend/check/Check.h"
#include "runtime/data/Sources.h"

#include <fstream>
#include <set>
#include <sstream>

namespace tenon::test {

namespace fs = std::filesystem;

namespace {

std::map<std::string, std::string> wordsOf(const std::string &line) {
  std::map<std::string, std::string> words;
  std::istringstream stream(line);
  for (std::string word; stream >> word;) {
    size_t equals = word.find('=');
    words[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
  }
  return words;
}

void replaceAll(std::string &text, const std::string &from, const std::string &to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::string repeated(const std::string &text, int times) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    bool numbered = line.find("{n") != std::string::npos;
    for (int n = 0; n < (numbered ? times : 1); ++n) {
      std::string each = line;
      replaceAll(each, "{n+1}", std::to_string(n + 1));
      replaceAll(each, "{n}", std::to_string(n));
      out += each + "\n";
    }
  }
  return out;
}

/// `\xE9` becomes the byte.
std::string withBytes(const std::string &text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\\x") != 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
    i += 3;
  }
  return out;
}

std::string completed(const Example &example, const std::string &frame) {
  std::string program = example.text;
  if (!frame.empty()) {
    size_t place = frame.find("...\n");
    program = frame.substr(0, place) + program + frame.substr(place + 4);
  }
  if (example.has("times"))
    program = repeated(program, std::stoi(example.word("times")));
  return example.has("bytes") ? withBytes(program) : program;
}

} // namespace

std::string Example::word(const std::string &name) const {
  auto found = words.find(name);
  return found == words.end() ? "" : found->second;
}

std::vector<Example> examplesOf(const fs::path &page, const std::string &name) {
  std::vector<Example> result;
  std::ifstream file(page);
  std::string frame;
  size_t number = 0;
  auto next = [&](std::string &line) {
    ++number;
    return static_cast<bool>(std::getline(file, line));
  };
  for (std::string line; next(line);) {
    if (line == "<!-- tenon") {
      frame.clear();
      while (next(line) && line != "-->")
        frame += line + "\n";
    } else if (line.starts_with("```") && line != "```") {
      Example example;
      example.place = name + ":" + std::to_string(number);
      example.words = wordsOf(line.substr(3));
      example.fragment = !frame.empty();
      while (next(line) && line != "```")
        example.text += line + "\n";
      if (example.has("tenon")) {
        example.program = completed(example, frame);
        if (example.has("continued") && !result.empty())
          example.program = result.back().program + "\n" + example.program;
        result.push_back(example);
      }
      frame.clear();
    }
  }
  return result;
}

std::vector<std::string> codesOf(const Example &example, std::string &shown) {
  using namespace check;
  SourceManager sources;
  DiagnosticEngine engine;
  Modules modules(sources, engine);
  CheckOptions options;
  options.real = example.word("float") == "f64" ? DType::F64 : DType::F32;
  // A file of its own, so that it can be imported.
  fs::path folder = fs::temp_directory_path() / ("tenon-docs-" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::string name = example.has("file") ? example.word("file") : "program.tn";
  std::ofstream(folder / name, std::ios::binary) << example.program;
  if (example.has("data")) {
    const char *root = getenv("TENON_SOURCE_DIR");
    fs::copy(fs::path(root ? root : ".") / "tests/error/data", folder / "data",
             fs::copy_options::recursive);
    options.lookAtData = [&](const data::Dataset &dataset) {
      return data::lookAtData(dataset, folder.string());
    };
  }
  if (Module *module = modules.load((folder / name).string())) {
    if (example.has("run"))
      elaborateFunction(modules, *module, example.word("run"), {}, engine, options);
    else
      checkFile(modules, *module, engine, options);
  }
  fs::remove_all(folder);
  shown = renderAll(sources, engine);
  std::set<std::string> codes;
  for (const Diagnostic &diagnostic : engine.sorted())
    if (diagnostic.severity == Severity::Error)
      codes.insert(std::string(codeText(diagnostic.code)));
  return {codes.begin(), codes.end()};
}

std::vector<std::string> promisedCodes(const Example &example) {
  std::set<std::string> codes;
  for (const char *word : {"error", "with"})
    if (example.has(word))
      codes.insert(example.word(word));
  return {codes.begin(), codes.end()};
}

} // namespace tenon::test
