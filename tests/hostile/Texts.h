//===- Texts.h - How hostile programs are put together ----------*- C++ -*-===//
#pragma once

#include "tests/hostile/Programs.h"

namespace tenon::test {

inline constexpr size_t thousand = 1'000, million = 1'000'000;

inline std::string repeated(const std::string &text, size_t count) {
  std::string result;
  result.reserve(text.size() * count);
  for (size_t i = 0; i < count; ++i)
    result += text;
  return result;
}

/// `pattern` for each number from 0, with `#` replaced by it and `@` by the one before.
inline std::string numbered(const std::string &pattern, size_t count, size_t from = 0) {
  std::string result;
  for (size_t i = from; i < from + count; ++i)
    for (char c : pattern)
      if (c == '#')
        result += std::to_string(i);
      else if (c == '@')
        result += std::to_string(i - 1);
      else
        result += c;
  return result;
}

inline HostileProgram program(std::string name, std::function<std::string()> text) {
  return {std::move(name), [text = std::move(text)] { return Files{{"main.tn", text()}}; }};
}
/// An expression in a function of a scalar, a vector and a whole number.
inline HostileProgram expression(std::string name, std::function<std::string()> text) {
  return program(std::move(name), [text = std::move(text)] {
    return "fn id(x: f32) -> f32 = x\nfn f(x: f32, v: f32[n], k: int) = " + text() + "\n";
  });
}
/// The same with statements before the value.
inline HostileProgram block(std::string name, std::function<std::string()> text) {
  return program(std::move(name), [text = std::move(text)] {
    return "fn id(x: f32) -> f32 = x\nfn f(x: f32, v: f32[n], k: int) -> f32 {\n" + text() +
           "\n  x\n}\n";
  });
}

std::vector<HostileProgram> tokenPrograms();
std::vector<HostileProgram> nestedPrograms();
std::vector<HostileProgram> doublingPrograms();
std::vector<HostileProgram> loopPrograms();
std::vector<HostileProgram> dimensionPrograms();
std::vector<HostileProgram> countedPrograms();
std::vector<HostileProgram> mistakenPrograms();
std::vector<HostileProgram> importPrograms();

} // namespace tenon::test
