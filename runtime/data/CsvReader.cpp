#include "runtime/data/CsvReader.h"

#include "runtime/core/AtomicFile.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <csv.h>
#include <memory>
#include <xxhash.h>

namespace tenon::data {

namespace {

constexpr size_t kChunk = size_t(64) << 10;
/// libcsv asks for memory by so much at a time: its own 128 bytes make long fields quadratic.
constexpr size_t kGrowth = size_t(1) << 20;
constexpr size_t kLongestField = size_t(16) << 20;

int isSpace(unsigned char c) { return c == ' '; }

std::string plural(size_t count, const char *what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// Drives libcsv over one file, line by line, so that its callbacks know where they are.
class Reading {
public:
  Reading(std::string path, const std::function<Status(const CsvRow &)> &onHeader,
          const std::function<Status(const CsvRow &)> &onRow)
      : path(std::move(path)), onHeader(onHeader), onRow(onRow) {}
  Reading(const Reading &) = delete;
  Reading &operator=(const Reading &) = delete;
  ~Reading() {
    if (started)
      csv_free(&parser);
  }

  Result<CsvSummary> run(const CsvOptions &options);

private:
  static void fieldEnds(void *text, size_t size, void *self) {
    static_cast<Reading *>(self)->takeField({static_cast<const char *>(text), size});
  }
  static void rowEnds(int, void *self) { static_cast<Reading *>(self)->takeRow(); }

  void takeField(std::string_view text);
  void takeRow();
  bool feed(std::string_view segment);
  bool feedChunk(std::string_view chunk);
  bool fail(int64_t atLine, std::string message, std::string help = "");
  Status ragged();

  std::string path;
  const std::function<Status(const CsvRow &)> &onHeader, &onRow;
  csv_parser parser{};
  bool started = false;
  int64_t line = 1;      // of the segment being parsed
  int64_t fieldLine = 1; // where the field being parsed begins
  bool inRow = false;
  bool afterCarriageReturn = false;
  bool haveHeader = false;
  std::vector<std::string> columns;
  CsvRow row;
  CsvSummary summary;
  Status status;
};

bool Reading::fail(int64_t atLine, std::string message, std::string help) {
  if (status)
    status = Failure{std::move(message), path + ":" + std::to_string(atLine), std::move(help)};
  return false;
}

void Reading::takeField(std::string_view text) {
  if (!status)
    return;
  size_t bad = findInvalidUtf8(text).value_or(text.size());
  size_t zero = std::min(text.find('\0'), text.size());
  if (std::min(bad, zero) < text.size()) {
    size_t at = std::min(bad, zero);
    int64_t atLine = fieldLine + std::count(text.begin(), text.begin() + int64_t(at), '\n');
    char byte[8];
    snprintf(byte, sizeof byte, "0x%02X", unsigned(static_cast<unsigned char>(text[at])));
    if (bad <= zero)
      fail(atLine,
           std::string("the text is not UTF-8: byte ") + byte + " in field " +
               std::to_string(row.fields.size() + 1),
           "convert the file, for example by `iconv -f WINDOWS-1252 -t UTF-8`");
    else
      fail(atLine, "there is a NUL byte in field " + std::to_string(row.fields.size() + 1),
           "the file is not text, or is UTF-16; convert it to UTF-8");
    return;
  }
  fieldLine = line;
  row.fields.emplace_back(text);
}

Status Reading::ragged() {
  size_t have = row.fields.size(), want = columns.size();
  std::string help = have < want
                         ? "the row ends before `" + columns[have] + "`"
                         : "a field that contains the separator must stand in double quotes";
  return Failure{"this row has " + plural(have, "field") + ", but the header names " +
                     plural(want, "column"),
                 path + ":" + std::to_string(row.line), help};
}

void Reading::takeRow() {
  if (!status)
    return;
  inRow = false;
  if (!haveHeader) {
    haveHeader = true;
    columns = row.fields;
    for (size_t i = 0; i < columns.size(); ++i)
      if (std::find(columns.begin(), columns.begin() + int64_t(i), columns[i]) !=
          columns.begin() + int64_t(i)) {
        fail(row.line, "two columns are called `" + columns[i] + "`", "rename one of them");
        return;
      }
    status = onHeader(row);
  } else if (row.fields.size() != columns.size()) {
    status = ragged();
  } else {
    ++summary.rows;
    status = onRow(row);
  }
  row.fields.clear();
}

bool Reading::feed(std::string_view segment) {
  if (!inRow) {
    row.line = fieldLine = line;
    inRow = segment.find_first_not_of(" \r\n") != std::string_view::npos;
  }
  size_t parsed = csv_parse(&parser, segment.data(), segment.size(), fieldEnds, rowEnds, this);
  if (!status)
    return false;
  if (parsed != segment.size()) {
    if (csv_error(&parser) != CSV_EPARSE)
      return fail(line, std::string("reading stopped: ") + csv_strerror(csv_error(&parser)));
    return fail(line, "a double quote stands inside a field",
                "put the whole field in double quotes and write each quote in it twice");
  }
  if (parser.entry_pos > kLongestField)
    return fail(fieldLine, "the field that begins here is longer than 16 MiB",
                "its closing double quote is probably missing");
  return true;
}

/// Cuts the chunk after each line end, so that a callback's line is that of its segment.
bool Reading::feedChunk(std::string_view chunk) {
  while (!chunk.empty()) {
    size_t end = chunk.find_first_of("\r\n");
    size_t size = end == std::string_view::npos ? chunk.size() : end + 1;
    bool restOfCrLf = afterCarriageReturn && chunk[0] == '\n';
    if (restOfCrLf)
      --line;
    if (!feed(chunk.substr(0, size)))
      return false;
    afterCarriageReturn = end != std::string_view::npos && chunk[end] == '\r';
    line += restOfCrLf || end != std::string_view::npos;
    chunk.remove_prefix(size);
  }
  return true;
}

Result<CsvSummary> Reading::run(const CsvOptions &options) {
  std::unique_ptr<FILE, int (*)(FILE *)> file(fopen(path.c_str(), "rb"), fclose);
  if (!file)
    return Failure{describeFailure("cannot read", path, errno), "", ""};
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
    return Failure{"no memory to read `" + path + "`", "", ""};
  started = true;
  csv_set_delim(&parser, static_cast<unsigned char>(options.separator));
  csv_set_space_func(&parser, isSpace);
  csv_set_blk_size(&parser, kGrowth);
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t *)> hash(XXH3_createState(),
                                                                        XXH3_freeState);
  XXH3_64bits_reset(hash.get());
  std::vector<char> buffer(kChunk);
  for (bool first = true;; first = false) {
    size_t size = fread(buffer.data(), 1, buffer.size(), file.get());
    if (size == 0)
      break;
    XXH3_64bits_update(hash.get(), buffer.data(), size);
    std::string_view chunk(buffer.data(), size);
    if (first && (chunk.starts_with("\xFF\xFE") || chunk.starts_with("\xFE\xFF")))
      return Failure{"the file is UTF-16, not UTF-8", path + ":1",
                     "convert it, for example by `iconv -f UTF-16 -t UTF-8`"};
    if (first && chunk.starts_with("\xEF\xBB\xBF"))
      chunk.remove_prefix(3);
    if (!feedChunk(chunk))
      return status.takeFailure();
  }
  if (ferror(file.get()))
    return Failure{describeFailure("cannot read", path, errno), "", ""};
  if (csv_fini(&parser, fieldEnds, rowEnds, this) != 0)
    fail(fieldLine, "the double quote that opens in this row is never closed");
  if (!status)
    return status.takeFailure();
  if (!haveHeader)
    return Failure{"the file is empty", path + ":1", "its first line must name the columns"};
  summary.checksum = XXH3_64bits_digest(hash.get());
  return summary;
}

} // namespace

Result<CsvSummary> readCsv(const std::string &path, const CsvOptions &options,
                           const std::function<Status(const CsvRow &)> &header,
                           const std::function<Status(const CsvRow &)> &row) {
  Reading reading(path, header, row);
  return reading.run(options);
}

} // namespace tenon::data
