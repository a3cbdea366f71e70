//===- Graph.cpp - Questions about directed graphs ------------------------===//
#include "ir/graph/Graph.h"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/boykov_kolmogorov_max_flow.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/dominator_tree.hpp>
#include <boost/graph/graphviz.hpp>
#include <boost/graph/topological_sort.hpp>

#include <iterator>
#include <sstream>

using namespace tenon::graph;

namespace {
using Digraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;

using FlowTraits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
struct FlowEdge {
  int64_t capacity = 0;
  int64_t residual = 0;
  FlowTraits::edge_descriptor reverse;
};
using FlowGraph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, FlowEdge>;
} // namespace

static Digraph digraph(int nodes, std::span<const Edge> edges) {
  Digraph graph(nodes);
  for (const Edge &edge : edges)
    boost::add_edge(edge.from, edge.to, graph);
  return graph;
}

std::optional<std::vector<int>> tenon::graph::topologicalOrder(int nodes,
                                                               std::span<const Edge> edges) {
  std::vector<int> order;
  const Digraph graph = digraph(nodes, edges);
  try {
    boost::topological_sort(graph, std::back_inserter(order));
  } catch (const boost::not_a_dag &) {
    return std::nullopt;
  }
  return std::vector<int>(order.rbegin(), order.rend());
}

std::vector<bool> tenon::graph::reachableFrom(int nodes, std::span<const Edge> edges,
                                              std::span<const int> roots) {
  // One extra node in front of all roots makes one search of it.
  Digraph graph = digraph(nodes + 1, edges);
  for (int root : roots)
    boost::add_edge(nodes, root, graph);
  std::vector<boost::default_color_type> colors(nodes + 1);
  boost::breadth_first_search(graph, nodes, boost::color_map(colors.data()));
  std::vector<bool> reached(nodes);
  for (int node = 0; node < nodes; ++node)
    reached[node] = colors[node] == boost::black_color;
  return reached;
}

std::vector<int> tenon::graph::immediateDominators(int nodes, std::span<const Edge> edges,
                                                   int root) {
  Digraph graph = digraph(nodes, edges);
  const auto none = boost::graph_traits<Digraph>::null_vertex();
  std::vector<Digraph::vertex_descriptor> dominators(nodes, none);
  auto index = boost::get(boost::vertex_index, graph);
  boost::lengauer_tarjan_dominator_tree(
      graph, root, boost::make_iterator_property_map(dominators.begin(), index));
  std::vector<int> result;
  for (auto dominator : dominators)
    result.push_back(dominator == none ? -1 : int(dominator));
  return result;
}

Cut tenon::graph::minimumCut(int nodes, std::span<const CapacityEdge> edges, int source, int sink) {
  FlowGraph graph(nodes);
  for (const CapacityEdge &edge : edges) {
    auto forward = boost::add_edge(edge.from, edge.to, graph).first;
    auto backward = boost::add_edge(edge.to, edge.from, graph).first;
    graph[forward].capacity = edge.capacity;
    graph[forward].reverse = backward;
    graph[backward].reverse = forward;
  }
  std::vector<boost::default_color_type> colors(nodes);
  std::vector<int64_t> distances(nodes);
  std::vector<FlowTraits::edge_descriptor> predecessors(nodes);
  auto index = boost::get(boost::vertex_index, graph);
  Cut cut;
  cut.capacity = boost::boykov_kolmogorov_max_flow(
      graph, boost::get(&FlowEdge::capacity, graph), boost::get(&FlowEdge::residual, graph),
      boost::get(&FlowEdge::reverse, graph),
      boost::make_iterator_property_map(predecessors.begin(), index),
      boost::make_iterator_property_map(colors.begin(), index),
      boost::make_iterator_property_map(distances.begin(), index), index, source, sink);

  // What the source still reaches by edges with room left is the smallest side.
  std::vector<Edge> open;
  for (auto [it, end] = boost::edges(graph); it != end; ++it)
    if (graph[*it].residual > 0)
      open.push_back({int(boost::source(*it, graph)), int(boost::target(*it, graph))});
  cut.onSourceSide = reachableFrom(nodes, open, std::span(&source, 1));
  return cut;
}

std::string tenon::graph::graphviz(std::span<const std::string> labels,
                                   std::span<const Edge> edges) {
  std::ostringstream out;
  boost::write_graphviz(out, digraph(int(labels.size()), edges),
                        boost::make_label_writer(labels.data()));
  return out.str();
}
