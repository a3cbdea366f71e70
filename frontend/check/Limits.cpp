//===- Limits.cpp - Sizes that are bounded --------------------------------===//
#include "frontend/check/Limits.h"

#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

size_t check::sizeOf(const Number &number) {
  return number.isReal ? 1 + number.operands.total() : std::max<size_t>(1, number.whole.size());
}

size_t check::sizeOf(const std::pair<std::string, Value> &field) { return sizeOf(field.second); }

size_t check::sizeOf(const Value &value) {
  if (auto *tensor = value.get<Tensor>()) {
    size_t size = 1;
    for (const Axis &axis : tensor->axes)
      size += 1 + axis.dim.size();
    return size;
  }
  if (auto *number = value.get<Number>())
    return sizeOf(*number);
  if (auto *sequence = value.get<Sequence>())
    return std::max<size_t>(1, sequence->items.total());
  if (auto *record = value.get<Record>())
    return std::max<size_t>(1, record->fields.total());
  if (auto *text = value.get<Text>())
    return 1 + text->value.size() / 64;
  if (auto *fill = value.get<Fill>()) {
    size_t size = sizeOf(fill->number);
    for (const Value &parameter : fill->parameters)
      size += sizeOf(parameter);
    return size;
  }
  return 1;
}

size_t check::depthOf(const Number &number) { return 1 + number.operands.depth(); }

size_t check::depthOf(const std::pair<std::string, Value> &field) { return depthOf(field.second); }

size_t check::depthOf(const Value &value) {
  if (auto *number = value.get<Number>())
    return depthOf(*number);
  if (auto *sequence = value.get<Sequence>())
    return 1 + sequence->items.depth();
  if (auto *record = value.get<Record>())
    return 1 + record->fields.depth();
  return 1;
}

bool check::isCountable(const std::vector<Axis> &axes, int64_t bytesEach) {
  int64_t bytes = bytesEach;
  bool fits = true;
  for (const Axis &axis : axes) {
    int64_t extent = axis.dim.constant().value_or(1);
    // Of no elements there are few, whatever the other dimensions are.
    if (extent == 0)
      return true;
    fits &= axis.dim.isValid() && !__builtin_mul_overflow(bytes, extent, &bytes);
  }
  return fits;
}

//===----------------------------------------------------------------------===//
// Counting
//===----------------------------------------------------------------------===//

/// Calls and expressions may be nested this deeply in all.
static constexpr unsigned maximumDepth = 400;

bool Elaborator::spend(uint64_t steps) {
  if (exhausted)
    return false;
  if (budget.spend(steps))
    return true;
  exhaust(Code::TooManySteps, evaluating, "this takes more steps than checking a program may");
  return false;
}

bool Elaborator::mayGoOn(SourceRange range) {
  if (exhausted || engine.isFull())
    return false;
  evaluating = range;
  if (depth > maximumDepth) {
    exhaust(Code::CallsTooDeep, range, "calls are nested more than can be checked");
    return false;
  }
  if (builder && builder->operationCount() > CheckLimits::operations) {
    exhaust(Code::TooManyInstances, range,
            "this program becomes too large when its calls are put in place");
    return false;
  }
  uint64_t proved = facts.work() - proofWork;
  proofWork += proved;
  size_t made = builder ? builder->operationCount() : 0;
  uint64_t added = made - std::min(made, operationsCounted);
  operationsCounted = made;
  return spend(1 + proved + 8 * added);
}

/// Steps that stand for the time that making or copying the value took.
static uint64_t timeOf(const Value &value, size_t size) {
  if (auto *sequence = value.get<Sequence>())
    return sequence->items.isShared() ? 0 : sequence->items.size();
  if (auto *record = value.get<Record>())
    return record->fields.isShared() ? 0 : record->fields.size() / 2;
  return size / 8;
}

Value Elaborator::bounded(Value value, SourceRange range) {
  if (value.is<Tensor>() && builder && builder->madeUncountable())
    return fail(Code::TensorTooLarge, range,
                "this makes a tensor with more elements than 64 bits can count");
  if (auto *number = value.get<Number>(); number && !number->whole.isValid())
    return number->whole.isTooLarge()
               ? fail(Code::FormulaTooLarge, range, "the formula of this number becomes too large")
               : fail(Code::DimensionOverflow, range, "this whole number doesn't fit 64 bits");
  size_t size = sizeOf(value);
  if (value.is<Number>() && size > CheckLimits::formula)
    return fail(Code::FormulaTooLarge, range,
                "the formula of this number has more than " + std::to_string(CheckLimits::formula) +
                    " terms and factors");
  if (size > CheckLimits::valueSize)
    return fail(Code::ValueTooLarge, range,
                "this value has more than " + std::to_string(CheckLimits::valueSize) + " parts");
  if (depthOf(value) > CheckLimits::valueDepth)
    return fail(Code::ValueTooLarge, range,
                "this value is nested more than " + std::to_string(CheckLimits::valueDepth) +
                    " levels deep");
  return spend(timeOf(value, size)) ? value : Value();
}

bool Elaborator::mayEnterAlias(SourceRange range) {
  if (aliasDepth <= CheckLimits::aliases)
    return true;
  exhaust(Code::TooDeep, range,
          "more than " + std::to_string(CheckLimits::aliases) +
              " types stand for one another here");
  return false;
}
