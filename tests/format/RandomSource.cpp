#include "tests/format/RandomSource.h"

#include "tests/format/RandomGrammar.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace tenon::test {

namespace {

/// Writes a program by the grammar.
class Generator {
public:
  explicit Generator(uint64_t seed) : rng_(seed) {}

  std::vector<Piece> run() {
    part("file");
    return std::move(out_);
  }

private:
  using Words = std::vector<std::string_view>;
  using Place = Words::const_iterator;

  unsigned below(unsigned count) { return static_cast<unsigned>(rng_() % count); }
  bool chance(unsigned percent) { return below(100) < percent; }
  bool isDeep() const { return depth_ > 4; }

  void part(std::string_view name);
  void words(Place from, Place to);
  void group(char kind, unsigned number, Place from, Place to);
  void put(std::string_view text);

  std::mt19937_64 rng_;
  std::vector<Piece> out_;
  std::vector<char> open_;
  bool ended_ = true;
  unsigned depth_ = 0;
};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

unsigned number(std::string_view digits) {
  unsigned value = 0;
  for (char digit : digits)
    value = 10 * value + static_cast<unsigned>(digit - '0');
  return value;
}

/// The weight that a way begins with; 0 if it has none.
unsigned weightOf(std::string_view way) {
  size_t end = way.find(": ");
  bool isWeight = end != std::string_view::npos && way.find_first_not_of("0123456789") == end;
  return isWeight ? number(way.substr(0, end)) : 0;
}

void Generator::part(std::string_view name) {
  const std::vector<std::string_view> &ways = randomGrammar().at(name);
  constexpr std::array<std::string_view, 5> nesting = {"expr", "block", "loop_block", "type",
                                                       "pattern"};
  bool nests = std::find(nesting.begin(), nesting.end(), name) != nesting.end();
  depth_ += nests;
  unsigned total = 0;
  for (std::string_view way : ways)
    total += std::max(weightOf(way), 1u);
  bool isWord = std::none_of(ways.begin(), ways.end(), [](std::string_view way) {
    return way.find('$') != std::string_view::npos;
  });
  unsigned chosen = isDeep() && !isWord ? 0 : below(total);
  for (std::string_view way : ways) {
    unsigned weight = weightOf(way);
    if (chosen >= std::max(weight, 1u)) {
      chosen -= std::max(weight, 1u);
      continue;
    }
    Words list = split(way);
    words(list.begin() + (weight > 0), list.end());
    break;
  }
  depth_ -= nests;
}

void Generator::words(Place from, Place to) {
  while (from != to) {
    std::string_view word = *from++;
    if (word == ";") {
      ended_ = true;
    } else if (word.front() == '$') {
      part(word.substr(1));
    } else if (word.front() == '{' && word.size() > 1) {
      // The end of this group: groups of a kind may stand in each other.
      std::string end{word[1], '}'};
      Place close = from;
      for (unsigned inside = 0; *close != end || inside > 0; ++close)
        inside += close->substr(0, 2) == word.substr(0, 2) ? 1 : *close == end ? -1u : 0;
      group(word[1], number(word.substr(2)), from, close);
      from = close + 1;
    } else {
      put(word);
    }
  }
}

void Generator::group(char kind, unsigned number, Place from, Place to) {
  switch (kind) {
  case '?':
  case '~':
    if ((kind == '?' || !isDeep()) && chance(number))
      words(from, to);
    return;
  case '+':
    while (!isDeep() && chance(number))
      words(from, to);
    return;
  case '*':
    for (unsigned count = below(number); count > 0; --count)
      words(from, to);
    return;
  default:
    assert(kind == ',' && "a kind of group");
    for (unsigned count = below(number); count > 0; --count) {
      words(from, to);
      if (count > 1 || chance(15))
        put(",");
    }
  }
}

/// Whether a line that ends behind it goes on.
bool continues(std::string_view text) {
  constexpr std::array<std::string_view, 9> words = {",",   "=",  "->",   "..", "|>",
                                                     "and", "or", "else", "@"};
  return std::find(words.begin(), words.end(), text) != words.end() ||
         std::string_view("+-*/%<>=!").find(text.back()) != std::string_view::npos;
}

void Generator::put(std::string_view text) {
  std::string_view last = out_.empty() ? "" : std::string_view(out_.back().text);
  bool inBrackets = !open_.empty() && open_.back() != '{';
  bool brace = last == "{" || text == "}";
  Piece::Gap gap = Piece::Gap::Spaces;
  if (ended_)
    gap = Piece::Gap::End;
  else if (inBrackets || brace || text == "|>" || text == "else" ||
           (!last.empty() && continues(last)))
    gap = Piece::Gap::Lines;
  out_.push_back({gap, brace || text == "|>", std::string(text)});
  if (text.front() == '"')
    std::replace(out_.back().text.begin(), out_.back().text.end(), '_', ' ');
  ended_ = false;
  if (text == "(" || text == "[" || text == "{")
    open_.push_back(text.front());
  else if (text == ")" || text == "]" || text == "}")
    open_.pop_back();
}

} // namespace

std::vector<Piece> randomProgram(uint64_t seed) { return Generator(seed).run(); }

} // namespace tenon::test
