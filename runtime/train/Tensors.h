/// Tensors that the runtime owns, and those that last from step to step.
#pragma once

#include "runtime/core/abi.h"
#include "runtime/data/BatchStream.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::train {

/// Element i of packed memory as a number, of any dtype (f16 and bf16 included).
double elementAt(int32_t dtype, const uint8_t *memory, int64_t i);

/// Row-major memory of its own, aligned to 64 bytes.
struct OwnedTensor {
  int32_t dtype = TENON_F32;
  std::vector<int64_t> dims;
  data::AlignedBytes bytes;

  OwnedTensor() = default;
  /// Zeros.
  OwnedTensor(int32_t dtype, std::vector<int64_t> dims);

  int64_t count() const;
  /// Alive as long as the tensor is neither moved nor resized.
  tenon_tensor view() const {
    return {const_cast<uint8_t *>(bytes.data()), dtype, int32_t(dims.size()), dims.data(), nullptr};
  }
  double at(int64_t i) const { return elementAt(dtype, bytes.data(), i); }
  OwnedTensor copy() const;
};

/// "f32[32, 100]".
std::string typeName(int32_t dtype, const std::vector<int64_t> &dims);

struct NamedTensor {
  std::string name;
  std::string role;
  OwnedTensor tensor;
};

/// A tensor kept between calls. `spare` is there once an entry gives its next value in memory of
/// its own.
struct Variable {
  std::string name;
  std::string role; ///< "parameter", "state", "optimizer" or "metric"
  OwnedTensor tensor;
  OwnedTensor spare;

  /// Its name in a checkpoint: a parameter's and a state's own, "optimizer/first/lstm.kernel".
  std::string savedName() const;
};

/// Whether values of this role are kept between calls.
bool isKept(std::string_view role);

/// All variables of a training. Those in it never move.
class TensorStore {
public:
  Variable &add(std::string name, std::string role, OwnedTensor tensor);
  Variable *find(std::string_view name, std::string_view role);
  std::deque<Variable> &variables() { return all; }
  const std::deque<Variable> &variables() const { return all; }

private:
  std::deque<Variable> all;
};

} // namespace tenon::train
