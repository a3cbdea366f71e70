#include "runtime/data/CsvReader.h"
#include "tests/runtime/TestFolder.h"

#include <algorithm>
#include <csv.h>
#include <iterator>
#include <random>

using namespace tenon;
using namespace tenon::data;

namespace {

struct Read {
  std::vector<std::string> header;
  std::vector<CsvRow> rows;
  std::string failure;
};

class Csv : public testing::Test {
protected:
  Read read(const std::string &content, char separator = ',') {
    return readFile(folder.write("a.csv", content), separator);
  }
  Read readFile(const std::string &path, char separator = ',') {
    Read got;
    auto summary = readCsv(
        path, {separator},
        [&](const CsvRow &row) {
          got.header = row.fields;
          return Status();
        },
        [&](const CsvRow &row) {
          got.rows.push_back(row);
          return Status();
        });
    if (!summary) {
      got.failure = summary.failure().str();
      for (size_t at; (at = got.failure.find(folder.path() + "/")) != std::string::npos;)
        got.failure.erase(at, folder.path().size() + 1);
    } else {
      EXPECT_EQ(summary->rows, int64_t(got.rows.size()));
    }
    return got;
  }
  static std::vector<int64_t> lines(const Read &read) {
    std::vector<int64_t> lines;
    for (const CsvRow &row : read.rows)
      lines.push_back(row.line);
    return lines;
  }

  TestFolder folder;
};

using Fields = std::vector<std::string>;
using Lines = std::vector<int64_t>;

TEST_F(Csv, quoted_multi_line_and_blank_lines) {
  Read got = read("a,b\n1,\"x, \"\"y\"\"\n\nz\"\n\n2,w\n");
  EXPECT_EQ(got.failure, "");
  EXPECT_EQ(got.header, (Fields{"a", "b"}));
  ASSERT_EQ(got.rows.size(), 2u);
  EXPECT_EQ(got.rows[0].fields, (Fields{"1", "x, \"y\"\n\nz"}));
  EXPECT_EQ(got.rows[1].fields, (Fields{"2", "w"}));
  EXPECT_EQ(lines(got), (Lines{2, 6}));
}

TEST_F(Csv, line_ends_and_byte_order_mark) {
  for (std::string end : {"\n", "\r\n", "\r"}) {
    Read got = read("\xEF\xBB\xBF"
                    "a,b" +
                    end + "1,\"p" + end + "q\"" + end + end + "2,3");
    EXPECT_EQ(got.failure, "");
    EXPECT_EQ(got.header, (Fields{"a", "b"}));
    ASSERT_EQ(got.rows.size(), 2u);
    EXPECT_EQ(got.rows[0].fields[1], "p" + end + "q");
    EXPECT_EQ(lines(got), (Lines{2, 5}));
  }
}

TEST_F(Csv, lines_across_chunks) {
  std::string content = "a,b\r\n";
  for (int i = 0; i < 30000; ++i)
    content += "\"x\r\ny\"," + std::to_string(i) + "\r\n";
  Read got = read(content);
  ASSERT_EQ(got.rows.size(), 30000u);
  for (size_t i = 0; i < got.rows.size(); ++i) {
    ASSERT_EQ(got.rows[i].line, int64_t(2 + 2 * i));
    ASSERT_EQ(got.rows[i].fields[1], std::to_string(i));
  }
}

TEST_F(Csv, other_separators) {
  EXPECT_EQ(read("a;b\n1,5;2\n", ';').rows.at(0).fields, (Fields{"1,5", "2"}));
  EXPECT_EQ(read("a\tb\n\t2\n", '\t').rows.at(0).fields, (Fields{"", "2"}));
}

TEST_F(Csv, refuses_what_is_not_csv) {
  EXPECT_EQ(read("").failure, "a.csv:1: the file is empty\nhelp: its first line must name the "
                              "columns");
  EXPECT_EQ(read("\n\n").failure.substr(0, 26), "a.csv:1: the file is empty");
  EXPECT_EQ(read("a,b\n1,2\n3\n").failure,
            "a.csv:3: this row has 1 field, but the header names 2 columns\n"
            "help: the row ends before `b`");
  EXPECT_EQ(read("a,b\n1,2,3\n").failure,
            "a.csv:2: this row has 3 fields, but the header names 2 columns\n"
            "help: a field that contains the separator must stand in double quotes");
  EXPECT_EQ(read("a,a\n1,2\n").failure,
            "a.csv:1: two columns are called `a`\nhelp: rename one of them");
  EXPECT_EQ(read("a,b\n1,\"x\ny\n").failure,
            "a.csv:2: the double quote that opens in this row is never closed");
  EXPECT_EQ(read("a\n5\" pipe\n").failure,
            "a.csv:2: a double quote stands inside a field\n"
            "help: put the whole field in double quotes and write each quote in it twice");
  EXPECT_EQ(read("a\n\"x\ny\nz\xE9t\"\n").failure,
            "a.csv:4: the text is not UTF-8: byte 0xE9 in field 1\n"
            "help: convert the file, for example by `iconv -f WINDOWS-1252 -t UTF-8`");
  EXPECT_EQ(read(std::string("a\nx\0y\n", 6)).failure.substr(0, 42),
            "a.csv:2: there is a NUL byte in field 1\nhe");
  EXPECT_EQ(read("\xFF\xFE"
                 "a")
                .failure.substr(0, 39),
            "a.csv:1: the file is UTF-16, not UTF-8\n");
  EXPECT_EQ(readFile(folder.path("none.csv")).failure,
            "cannot read `none.csv`: No such file or directory");
  EXPECT_EQ(readFile(folder.path("")).failure.substr(0, 12), "cannot read ");
}

TEST_F(Csv, an_endless_field_is_stopped) {
  Read got = read("a\nx\n\"" + std::string((size_t(16) << 20) + 200000, 'y'));
  EXPECT_EQ(got.failure, "a.csv:3: the field that begins here is longer than 16 MiB\n"
                         "help: its closing double quote is probably missing");
}

TEST_F(Csv, a_handler_stops_reading) {
  int rows = 0;
  auto summary = readCsv(
      folder.write("b.csv", "a\n1\n2\n3\n"), {}, [](const CsvRow &) { return Status(); },
      [&](const CsvRow &row) -> Status {
        return ++rows == 2 ? Status(Failure{"enough", "", ""}) : Status();
      });
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.failure().message, "enough");
  EXPECT_EQ(rows, 2);
}

