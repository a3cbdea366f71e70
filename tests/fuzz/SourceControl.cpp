//===- SourceControl.cpp - Loops, branches and local functions ------------===//
#include "tests/fuzz/SourceProgram.h"

using namespace tenon::fuzz;

void SourceProgram::scan(Scope &scope) {
  std::string carried = fresh("c"), tree = fresh("t"), row = fresh("r"), one = fresh("e");
  bool withTree = rng.chance(40), stacks = rng.chance(70);
  std::string stacked = fresh("v");
  std::string state = withTree ? filled("($, $)", {carried, tree}) : carried;
  std::string first = tensor(scope, {"m"}, 1);
  if (withTree)
    first = filled("($, $)", {first, pair(scope, 1)});
  line(scope, filled("$scan $ = $ over ($, $) in ($, $) along n {",
                     {stacks ? "let " + stacked + " = " : "", state, first, row, one,
                      tensor(scope, {"n", "m"}, 0), tensor(scope, {"n"}, 0)}));
  Scope body = inner(scope);
  body.tensors.insert(body.tensors.end(), {{carried, {"m"}}, {row, {"m"}}, {one, {}}});
  if (withTree)
    body.pairs.push_back(tree);
  statements(body, int(rng.between(1, 2)));
  std::string next = filled("tanh($ + $)", {tensor(body, {"m"}, 2), row});
  if (withTree)
    next = filled("($, tanh($))", {next, pair(body, 1)});
  line(body, stacks ? filled("$ yield $", {next, tensor(body, {}, 2)}) : next);
  line(scope, "}");
  scope.tensors.push_back({carried, {"m"}});
  if (withTree)
    scope.pairs.push_back(tree);
  if (stacks)
    scope.tensors.push_back({stacked, {"n"}});
}

/// A scan that yields trees, with or without a state.
void SourceProgram::walk(Scope &scope) {
  std::string left = fresh("v"), right = fresh("v"), at = fresh("k"), sum = fresh("c");
  bool carries = rng.chance(50);
  line(scope,
       filled("let ($, $) = scan $over $ in iota(n) {",
              {left, right, carries ? filled("$ = $ ", {sum, tensor(scope, {}, 1)}) : "", at}));
  Scope body = inner(scope);
  body.wholes.push_back({at, {}});
  if (carries)
    body.tensors.push_back({sum, {}});
  statement(body);
  line(body,
       filled("$yield ($, $)", {carries ? filled("tanh($ - $) ", {sum, tensor(body, {}, 1)}) : "",
                                tensor(body, {}, 2), tensor(body, {"m"}, 1)}));
  line(scope, "}");
  scope.tensors.insert(scope.tensors.end(), {{left, {"n"}}, {right, {"n", "m"}}});
  if (carries)
    scope.tensors.push_back({sum, {}});
}

void SourceProgram::loop(Scope &scope) {
  std::string carried = fresh("c"), count = fresh("k");
  Shape shape = rng.chance(50) ? Shape{"n"} : Shape{"n", "m"};
  std::string most = std::to_string(rng.between(1, 4));
  std::string bound = rng.chance(50)   ? " at most " + most
                      : rng.chance(30) ? filled(" at most $ % 4", {whole(scope, {}, 1)})
                                       : "";
  line(scope,
       filled("loop ($, $) = ($, 0) while $ < $ and sum(abs($)) > $$ {",
              {carried, count, tensor(scope, shape, 1), count, most, carried, number(), bound}));
  Scope body = inner(scope);
  body.tensors.push_back({carried, shape});
  body.wholes.push_back({count, {}});
  statements(body, int(rng.between(1, 2)));
  line(body, filled("(tanh($), $ + 1)", {tensor(body, shape, 2), count}));
  line(scope, "}");
  scope.tensors.push_back({carried, shape});
  scope.wholes.push_back({count, {}});
}

/// A `for` that gives an outer name new values, in a branch or not.
void SourceProgram::unrolled(Scope &scope) {
  std::string name = define(scope, {"n"}, tensor(scope, {"n"}, 1)), step = fresh("i");
  line(scope, filled("for $ in 0..$ {", {step, std::to_string(rng.between(1, 3))}));
  Scope body = inner(scope);
  if (rng.chance(40))
    statement(body);
  std::string next = filled("$ = tanh($ + $ * $)", {name, tensor(body, {"n"}, 2), step, number()});
  if (rng.chance(40))
    next = filled("if $ { $ } else { $ = $ }", {rng.chance(50) ? condition(body) : step + " < 1",
                                                next, name, tensor(body, {"n"}, 1)});
  line(body, next);
  line(scope, "}");
}

/// A `for` that yields a list.
void SourceProgram::listed(Scope &scope) {
  std::string list = fresh("l"), step = fresh("i"), part = fresh("w"), name = fresh("v");
  line(scope, filled("let $ = for ($, $) in enumerate([$, $]) { yield ($ + $) * $ }",
                     {list, step, part, tensor(scope, {"n"}, 1), tensor(scope, {"n"}, 1), number(),
                      step, part}));
  if (rng.chance(30)) {
    line(scope, filled("let $ = for (a, b) in zip($, [$, $]) { yield a * b }",
                       {list, list, tensor(scope, {"n"}, 1), tensor(scope, {"n"}, 1)}));
  }
  line(scope, filled("let $ = stack($)", {list, list}));
  line(scope, filled("let $[i] = tanh(sum[part: 2] $[part, i])", {name, list}));
  scope.tensors.push_back({name, {"n"}});
}

/// A function in a function, which sees what is around it: applied to every element, or handed on.
void SourceProgram::local(Scope &scope) {
  std::string name = fresh("h"), argument = fresh("a"), result = fresh("v");
  bool isWhole = rng.chance(40);
  Shape shape = isWhole ? Shape{"n"} : Shape{};
  Scope body = inner(scope);
  body.tensors.push_back({argument, shape});
  body.mayDraw = body.inModel = false; // a call under an index may neither draw nor set
  if (rng.chance(40)) {
    line(scope, filled("let $($: f64$) {", {name, argument, isWhole ? "[n]" : ""}));
    statement(body);
    line(body, filled("tanh($ + $)", {tensor(body, shape, 2), argument}));
    line(scope, "}");
  } else {
    line(scope, filled("let $($: f64$) = tanh($ + $)",
                       {name, argument, isWhole ? "[n]" : "", tensor(body, shape, 2), argument}));
  }
  if (isWhole)
    line(scope, filled(rng.chance(50) ? "let $ = twice($, $)" : "let $ = map($, [$])[0]",
                       {result, name, tensor(scope, {"n"}, 1)}));
  else
    line(scope, filled("let $[i: n] = $(scaled($)($))",
                       {result, name, tensor(scope, {}, 0), element(scope, {{"i", "n"}}, 1)}));
  scope.tensors.push_back({result, {"n"}});
}
