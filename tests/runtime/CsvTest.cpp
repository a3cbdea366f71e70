#include "runtime/data/CsvReader.h"
#include "tests/runtime/TestFolder.h"

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

} // namespace
