/// Answers of the runtime: a value, or what went wrong and where.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace tenon {

/// What a user is told. `place` is "reviews.csv:17" or "file.tn:3:9", empty where there is none;
/// `help` says what would mend it, empty where nobody knows.
struct Failure {
  std::string message;
  std::string place;
  std::string help;

  /// "reviews.csv:17: `label` is empty\nhelp: …", without a newline at the end.
  std::string str() const;
};

/// A T, or a Failure.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : content(std::move(value)) {}
  Result(Failure failure) : content(std::move(failure)) {}

  explicit operator bool() const { return content.index() == 0; }
  T &operator*() { return std::get<0>(content); }
  const T &operator*() const { return std::get<0>(content); }
  T *operator->() { return &std::get<0>(content); }
  const T *operator->() const { return &std::get<0>(content); }
  const Failure &failure() const { return std::get<1>(content); }
  Failure takeFailure() { return std::move(std::get<1>(content)); }

private:
  std::variant<T, Failure> content;
};

/// Nothing, or a Failure.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Failure failure) : reason(std::move(failure)) {}

  explicit operator bool() const { return !reason; }
  const Failure &failure() const { return *reason; }
  Failure takeFailure() { return std::move(*reason); }

private:
  std::optional<Failure> reason;
};

} // namespace tenon
