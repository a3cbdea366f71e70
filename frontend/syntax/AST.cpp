#include "frontend/syntax/AST.h"

namespace tenon::ast {

std::string Path::str() const {
  std::string result;
  for (const Ident &name : names)
    result += (result.empty() ? "" : ".") + std::string(name.text);
  return result;
}

} // namespace tenon::ast
