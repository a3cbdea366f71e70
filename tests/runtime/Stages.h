// Stages and their arguments, as a checked program would have them.
#pragma once

#include "runtime/data/Schema.h"

namespace tenon::test {

inline data::Argument named(std::string name, auto value) {
  return {std::move(name), data::Value{value}};
}

inline data::Stage stage(std::string name, std::vector<data::Argument> arguments = {}) {
  return {std::move(name), std::move(arguments), "p.tn:9:3"};
}

} // namespace tenon::test
