#include "runtime/train/Markup.h"

#include <cstdio>

namespace tenon::train {

std::string escapeMarkup(const std::string &text) {
  std::string escaped;
  for (char c : text)
    switch (c) {
    case '&':
      escaped += "&amp;";
      break;
    case '<':
      escaped += "&lt;";
      break;
    case '>':
      escaped += "&gt;";
      break;
    case '"':
      escaped += "&quot;";
      break;
    default:
      escaped += c;
    }
  return escaped;
}

std::string coordinate(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.2f", value);
  return text;
}

} // namespace tenon::train
