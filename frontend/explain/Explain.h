//===- Explain.h - What a diagnostic means ----------------------*- C++ -*-===//
#pragma once

#include "frontend/diagnostics/Diagnostics.h"

#include <optional>
#include <string>
#include <string_view>

namespace tenon {

/// The code that somebody asks for: "E0203", also without the letter, without zeros in front or in
/// small letters.
std::optional<Code> findCode(std::string_view asked);
/// The registered code that is nearest to `asked`: by number, else by its letters.
Code nearestCode(std::string_view asked);

/// A code's page as plain text, code indented by four spaces. Every code has one.
std::string explain(Code code);
/// All codes with their meanings, a line each.
std::string listCodes();

} // namespace tenon
