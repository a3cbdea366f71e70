#include "frontend/explain/Explain.h"

#include "frontend/explain/Pages.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace tenon {

namespace {

constexpr size_t digits = 4;

/// "E0203" of "e203"; empty if it has no such form.
std::string wholeCode(std::string_view asked) {
  if (!asked.empty() && (asked.front() == 'E' || asked.front() == 'e'))
    asked.remove_prefix(1);
  bool number =
      !asked.empty() && asked.size() <= digits &&
      std::all_of(asked.begin(), asked.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  return number ? "E" + std::string(digits - asked.size(), '0') + std::string(asked) : "";
}

/// Insertions, deletions and replacements that make one of the other (Levenshtein).
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

/// A paragraph, which is one line of a page, as lines of text.
std::string wrapped(std::string_view paragraph) {
  constexpr size_t width = 88;
  std::string out;
  while (paragraph.size() > width) {
    size_t end = paragraph.rfind(' ', width);
    if (end == std::string_view::npos)
      break;
    out += std::string(paragraph.substr(0, end)) + "\n";
    paragraph.remove_prefix(end + 1);
  }
  return out + std::string(paragraph) + "\n";
}

} // namespace

std::optional<Code> findCode(std::string_view asked) {
  std::string whole = wholeCode(asked);
  for (Code code : allCodes())
    if (codeText(code) == whole)
      return code;
  return std::nullopt;
}

Code nearestCode(std::string_view asked) {
  std::string whole = wholeCode(asked);
  auto far = [&](Code code) {
    std::string_view other = codeText(code);
    return whole.empty() ? static_cast<long>(distance(asked, other))
                         : std::labs(std::atol(&other[1]) - std::atol(&whole[1]));
  };
  std::vector<Code> codes = allCodes();
  return *std::min_element(codes.begin(), codes.end(),
                           [&](Code a, Code b) { return far(a) < far(b); });
}

std::string explain(Code code) {
  std::string_view page = explanationText(codeText(code)).value_or("");
  std::string out;
  bool inCode = false;
  while (!page.empty()) {
    size_t end = std::min(page.find('\n'), page.size());
    std::string_view line = page.substr(0, end);
    page.remove_prefix(std::min(end + 1, page.size()));
    if (line.starts_with("```")) {
      inCode = !inCode;
      continue;
    }
    if (!inCode && line.starts_with("# "))
      line.remove_prefix(2);
    if (inCode)
      out += (line.empty() ? "" : "    " + std::string(line)) + "\n";
    else
      out += wrapped(line);
  }
  return out;
}

std::string listCodes() {
  std::string out;
  for (Code code : allCodes())
    out += std::string(codeText(code)) + "  " + std::string(codeMeaning(code)) + "\n";
  return out;
}

} // namespace tenon
