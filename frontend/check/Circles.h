//===- Circles.h - What leads back to itself --------------------*- C++ -*-===//
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace tenon::check {

/// The nodes of a graph that are in a circle, by Tarjan's strongly connected components; without
/// recursion, since a chain may be as long as a file.
template <typename Node> std::set<Node> inCircles(const std::map<Node, std::vector<Node>> &edges) {
  struct State {
    size_t number = 0, lowest = 0;
    bool isOpen = false;
  };
  struct Visit {
    Node node;
    size_t next = 0;
  };
  std::map<Node, State> states;
  std::vector<Node> open;
  std::vector<Visit> stack;
  std::set<Node> result;
  auto enter = [&](Node node) {
    size_t number = states.size() + 1;
    states[node] = {number, number, true};
    open.push_back(node);
    stack.push_back({node});
  };
  auto leave = [&](Node node) {
    State &state = states[node];
    if (state.lowest != state.number)
      return;
    auto first = std::find(open.rbegin(), open.rend(), node).base() - 1;
    auto &targets = edges.at(node);
    bool isCircle = open.end() - first > 1 || std::count(targets.begin(), targets.end(), node);
    for (auto each = first; each != open.end(); ++each) {
      states[*each].isOpen = false;
      if (isCircle)
        result.insert(*each);
    }
    open.erase(first, open.end());
  };
  for (auto &[start, targets] : edges) {
    if (states.count(start))
      continue;
    enter(start);
    while (!stack.empty()) {
      Visit &visit = stack.back();
      auto &targetsHere = edges.at(visit.node);
      if (visit.next < targetsHere.size()) {
        Node target = targetsHere[visit.next++];
        if (!edges.count(target))
          continue;
        auto known = states.find(target);
        if (known == states.end())
          enter(target);
        else if (known->second.isOpen)
          states[visit.node].lowest = std::min(states[visit.node].lowest, known->second.number);
        continue;
      }
      Node node = visit.node;
      stack.pop_back();
      leave(node);
      if (!stack.empty())
        states[stack.back().node].lowest =
            std::min(states[stack.back().node].lowest, states[node].lowest);
    }
  }
  return result;
}

} // namespace tenon::check
