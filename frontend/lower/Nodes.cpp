//===- Nodes.cpp - Values of index notation before they are tensors -------===//
#include "frontend/lower/Nodes.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::lowering;

Position Position::whole(int ownAxis) {
  Position position;
  position.ownAxis = ownAxis;
  return position;
}

Position Position::loop(LoopId loop) {
  Position position;
  position.terms.push_back({loop, 1});
  return position;
}

bool Node::isConstant() const {
  return kind == Kind::Element && positions.empty() && tensor.getDefiningOp() &&
         isa<ConstantOp, DimensionOp>(tensor.getDefiningOp());
}

Loops lowering::unite(const Loops &a, const Loops &b) {
  Loops both;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

Loops lowering::without(const Loops &a, const Loops &b) {
  Loops rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
  return rest;
}
