// Tokens without sense: brackets, names, strings, numbers, comments and bytes.
#include "tests/hostile/Texts.h"

namespace tenon::test {

namespace {

void addBrackets(std::vector<HostileProgram> &all) {
  struct Kind {
    const char *name, *text;
  };
  for (auto [name, text] :
       {Kind{"opening_parens", "("}, Kind{"closing_parens", ")"}, Kind{"opening_brackets", "["},
        Kind{"closing_brackets", "]"}, Kind{"opening_braces", "{"}, Kind{"closing_braces", "}"},
        Kind{"mixed_opening", "([{"}, Kind{"mixed_closing", ")]}"}, Kind{"pairs", "()[]{}"},
        Kind{"crossed", "([)]"}}) {
    std::string piece = text;
    for (auto [label, bytes] : {std::pair{"10_mb_", 10 * million}, {"1_mb_", million}})
      all.push_back(program(std::string(label) + name,
                            [=, n = bytes] { return repeated(piece, n / piece.size()); }));
    all.push_back(expression(std::string("expression_of_") + name,
                             [=] { return repeated(piece, 900'000 / piece.size()); }));
  }
}

void addNames(std::vector<HostileProgram> &all) {
  std::string name(900'000, 'a');
  all.push_back(expression("long_name", [=] { return name; }));
  all.push_back(
      program("long_declared_name", [=] { return "fn " + name + "(x: f32) -> f32 = y\n"; }));
  all.push_back(program("long_names_that_are_near", [] {
    std::string name(64, 'b');
    return numbered("fn " + name.substr(6) + "#(x: f32) -> f32 = x\n", 7'000) + "fn g() = [" +
           numbered(name.substr(6) + "a#, ", 3'000) + "]\n";
  }));
  all.push_back(expression("long_dotted_path", [] { return "x" + repeated(".a", 400'000); }));
  all.push_back(expression("letters_of_other_scripts", [] { return repeated("ж", 400'000); }));
  all.push_back(
      expression("combining_characters", [] { return "e" + repeated("\xCC\x81", 400'000); }));
}

void addLiterals(std::vector<HostileProgram> &all) {
  std::string digits(900'000, '9');
  all.push_back(expression("long_integer", [=] { return digits; }));
  all.push_back(expression("long_real", [=] { return digits + ".5"; }));
  all.push_back(expression("long_fraction", [=] { return "0." + digits; }));
  all.push_back(expression("long_exponent", [=] { return "1e" + digits; }));
  all.push_back(expression("long_negative_exponent", [=] { return "1e-" + digits; }));
  all.push_back(expression("digits_and_underscores", [] { return "1" + repeated("_", 900'000); }));
  all.push_back(
      expression("literal_that_overflows", [] { return std::string("9223372036854775808"); }));
  all.push_back(
      expression("long_string", [] { return "\"" + std::string(900'000, 's') + "\" + 1"; }));
  all.push_back(expression("unterminated_string", [] { return "\"" + std::string(900'000, 's'); }));
  all.push_back(program("unterminated_strings", [] { return repeated("\"\n", 500'000); }));
  all.push_back(expression("bad_escapes", [] { return "\"" + repeated("\\q", 450'000) + "\""; }));
  all.push_back(expression("backslashes", [] { return "\"" + repeated("\\", 900'001); }));
  all.push_back(expression("joined_strings", [] { return "\"a\"" + repeated(" + \"a\"", 200); }));
}

void addBytes(std::vector<HostileProgram> &all) {
  all.push_back(program("nuls", [] { return std::string(million, '\0'); }));
  all.push_back(program("bad_bytes", [] { return std::string(million, '\xFF'); }));
  all.push_back(program("bad_bytes_apart", [] { return repeated("\xFF ", 500'000); }));
  all.push_back(program("truncated_characters", [] { return repeated("\xE2\x82", 500'000); }));
  all.push_back(program("overlong_characters", [] { return repeated("\xC0\x80", 500'000); }));
  all.push_back(program("surrogates", [] { return repeated("\xED\xA0\x80", 300'000); }));
  all.push_back(program("byte_order_mark", [] { return std::string("\xEF\xBB\xBF"); }));
  all.push_back(program("byte_order_marks", [] { return repeated("\xEF\xBB\xBF", 300'000); }));
  all.push_back(program("carriage_returns", [] { return std::string(million, '\r'); }));
  all.push_back(program("nothing", [] { return std::string(); }));
  all.push_back(program("blank_lines", [] { return std::string(million, '\n'); }));
  all.push_back(program("blanks", [] { return std::string(million, ' '); }));
  all.push_back(program("tabs_before_a_mistake", [] { return std::string(900'000, '\t') + "$"; }));
  all.push_back(program("unknown_characters", [] { return std::string(million, '$'); }));
  all.push_back(program("control_characters", [] { return std::string(million, '\x01'); }));
  all.push_back(program("direction_overrides", [] { return repeated("\xE2\x80\xAE", 300'000); }));
  all.push_back(program("wide_characters", [] { return repeated("\xE2\x9D\x8C ", 200'000); }));
}

void addComments(std::vector<HostileProgram> &all) {
  all.push_back(program("long_comment", [] { return "//" + std::string(million, 'c'); }));
  all.push_back(program("slashes", [] { return std::string(million, '/'); }));
  all.push_back(program("comments", [] { return repeated("//\n", 330'000); }));
  all.push_back(
      program("doc_comments", [] { return repeated("/// d\n", 160'000) + "let a = 1\n"; }));
  all.push_back(
      program("doc_comments_between", [] { return numbered("/// d\nlet a# = 1\n", 40'000); }));
  all.push_back(
      expression("comments_in_brackets", [] { return "(" + repeated("//\n", 300'000) + ")"; }));
}

} // namespace

std::vector<HostileProgram> tokenPrograms() {
  std::vector<HostileProgram> all;
  addBrackets(all);
  addNames(all);
  addLiterals(all);
  addBytes(all);
  addComments(all);
  all.push_back(program("operators", [] { return repeated("+ ", 500'000); }));
  all.push_back(
      program("words_of_the_language", [] { return repeated("fn let if else for ", 50'000); }));
  all.push_back(expression("commas", [] { return "f(" + std::string(900'000, ',') + ")"; }));
  all.push_back(expression("dots", [] { return "f(" + std::string(900'000, '.') + ")"; }));
  return all;
}

} // namespace tenon::test
