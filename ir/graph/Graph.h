//===- Graph.h - Questions about directed graphs ----------------*- C++ -*-===//
//
// Nodes are the numbers [0, nodes); edges are plain structs. The answers come from Boost.Graph,
// whose headers stay in Graph.cpp. Equal input gives equal answers.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tenon::graph {

struct Edge {
  int from = 0;
  int to = 0;
};

/// An edge that lets through at most `capacity` (>= 0).
struct CapacityEdge {
  int from = 0;
  int to = 0;
  int64_t capacity = 0;
};

/// More than any sum of finite capacities may be.
inline constexpr int64_t unlimited = std::numeric_limits<int64_t>::max() / 4;

/// All nodes, each after those with an edge to it; nullopt if there is a cycle.
std::optional<std::vector<int>> topologicalOrder(int nodes, std::span<const Edge> edges);

/// For each node whether a path leads to it from one of `roots`, which are reached themselves.
std::vector<bool> reachableFrom(int nodes, std::span<const Edge> edges, std::span<const int> roots);

/// For each node the closest other one that every path from `root` to it passes; -1 for `root`
/// itself and for nodes that it doesn't reach.
std::vector<int> immediateDominators(int nodes, std::span<const Edge> edges, int root);

struct Cut {
  /// The sum over the edges that lead from the source's side to the sink's; at least `unlimited`
  /// if every cut has an unlimited edge.
  int64_t capacity = 0;
  std::vector<bool> onSourceSide;
};

/// A cut of least capacity between two different nodes (Boykov and Kolmogorov, 2004); of several
/// the one with the fewest nodes on the source's side.
Cut minimumCut(int nodes, std::span<const CapacityEdge> edges, int source, int sink);

/// The graph in the language of Graphviz's `dot`; one label for each node.
std::string graphviz(std::span<const std::string> labels, std::span<const Edge> edges);

} // namespace tenon::graph
