// libFuzzer's entry; see "Fuzzing" in docs/working.md.
#include "tests/hostile/CheckBytes.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  tenon::test::checkBytes(std::string(reinterpret_cast<const char *>(data), size));
  return 0;
}
