#include "ir/graph/Graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace tenon::graph;

TEST(TopologicalOrder, PutsEachNodeAfterItsPredecessors) {
  std::vector<Edge> edges{{3, 1}, {1, 0}, {3, 2}, {2, 0}, {0, 4}};
  auto order = topologicalOrder(5, edges);
  ASSERT_TRUE(order);
  auto place = [&](int node) { return std::find(order->begin(), order->end(), node); };
  ASSERT_EQ(order->size(), 5u);
  for (Edge edge : edges)
    EXPECT_LT(place(edge.from), place(edge.to));
}

TEST(TopologicalOrder, RefusesACycle) {
  EXPECT_FALSE(topologicalOrder(3, std::vector<Edge>{{0, 1}, {1, 2}, {2, 1}}));
  EXPECT_EQ(topologicalOrder(0, {}), std::vector<int>{});
}

TEST(Reachability, FollowsEdgesForwardFromAnyRoot) {
  std::vector<Edge> edges{{0, 1}, {1, 2}, {3, 4}, {5, 0}};
  EXPECT_EQ(reachableFrom(6, edges, std::vector<int>{1, 3}),
            (std::vector<bool>{false, true, true, true, true, false}));
  EXPECT_EQ(reachableFrom(2, {}, {}), (std::vector<bool>{false, false}));
}

TEST(Dominators, OfADiamond) {
  //     0 -> 1 -> {2, 3} -> 4; 5 is apart
  std::vector<Edge> edges{{0, 1}, {1, 2}, {1, 3}, {2, 4}, {3, 4}};
  EXPECT_EQ(immediateDominators(6, edges, 0), (std::vector<int>{-1, 0, 1, 1, 1, -1}));
}

TEST(MinimumCut, CutsTheNarrowestPlace) {
  // 0 -5-> 1 -2-> 2 -5-> 3 and 0 -1-> 2
  std::vector<CapacityEdge> edges{{0, 1, 5}, {1, 2, 2}, {2, 3, 5}, {0, 2, 1}};
  Cut cut = minimumCut(4, edges, 0, 3);
  EXPECT_EQ(cut.capacity, 3);
  EXPECT_EQ(cut.onSourceSide, (std::vector<bool>{true, true, false, false}));
}

TEST(MinimumCut, OfEqualCutsTakesTheOneAtTheSource) {
  Cut cut = minimumCut(4, std::vector<CapacityEdge>{{0, 1, 2}, {1, 2, 2}, {2, 3, 2}}, 0, 3);
  EXPECT_EQ(cut.capacity, 2);
  EXPECT_EQ(cut.onSourceSide, (std::vector<bool>{true, false, false, false}));
}

TEST(MinimumCut, NeverCutsUnlimitedEdges) {
  std::vector<CapacityEdge> edges{{0, 1, unlimited}, {1, 2, 7}, {2, 3, unlimited}, {0, 2, 1}};
  Cut cut = minimumCut(4, edges, 0, 3);
  EXPECT_EQ(cut.capacity, 8);
  EXPECT_FALSE(cut.onSourceSide[2]);
  EXPECT_TRUE(cut.onSourceSide[1]);
  EXPECT_GE(minimumCut(2, std::vector<CapacityEdge>{{0, 1, unlimited}}, 0, 1).capacity, unlimited);
}

/// Against all cuts of small random graphs.
TEST(MinimumCut, IsTheLeastOfAllCuts) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 200; ++trial) {
    const int nodes = 2 + int(random() % 6);
    std::vector<CapacityEdge> edges;
    for (int i = 0, e = int(random() % 16); i < e; ++i)
      edges.push_back({int(random() % nodes), int(random() % nodes), int64_t(random() % 10)});
    auto capacityOf = [&](auto onSourceSide) {
      int64_t sum = 0;
      for (const CapacityEdge &edge : edges)
        if (onSourceSide(edge.from) && !onSourceSide(edge.to))
          sum += edge.capacity;
      return sum;
    };
    int64_t least = unlimited;
    for (int side = 0; side < 1 << nodes; ++side)
      if ((side & 1) && !(side >> (nodes - 1) & 1))
        least = std::min(least, capacityOf([&](int node) { return side >> node & 1; }));
    Cut cut = minimumCut(nodes, edges, 0, nodes - 1);
    EXPECT_EQ(cut.capacity, least);
    EXPECT_EQ(capacityOf([&](int node) { return bool(cut.onSourceSide[node]); }), least);
    EXPECT_TRUE(cut.onSourceSide[0]);
    EXPECT_FALSE(cut.onSourceSide[nodes - 1]);
  }
}

TEST(Graphviz, NamesNodesAndEdges) {
  std::vector<std::string> labels{"a", "b"};
  std::string text = graphviz(labels, std::vector<Edge>{{0, 1}});
  EXPECT_NE(text.find("0[label=a]"), std::string::npos) << text;
  EXPECT_NE(text.find("0->1"), std::string::npos) << text;
}
