//===- Arena.h - Memory for a syntax tree -----------------------*- C++ -*-===//
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tenon {

/// Hands out memory that is released all at once; what it holds is never destroyed one by one.
class Arena {
public:
  template <typename T, typename... Args> T *make(Args &&...args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  template <typename T> std::span<const T> copy(const std::vector<T> &items) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (items.empty())
      return {};
    auto *data = static_cast<T *>(allocate(items.size() * sizeof(T), alignof(T)));
    std::uninitialized_copy(items.begin(), items.end(), data);
    return {data, items.size()};
  }

  std::string_view copy(std::string_view text) {
    if (text.empty())
      return {};
    auto *data = static_cast<char *>(allocate(text.size(), 1));
    std::memcpy(data, text.data(), text.size());
    return {data, text.size()};
  }

private:
  static constexpr size_t blockSize = size_t(1) << 16;

  void *allocate(size_t size, size_t alignment) {
    size_t padding = (alignment - reinterpret_cast<uintptr_t>(next_) % alignment) % alignment;
    if (next_ == nullptr || padding + size > left_) {
      size_t capacity = std::max(blockSize, size + alignment);
      blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(capacity));
      next_ = blocks_.back().get();
      left_ = capacity;
      padding = (alignment - reinterpret_cast<uintptr_t>(next_) % alignment) % alignment;
    }
    std::byte *result = next_ + padding;
    next_ = result + size;
    left_ -= padding + size;
    return result;
  }

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte *next_ = nullptr;
  size_t left_ = 0;
};

} // namespace tenon
