#include "runtime/train/Curves.h"
#include "runtime/train/Progress.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <regex>
#include <utility>
#include <vector>

using namespace tenon::train;

namespace {

/// The elements' names in order, or "" where the text isn't well-formed XML of elements, attributes
/// and texts.
std::string elements(const std::string &svg) {
  std::vector<std::string> open;
  std::string names;
  size_t at = 0;
  bool root = false;
  while (at < svg.size()) {
    if (svg[at] == '&') {
      size_t end = svg.find(';', at);
      std::string entity = svg.substr(at, end - at);
      if (entity != "&amp" && entity != "&lt" && entity != "&gt" && entity != "&quot")
        return "";
    }
    if (svg[at] != '<') {
      ++at;
      continue;
    }
    size_t end = at + 1;
    bool quoted = false;
    for (; end < svg.size() && (quoted || svg[end] != '>'); ++end) {
      quoted ^= svg[end] == '"';
      if (svg[end] == '<')
        return "";
    }
    if (end == svg.size() || quoted)
      return "";
    std::string tag = svg.substr(at + 1, end - at - 1);
    at = end + 1;
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1))
        return "";
      open.pop_back();
      continue;
    }
    if (open.empty() && std::exchange(root, true))
      return "";
    std::string name = tag.substr(0, tag.find_first_of(" /"));
    names += name + " ";
    if (tag.back() != '/')
      open.push_back(name);
  }
  return open.empty() ? names : "";
}

size_t count(const std::string &text, const std::string &part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

TEST(Curves, ticks_are_round_and_cover) {
  EXPECT_EQ(niceTicks(0, 10, 6), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(niceTicks(-1, 1, 5), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
  for (double low : {-1e9, -3.7, 0.0, 1e-9, 0.123, 5e12})
    for (double span : {0.0, 1e-12, 0.017, 1.0, 999.0, 1e15}) {
      std::vector<double> ticks = niceTicks(low, low + span, 6);
      ASSERT_GE(ticks.size(), 2u);
      ASSERT_LE(ticks.size(), 14u);
      double step = ticks[1] - ticks[0];
      EXPECT_LE(ticks.front(), low + step * 1e-6);
      EXPECT_GE(ticks.back(), low + span - step * 1e-6);
    }
}

TEST(Curves, well_formed_whatever_the_data) {
  Series train{"train & <more>", {{1, 0.7}, {50, 0.5}, {100, std::nan("")}, {150, 0.3}}, false};
  Series held{"test", {{100, 0.6}, {200, 0.4}}, true};
  std::string svg = renderCurves("loss \"x\"", "step", {train, held});
  EXPECT_NE(elements(svg), "");
  EXPECT_EQ(count(svg, "<polyline"), 2u);
  EXPECT_EQ(count(svg, "<circle"), 2u);
  EXPECT_NE(svg.find("train &amp; &lt;more&gt;"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  for (auto points : std::vector<std::vector<std::pair<double, double>>>{
           {}, {{5, 5}}, {{1, 0}, {2, 0}}, {{1, HUGE_VAL}}, {{1, -1e30}, {2, 1e30}}}) {
    std::string drawn = renderCurves("t", "step", {{"a", points, true}});
    EXPECT_NE(elements(drawn), "");
    EXPECT_EQ(drawn.find("nan"), std::string::npos);
    EXPECT_EQ(drawn.find("inf"), std::string::npos);
  }
}

TEST(Progress, plain_lines_elsewhere_than_on_a_terminal) {
  char *text = nullptr;
  size_t size = 0;
  FILE *memory = open_memstream(&text, &size);
  {
    Progress progress(memory, 3, 0);
    progress.beginEpoch(1, 100, 0);
    progress.step(50, 32, 150, {{"loss", 0.25}, {"accuracy", 0.5}});
    progress.endEpoch({{"loss", 0.25}}, "test", {{"loss", 1e-9}});
    progress.say("done");
  }
  fclose(memory);
  std::string shown(text, size);
  free(text);
  EXPECT_EQ(shown.find('\r'), std::string::npos);
  EXPECT_EQ(shown.find("\x1b"), std::string::npos);
  EXPECT_TRUE(std::regex_search(
      shown,
      std::regex("^epoch 2/3  50/100  [0-9:]+ left  loss 0.25  accuracy 0.5  [0-9]+ rows/s\n")))
      << shown;
  EXPECT_NE(shown.find(" rows/s  loss 0.25  |  test: loss 1.000e-09\ndone\n"), std::string::npos)
      << shown;
}

TEST(Progress, times) {
  EXPECT_EQ(describeSeconds(7.4), "0:07");
  EXPECT_EQ(describeSeconds(760), "12:40");
  EXPECT_EQ(describeSeconds(3 * 3600 + 300), "3:05:00");
  EXPECT_EQ(describeSeconds(std::nan("")), "0:00");
}

} // namespace
