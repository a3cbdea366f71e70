// The layout of messages, with labels in several places and files.
#include "Parsing.h"

#include <gtest/gtest.h>

namespace {

using namespace tenon;

const char *const program = "model Net {\n"
                            "  lstm = nn.LSTM(128, 64)\n"
                            "  output = nn.Dense(128, 1)\n"
                            "  fn call(tokens: i32[batch, time]) {\n"
                            "    tokens |> embedding |> lstm |> last |> output\n"
                            "  }\n"
                            "}\n";

struct Places {
  SourceManager sources;
  FileId file;
  explicit Places(const std::string &text = program, const std::string &path = "net.tn")
      : file(sources.add(path, text)) {}
  SourceRange find(const std::string &part, size_t from = 0) const {
    auto at = static_cast<uint32_t>(sources.text(file).find(part, from));
    return {file, at, at + static_cast<uint32_t>(part.size())};
  }
};

TEST(Render, MarksTwoPlacesOnALineAndAThirdElsewhere) {
  Places places;
  DiagnosticEngine engine;
  size_t line = places.find("tokens |>").begin;
  engine
      .error(Code::UnexpectedToken, places.find("output", line),
             "`output` expects 128 features, but this value has 64")
      .label("takes f32[..., 128]")
      .secondary(places.find("last"), "f32[batch, 64]")
      .secondary(places.find("64"), "the 64 comes from here")
      .note("a note")
      .help("make the widths agree: nn.Dense(64, 1)")
      .done();
  EXPECT_EQ(renderAll(places.sources, engine),
            "error[E0101]: `output` expects 128 features, but this value has 64\n"
            " --> net.tn:5:44\n"
            "  |\n"
            "5 |     tokens |> embedding |> lstm |> last |> output\n"
            "  |                                    ----    ^^^^^^ takes f32[..., 128]\n"
            "  |                                    |\n"
            "  |                                    f32[batch, 64]\n"
            " ::: net.tn:2:23\n"
            "2 |   lstm = nn.LSTM(128, 64)\n"
            "  |                       -- the 64 comes from here\n"
            "note: a note\n"
            "help: make the widths agree: nn.Dense(64, 1)\n");
}

TEST(Render, HangsThreeLabelsFromTheRight) {
  Places places("let y = alpha + beta * gamma\n");
  DiagnosticEngine engine;
  engine.error(Code::UnexpectedToken, places.find("beta"), "sizes differ")
      .label("m")
      .secondary(places.find("alpha"), "n")
      .secondary(places.find("gamma"), "k")
      .done();
  EXPECT_EQ(renderAll(places.sources, engine), "error[E0101]: sizes differ\n"
                                               " --> net.tn:1:17\n"
                                               "  |\n"
                                               "1 | let y = alpha + beta * gamma\n"
                                               "  |         -----   ^^^^   ----- k\n"
                                               "  |         |       |\n"
                                               "  |         |       m\n"
                                               "  |         n\n");
}

TEST(Render, ReachesIntoOtherFiles) {
  Places places("let a = f(b)\n", "a.tn");
  FileId other = places.sources.add("b.tn", "// a line\nfn f(x: f32) = x\n");
  DiagnosticEngine engine;
  engine.error(Code::UnexpectedToken, places.find("b"), "wrong")
      .secondary({other, 15, 21}, "declared here")
      .done();
  EXPECT_EQ(renderAll(places.sources, engine), "error[E0101]: wrong\n"
                                               " --> a.tn:1:11\n"
                                               "  |\n"
                                               "1 | let a = f(b)\n"
                                               "  |           ^\n"
                                               " ::: b.tn:2:6\n"
                                               "2 | fn f(x: f32) = x\n"
                                               "  |      ------ declared here\n");
}

TEST(Render, MarksTheStartOfARangeOfSeveralLines) {
  Places places("let a = f(\n  b)\n");
  DiagnosticEngine engine;
  engine.warning(Code::UnexpectedToken, places.find("f(\n  b)"), "odd").label("all of it").done();
  EXPECT_EQ(renderAll(places.sources, engine), "warning[E0101]: odd\n"
                                               " --> net.tn:1:9\n"
                                               "  |\n"
                                               "1 | let a = f(\n"
                                               "  |         ^^ all of it\n");
  EXPECT_FALSE(engine.hasErrors());
}

TEST(Render, ColoursOnlyWhenAsked) {
  Places places("let a = b\n");
  DiagnosticEngine engine;
  engine.error(Code::UnexpectedToken, places.find("b"), "wrong").done();
  std::string plain = renderAll(places.sources, engine);
  std::string coloured = renderAll(places.sources, engine, {true, 120});
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  EXPECT_NE(coloured.find("\x1b[1;31m^\x1b[0m"), std::string::npos);
}

TEST(Render, KeepsMarksInsideAClippedLine) {
  for (size_t before : {0, 10, 100, 150, 400})
    for (size_t after : {0, 10, 100, 400}) {
      Places places(std::string(before, 'x') + "HERE" + std::string(after, 'x') + "\n");
      DiagnosticEngine engine;
      engine.error(Code::UnexpectedToken, places.find("HERE"), "wrong").done();
      std::string shown = renderAll(places.sources, engine, {false, 60});
      std::istringstream lines(shown);
      std::string source, marks;
      for (int i = 0; i < 4; ++i)
        std::getline(lines, source);
      std::getline(lines, marks);
      EXPECT_LE(source.size(), 4u + 60 + 6) << shown;
      size_t at = source.find("HERE");
      ASSERT_NE(at, std::string::npos) << shown;
      EXPECT_EQ(marks.find("^^^^"), at) << shown;
    }
}

TEST(Engine, SortsDropsDoublesAndIsBounded) {
  Places places;
  DiagnosticEngine engine(3);
  auto report = [&](uint32_t at) {
    engine.error(Code::UnexpectedToken, {places.file, at, at + 1}, "m").done();
  };
  report(9);
  report(4);
  report(9);
  EXPECT_EQ(engine.errorCount(), 2u);
  report(1);
  EXPECT_TRUE(engine.isFull());
  report(2);
  report(3);
  auto sorted = engine.sorted();
  ASSERT_EQ(sorted.size(), 4u);
  EXPECT_EQ(sorted[0].primary.range.begin, 1u);
  EXPECT_EQ(sorted[2].primary.range.begin, 9u);
  EXPECT_EQ(sorted[3].code, Code::TooManyErrors);
  EXPECT_EQ(render(places.sources, sorted[3]),
            "error[E0702]: after 3 messages nothing more is looked at\n");
}

TEST(Json, HoldsEveryLabelAndSurvivesBadBytes) {
  Places places("let \xFF = b\n");
  DiagnosticEngine engine;
  engine.error(Code::UnexpectedToken, places.find("b"), "found `\xFF`")
      .secondary(places.find("let"), "here")
      .help("h")
      .done();
  std::string json = toJson(places.sources, engine);
  EXPECT_NE(json.find("\"code\": \"E0101\""), std::string::npos);
  EXPECT_NE(json.find("\"line\": 1"), std::string::npos);
  EXPECT_NE(json.find("\"text\": \"here\""), std::string::npos);
  EXPECT_NE(json.find("\"h\""), std::string::npos);
}

TEST(Sources, AreCutBetweenCharacters) {
  EXPECT_EQ(clipped("a\u00F1b", 4), "a\u00F1b");
  EXPECT_EQ(clipped("a\u00F1b", 3), "a\u00F1\u2026");
  EXPECT_EQ(clipped("a\u00F1b", 2), "a\u2026");
  EXPECT_EQ(clipped("a\U0001F600", 4), "a\u2026");
  EXPECT_EQ(characterStart("\U0001F600", 3), 0u);
  EXPECT_EQ(characterStart("\x80\x80\x80\x80\x80\x80", 5), 2u); // no character at all
}

TEST(Sources, CountColumnsInCharacters) {
  SourceManager sources;
  FileId file = sources.add("a.tn", "a\r\nbé c\n");
  EXPECT_EQ(sources.line(file, 1), "a");
  LineColumn place = sources.lineColumn(file, 7);
  EXPECT_EQ(place.line, 2u);
  EXPECT_EQ(place.column, 4u);
  EXPECT_EQ(sources.lineCount(file), 3u);
  std::string error;
  EXPECT_FALSE(sources.load("/no/such/file", error).isValid());
  EXPECT_FALSE(error.empty());
  EXPECT_FALSE(sources.load("/", error).isValid());
}

} // namespace