TEST_F(Csv, what_a_writer_writes_comes_back) {
  std::mt19937 random(1);
  const std::string pieces[] = {"a", "\"", ",", "\n", "\r\n", " ", "é", "😀", "", ";"};
  auto field = [&] {
    std::string text;
    for (uint32_t i = random() % 6; i > 0; --i)
      text += pieces[random() % std::size(pieces)];
    return text;
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<Fields> rows(1 + random() % 8);
    std::string content = "x,y\n";
    Lines expected;
    for (Fields &row : rows) {
      expected.push_back(1 + std::count(content.begin(), content.end(), '\n'));
      row = {field(), field()};
      for (size_t i = 0; i < 2; ++i) {
        std::string quoted(2 * row[i].size() + 2, 0);
        quoted.resize(csv_write(quoted.data(), quoted.size(), row[i].data(), row[i].size()));
        content += quoted + (i == 0 ? "," : "\n");
      }
    }
    Read got = read(content);
    ASSERT_EQ(got.failure, "") << content;
    ASSERT_EQ(lines(got), expected) << content;
    for (size_t i = 0; i < rows.size(); ++i)
      ASSERT_EQ(got.rows[i].fields, rows[i]);
  }
}

TEST_F(Csv, any_bytes_are_rows_or_a_failure_with_a_line) {
  std::mt19937 random(2);
  const char alphabet[] = {'a', '"', ',', '\n', '\r', ' ', '\0', '\xC3', '\xA9', '\xFF'};
  int failures = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string content;
    for (uint32_t i = random() % 24; i > 0; --i)
      content += alphabet[random() % (round % 2 ? 6 : sizeof alphabet)];
    Read got = read(content);
    failures += !got.failure.empty();
    if (!got.failure.empty())
      EXPECT_EQ(got.failure.substr(0, 6), "a.csv:") << got.failure;
    for (const CsvRow &row : got.rows)
      EXPECT_EQ(row.fields.size(), got.header.size());
  }
  EXPECT_GT(failures, 100);
  EXPECT_LT(failures, 2900);
}

} // namespace
