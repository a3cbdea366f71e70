#include "tests/format/RandomSource.h"

#include <array>
#include <functional>
#include <string_view>

namespace tenon::test {

namespace {

using Rng = std::mt19937_64;

class Generator {
public:
  explicit Generator(uint64_t seed) : rng_(seed) {}

  std::vector<Piece> run();

private:
  // Choices.
  unsigned below(unsigned count) { return static_cast<unsigned>(rng_() % count); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <size_t N> std::string_view pick(const std::array<std::string_view, N> &items) {
    return items[below(N)];
  }
  /// One of several ways to go on; the first where the program is deep already.
  void oneOf(std::initializer_list<std::function<void()>> ways) {
    size_t chosen = isDeep() ? 0 : below(static_cast<unsigned>(ways.size()));
    ways.begin()[chosen]();
  }
  bool isDeep() const { return depth_ > 4; }
  struct Deeper {
    explicit Deeper(unsigned &depth) : depth(depth) { ++depth; }
    ~Deeper() { --depth; }
    unsigned &depth;
  };

  // Tokens.
  void put(std::string_view text);
  void endLine() { ended_ = true; }
  void list(std::string_view open, std::string_view close, unsigned count,
            const std::function<void(unsigned)> &item);
  void name();

  // The grammar.
  void path();
  void expr();
  void defaultExpr();
  void range();
  void binary(unsigned level);
  void unary();
  void power();
  void postfix();
  void primary();
  void record();
  void args();
  void slots();
  void ifExpr();
  void reduction();
  void indices(unsigned count);
  void block(bool yields);
  void lines(unsigned count);
  void statement();
  void let();
  void value();
  void scan();
  void loop();
  void forLoop();
  void pattern();
  void type();
  void dims();
  void params();
  void function();
  void functionTail(bool mayBeBlock);
  void require();
  void member();
  void model();
  void dataset();
  void train();
  void alias();

  Rng rng_;
  std::vector<Piece> out_;
  std::vector<char> open_;
  bool ended_ = true;
  unsigned depth_ = 0;
};

constexpr std::array<std::string_view, 14> names = {"x",
                                                    "y",
                                                    "weight",
                                                    "h_next",
                                                    "état",
                                                    "model",
                                                    "state",
                                                    "train",
                                                    "batch",
                                                    "split",
                                                    "learning_rate",
                                                    "column",
                                                    "b2",
                                                    "a_rather_long_name_of_a_value"};
constexpr std::array<std::string_view, 8> numbers = {"0",    "1",     "10_000", "0.5",
                                                     "1e-3", "2.5e8", "1.0",    "123456789"};
constexpr std::array<std::string_view, 4> strings = {"\"same\"", "\"a // b\"", "\"\\n\\\"\\\\\"",
                                                     "\"größer\""};
constexpr std::array<std::string_view, 10> reductions = {
    "sum", "mean", "prod", "max", "min", "argmax", "argmin", "logsumexp", "any", "all"};
constexpr std::array<std::string_view, 9> continuing = {",",   "=",  "->",   "..", "|>",
                                                        "and", "or", "else", "@"};

bool continues(std::string_view text) {
  for (std::string_view each : continuing)
    if (each == text)
      return true;
  return std::string_view("+-*/%<>=!").find(text.back()) != std::string_view::npos;
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
  ended_ = false;
  if (text == "(" || text == "[" || text == "{")
    open_.push_back(text.front());
  else if (text == ")" || text == "]" || text == "}")
    open_.pop_back();
}

void Generator::list(std::string_view open, std::string_view close, unsigned count,
                     const std::function<void(unsigned)> &item) {
  put(open);
  for (unsigned i = 0; i < count; ++i) {
    item(i);
    if (i + 1 < count || chance(15))
      put(",");
  }
  put(close);
}

void Generator::name() { put(pick(names)); }

void Generator::path() {
  name();
  while (chance(25)) {
    put(".");
    name();
  }
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

void Generator::expr() {
  Deeper deeper(depth_);
  defaultExpr();
  for (unsigned i = chance(20) ? below(6) : 0; i > 0; --i) {
    put("|>");
    path();
    if (chance(40))
      args();
  }
}

void Generator::defaultExpr() {
  range();
  if (chance(5)) {
    put("else");
    range();
  }
}

void Generator::range() {
  binary(0);
  if (chance(3)) {
    put("..");
    binary(0);
  }
}

void Generator::binary(unsigned level) {
  if (level == 2 && chance(5)) {
    put("not");
    return binary(2);
  }
  if (level == 6)
    return unary();
  constexpr std::array<std::array<std::string_view, 4>, 6> operators = {
      {{"or", "or", "or", "or"},
       {"and", "and", "and", "and"},
       {"", "", "", ""},
       {"<", "==", ">=", "!="},
       {"+", "-", "+", "-"},
       {"*", "/", "%", "@"}}};
  constexpr std::array<unsigned, 6> often = {3, 3, 0, 6, 15, 15};
  binary(level + 1);
  while (!isDeep() && chance(often[level])) {
    put(pick(operators[level]));
    binary(level + 1);
    if (level == 3) // comparisons don't chain
      break;
  }
}

void Generator::unary() {
  if (chance(8)) {
    put("-");
    return unary();
  }
  power();
}

void Generator::power() {
  postfix();
  if (chance(5)) {
    put("**");
    unary();
  }
}

void Generator::postfix() {
  primary();
  bool number = out_.back().text.find_first_of("0123456789\"") == 0;
  while (!isDeep() && !number && chance(25))
    oneOf({[&] { args(); }, [&] { slots(); },
           [&] {
             put(".");
             name();
           }});
}

void Generator::primary() {
  if (isDeep() || chance(70))
    return name();
  oneOf({[&] { put(pick(numbers)); }, [&] { put(pick(strings)); },
         [&] { put(chance(50) ? "true" : "_"); },
         [&] {
           put("(");
           expr();
           put(")");
         },
         [&] {
           unsigned count = below(4);
           if (count == 1) {
             put("(");
             expr();
             put(",");
             put(")");
           } else {
             list("(", ")", count, [&](unsigned) { expr(); });
           }
         },
         [&] { list("[", "]", below(5), [&](unsigned) { expr(); }); },
         [&] { list("[", "]", below(60), [&](unsigned) { put(pick(numbers)); }); },
         [&] { record(); }, [&] { ifExpr(); },
         [&] {
           put("(");
           reduction();
           put(")");
         }});
}

void Generator::record() {
  put("{");
  for (unsigned i = below(4); i > 0; --i) {
    name();
    put(":");
    expr();
    bool comma = chance(60);
    if (comma)
      put(",");
    if (!comma && i > 1)
      endLine();
  }
  put("}");
}

void Generator::args() {
  unsigned named = below(3);
  unsigned count = named + below(3);
  list("(", ")", count, [&](unsigned i) {
    if (i + named >= count) {
      name();
      put("=");
    }
    expr();
  });
}

void Generator::slots() {
  list("[", "]", 1 + below(3), [&](unsigned) {
    oneOf({[&] { name(); }, [&] { put("..."); }, [&] { expr(); },
           [&] {
             if (chance(60))
               expr();
             put(":");
             if (chance(60))
               expr();
           }});
  });
}

void Generator::ifExpr() {
  put("if");
  expr();
  block(false);
  put("else");
  if (chance(25))
    ifExpr();
  else
    block(false);
}

void Generator::reduction() {
  put(pick(reductions));
  indices(1 + below(3));
  if (chance(30)) {
    put("(");
    expr();
    put(")");
    return;
  }
  name();
  for (unsigned i = below(3); i > 0; --i) {
    put("*");
    name();
    if (chance(50))
      slots();
  }
}

void Generator::indices(unsigned count) {
  list("[", "]", count, [&](unsigned i) {
    if (i == 0 && chance(20))
      return put("...");
    name();
    if (chance(20)) {
      put(":");
      expr();
    }
  });
}

//===----------------------------------------------------------------------===//
// Blocks and statements
//===----------------------------------------------------------------------===//

void Generator::block(bool yields) {
  Deeper deeper(depth_);
  put("{");
  for (unsigned i = isDeep() ? 0 : below(3); i > 0; --i) {
    statement();
    endLine();
  }
  value();
  if (yields && chance(60)) {
    put("yield");
    expr();
  }
  put("}");
}

void Generator::statement() {
  oneOf({[&] { let(); },
         [&] {
           put("set");
           name();
           if (chance(30))
             indices(1 + below(2));
           put("=");
           value();
         },
         [&] {
           name();
           put("=");
           value();
         },
         [&] { require(); }, [&] { scan(); }, [&] { loop(); }, [&] { forLoop(); },
         [&] { ifExpr(); }});
}

void Generator::let() {
  put("let");
  oneOf({[&] {
           name();
           if (chance(40)) {
             put(":");
             type();
           }
           put("=");
           value();
         },
         [&] {
           pattern();
           put("=");
           value();
         },
         [&] {
           name();
           indices(1 + below(3));
           put("=");
           if (chance(50))
             reduction();
           else
             expr();
         },
         [&] {
           name();
           functionTail(true);
         }});
}

void Generator::value() {
  oneOf({[&] { expr(); }, [&] { expr(); }, [&] { expr(); }, [&] { expr(); }, [&] { expr(); },
         [&] { scan(); }, [&] { forLoop(); }});
}

void Generator::scan() {
  put("scan");
  if (chance(70)) {
    pattern();
    put("=");
    expr();
  }
  put("over");
  pattern();
  put("in");
  expr();
  if (chance(40)) {
    put("along");
    name();
  }
  block(true);
}

void Generator::loop() {
  put("loop");
  pattern();
  put("=");
  expr();
  put("while");
  expr();
  if (chance(50)) {
    put("at");
    put("most");
    expr();
  }
  block(false);
}

void Generator::forLoop() {
  put("for");
  pattern();
  put("in");
  expr();
  block(true);
}

void Generator::pattern() {
  Deeper deeper(depth_);
  if (isDeep() || chance(60))
    return chance(20) ? put("_") : name();
  unsigned count = below(4);
  put("(");
  for (unsigned i = 0; i < count; ++i) {
    pattern();
    if (i + 1 < count || chance(20))
      put(",");
  }
  put(")");
}

void Generator::require() {
  put("require");
  name();
  put(">");
  binary(4);
  put(",");
  put(pick(strings));
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

void Generator::dims() {
  list("[", "]", below(4), [&](unsigned i) {
    if (i == 0 && chance(20))
      return put("...");
    binary(4);
  });
}

void Generator::type() {
  Deeper deeper(depth_);
  oneOf({[&] { put("f32"); },
         [&] {
           path();
           if (chance(70))
             dims();
         },
         [&] {
           path();
           dims();
         },
         [&] { list("(", ")", below(4), [&](unsigned) { type(); }); },
         [&] {
           put("[");
           type();
           put("]");
         },
         [&] {
           put("{");
           for (unsigned i = below(4); i > 0; --i) {
             name();
             put(":");
             type();
             bool comma = chance(60);
             if (comma)
               put(",");
             if (!comma && i > 1)
               endLine();
           }
           put("}");
         },
         [&] {
           put("fn");
           list("(", ")", below(3), [&](unsigned) { type(); });
           put("->");
           type();
         },
         [&] {
           put("like");
           name();
         },
         [&] {
           put(pick(strings));
           while (chance(50)) {
             put("|");
             put(pick(strings));
           }
         }});
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

void Generator::params() {
  list("(", ")", below(5), [&](unsigned) {
    name();
    bool typed = chance(70);
    if (typed) {
      put(":");
      type();
    }
    if (!typed || chance(30)) {
      put("=");
      expr();
    }
  });
}

void Generator::functionTail(bool mayBeBlock) {
  params();
  if (chance(60)) {
    put("->");
    type();
  }
  if (mayBeBlock && chance(50)) {
    block(false);
  } else {
    put("=");
    expr();
  }
}

void Generator::function() {
  if (chance(10)) {
    put("@");
    put("custom_gradient");
    put("(");
    name();
    put(")");
    if (chance(50))
      endLine();
  }
  put("fn");
  name();
  functionTail(true);
}

void Generator::member() {
  oneOf({[&] {
           name();
           put("=");
           value();
         },
         [&] {
           put(chance(50) ? "param" : "state");
           name();
           if (chance(20))
             list("[", "]", 1 + below(2), [&](unsigned) { name(); });
           put(":");
           type();
           if (chance(70)) {
             put("=");
             expr();
           }
         },
         [&] { function(); }, [&] { alias(); }, [&] { require(); }});
}

void Generator::lines(unsigned count) {
  put("{");
  for (; count > 0; --count) {
    member();
    if (count > 1)
      endLine();
  }
  put("}");
}

void Generator::model() {
  put("model");
  name();
  if (chance(60))
    params();
  lines(below(7));
}

void Generator::dataset() {
  put("dataset");
  name();
  put("{");
  for (unsigned i = below(6); i > 0; --i) {
    switch (below(3)) {
    case 0:
      if (chance(40))
        name();
      put("from");
      expr();
      break;
    case 1:
      name();
      put(":");
      type();
      put("=");
      expr();
      break;
    default:
      put("split");
      for (unsigned parts = 1 + below(3); parts > 0; --parts) {
        name();
        put(pick(numbers));
        if (parts > 1)
          put(",");
      }
    }
    if (i > 1)
      endLine();
  }
  put("}");
}

void Generator::train() {
  put("train");
  path();
  if (chance(50))
    args();
  put("on");
  name();
  put("{");
  for (unsigned i = below(6); i > 0; --i) {
    if (chance(20)) {
      let();
    } else {
      name();
      put("=");
      value();
    }
    if (i > 1)
      endLine();
  }
  put("}");
}

void Generator::alias() {
  put("type");
  name();
  if (chance(40))
    list("[", "]", below(3), [&](unsigned) { name(); });
  put("=");
  type();
}

std::vector<Piece> Generator::run() {
  for (unsigned i = 1 + below(5); i > 0; --i) {
    switch (below(8)) {
    case 0:
      put("import");
      path();
      while (chance(50)) {
        put(",");
        path();
      }
      break;
    case 1:
      model();
      break;
    case 2:
      dataset();
      break;
    case 3:
      train();
      break;
    case 4:
      alias();
      break;
    case 5:
      let();
      break;
    default:
      function();
    }
    endLine();
  }
  return std::move(out_);
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

bool isWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

/// True if the two would be read as one token, or as a comment.
bool merge(std::string_view left, std::string_view right) {
  constexpr std::string_view signs = "=<>!*/|.-@+%";
  char a = left.back(), b = right.front();
  return (isWord(a) && isWord(b)) || (isWord(a) && b == '.') ||
         (signs.find(a) != std::string_view::npos && signs.find(b) != std::string_view::npos);
}

} // namespace

std::vector<Piece> randomProgram(uint64_t seed) { return Generator(seed).run(); }

std::string write(const std::vector<Piece> &program, const Noise &noise, uint64_t seed) {
  Rng rng(seed);
  auto chance = [&](unsigned percent) { return rng() % 100 < percent; };
  std::string out;
  auto spaces = [&](unsigned least) { out.append(least + (chance(20) ? rng() % 4 : 0), ' '); };
  auto comment = [&] {
    constexpr std::array<std::string_view, 5> comments = {"// why", "/// A doc comment.", "//",
                                                          "////", "// trailing spaces   "};
    out += comments[rng() % comments.size()];
    out += '\n';
  };
  std::string_view last;
  for (const Piece &piece : program) {
    bool mayEnd = piece.gap == Piece::Gap::End || (piece.gap == Piece::Gap::Lines && noise.lines &&
                                                   (noise.authors || !piece.authors));
    bool ends = piece.gap == Piece::Gap::End ? !last.empty() : mayEnd && chance(5);
    bool comments = noise.comments && mayEnd && chance(piece.gap == Piece::Gap::End ? 20 : 3);
    if (comments) {
      spaces(1);
      for (unsigned i = 1 + static_cast<unsigned>(rng() % 2); i > 0; --i) {
        if (chance(40))
          out += '\n';
        spaces(0);
        comment();
      }
    } else if (ends) {
      out += '\n';
      while (noise.authors && chance(20))
        out += '\n';
    }
    spaces(!last.empty() && !ends && !comments && merge(last, piece.text) ? 1 : 0);
    out += piece.text;
    last = piece.text;
  }
  if (noise.comments && chance(30)) {
    spaces(1);
    comment();
  } else if (chance(80)) {
    out += '\n';
  }
  return out;
}

} // namespace tenon::test
