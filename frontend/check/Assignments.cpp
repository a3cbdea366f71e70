//===- Assignments.cpp - New values for names from outside ----------------===//
//
// In a `for`, a name from outside may be given a new value. Where that happens in a branch that
// runs, or doesn't, at run time, the name has afterwards what the branch that ran left it with: one
// more result of the branches.
//
//===----------------------------------------------------------------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

void Elaborator::assign(const ast::AssignStmt &stmt, ScopePtr scope) {
  Value value = evaluate(stmt.value, scope);
  std::string name(stmt.name.text);
  bool inFor = false, inBody = false;
  size_t branches = 0;
  for (Scope *s = scope.get(); s; s = s->parent.get()) {
    auto found = s->names.find(name);
    if (found != s->names.end() && inFor) {
      if (inBody) {
        error(Code::AssignOutsideFor, stmt.range,
              "the steps of a `scan` or `loop` hand on their state, and no other name")
            .secondary(found->second.declared, "outside of it")
            .help("make `" + name + "` part of the state");
        return;
      }
      for (size_t i = 1; i <= branches; ++i) {
        Assignments &branch = *branchAssignments[branchAssignments.size() - i];
        if (std::none_of(branch.begin(), branch.end(),
                         [&](auto &each) { return each.binding == &found->second; }))
          branch.push_back({&found->second, name, stmt.range, found->second.value, {}});
      }
      found->second.value = value;
      return;
    }
    inFor |= s->isFor;
    branches += s->isBranch;
    inBody |= s->isRegion && !s->isBranch;
    if (found != s->names.end() || s->isFunction)
      break;
  }
  auto report = error(Code::AssignOutsideFor, stmt.range, "bindings don't change");
  report.help("make a new name, which hides the old one: `let " + text(stmt.range) + "`")
      .fix(stmt.range, "let " + text(stmt.range));
}

/// At the end of a branch: what it left in the names, and these as they were before.
void Elaborator::takeBack(Assignments &assignments) {
  for (Assignment &each : assignments) {
    each.after = each.binding->value;
    each.binding->value = each.before;
  }
}

bool Elaborator::pairAssignments(Assignments (&assigned)[2], SourceRange range,
                                 std::vector<std::pair<Value, Value>> &pairs) {
  // A branch that gives the name nothing leaves it as it was.
  for (int i : {0, 1})
    for (const Assignment &each : assigned[i])
      if (std::none_of(assigned[1 - i].begin(), assigned[1 - i].end(),
                       [&](auto &other) { return other.binding == each.binding; })) {
        assigned[1 - i].push_back(each);
        assigned[1 - i].back().after = each.before;
      }
  std::sort(assigned[1].begin(), assigned[1].end(), [&](auto &a, auto &b) {
    auto place = [&](const Assignment &each) {
      return std::find_if(assigned[0].begin(), assigned[0].end(),
                          [&](auto &other) { return other.binding == each.binding; });
    };
    return place(a) < place(b);
  });
  bool ok = true;
  for (size_t i = 0; i < assigned[0].size(); ++i) {
    Assignment &each = assigned[0][i];
    const Value &other = assigned[1][i].after;
    std::vector<Value> left, right;
    std::vector<std::string> leftNames, rightNames;
    bool mistaken = each.after.isError() || other.isError();
    bool fits = !mistaken && !each.after.is<ModelRef>() && !other.is<ModelRef>() &&
                leaves(each.after, left, &leftNames) && leaves(other, right, &rightNames) &&
                leftNames == rightNames;
    for (size_t k = 0; fits && k < left.size(); ++k) {
      auto a = asTensor(left[k], each.range), b = asTensor(right[k], each.range);
      mistaken |= !a || !b;
      if (mistaken)
        break;
      Value x = *a, y = *b;
      fits = joinLeaves(x, y);
      pairs.emplace_back(x, y);
    }
    if (!fits && !mistaken)
      error(Code::BranchTypes, range,
            "after one branch `" + each.name + "` is " + typeText(each.after) +
                ", after the other " + typeText(other))
          .label("known only when it runs")
          .secondary(each.range, "gets its value here");
    if (!fits || mistaken) {
      each.binding->value = ErrorValue{};
      ok = false;
    }
  }
  return ok;
}

void Elaborator::giveAssignments(const Assignments &assigned, const std::vector<Value> &joined) {
  size_t next = 0;
  for (const Assignment &each : assigned) {
    each.binding->value = joined.empty() ? Value() : rebuild(each.after, joined, next);
  }
}
