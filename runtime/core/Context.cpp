#include "runtime/core/Context.h"

#include <new>
#include <sys/mman.h>

namespace tenon {

namespace {
constexpr int32_t kMaximumThreads = 1024;
constexpr int64_t kHugePage = int64_t(2) << 20;

void runOnGang(void *self, int32_t n, void (*task)(void *, int32_t), void *argument) {
  static_cast<Gang *>(self)->run(n, task, argument);
}
} // namespace

uint8_t *Arena::reserve(int64_t bytes) {
  if (memory && bytes <= capacity)
    return memory;
  int64_t alignment = bytes >= 2 * kHugePage ? kHugePage : 64;
  int64_t wanted = 0;
  if (__builtin_add_overflow(bytes, alignment, &wanted))
    return nullptr;
  wanted -= wanted % alignment;
  // The old memory goes first: nothing in it is needed, and both at once may not fit.
  free(memory);
  capacity = 0;
  memory = static_cast<uint8_t *>(aligned_alloc(size_t(alignment), size_t(wanted)));
  if (!memory)
    return nullptr;
  if (alignment == kHugePage)
    madvise(memory, size_t(wanted), MADV_HUGEPAGE);
  capacity = wanted;
  return memory;
}

} // namespace tenon

using namespace tenon;

extern "C" {

tenon_status tenon_context_create(const tenon_threads *threads, int32_t count,
                                  tenon_context **context) {
  if (!context)
    return TENON_INVALID_ARGUMENT;
  *context = nullptr;
  if (threads && (threads->size < sizeof(tenon_threads) || !threads->run || threads->count < 1))
    return TENON_INVALID_ARGUMENT;
  auto *made = new (std::nothrow) tenon_context;
  if (!made)
    return TENON_OUT_OF_MEMORY;
  if (threads) {
    made->threads = *threads;
    if (!threads->concurrent)
      made->threads.count = 1;
  } else {
    int32_t wanted = count > 0 ? count : availableProcessors();
    if (wanted > kMaximumThreads || !made->gang.start(wanted)) {
      delete made;
      return wanted > kMaximumThreads ? TENON_INVALID_ARGUMENT : TENON_OUT_OF_MEMORY;
    }
    made->threads = {sizeof(tenon_threads), &made->gang, wanted, 1, runOnGang};
  }
  *context = made;
  return TENON_OK;
}

void tenon_context_destroy(tenon_context *context) { delete context; }

int32_t tenon_context_threads(const tenon_context *context) { return context->threads.count; }

const char *tenon_context_message(const tenon_context *context) {
  return context ? context->message.text() : "";
}

void tenon_interrupt(tenon_context *context) {
  context->interrupt.store(1, std::memory_order_relaxed);
}

void tenon_context_limit_grown(tenon_context *context, int64_t bytes) {
  context->grown.setLimit(bytes);
}

void tenon_barrier(const tenon_frame *frame) {
  auto *state = static_cast<CallState *>(frame->gang);
  state->barrier.wait([state] {
    state->mustStop = state->interrupt->load(std::memory_order_relaxed) != 0 ||
                      __atomic_load_n(&state->check, __ATOMIC_RELAXED) != INT64_MAX;
  });
}

void tenon_grow(const tenon_frame *frame, int32_t index, int64_t bytes) {
  auto *state = static_cast<CallState *>(frame->gang);
  if (!state->grown->grow(index, bytes))
    state->exhausted = index;
}

int32_t tenon_must_stop(const tenon_frame *frame) {
  auto *state = static_cast<CallState *>(frame->gang);
  if (state->mustStop)
    state->stopped.store(true, std::memory_order_relaxed);
  return state->mustStop;
}

void tenon_check_failed(const tenon_frame *frame, int64_t index, int64_t where) {
  if (__atomic_load_n(frame->check, __ATOMIC_RELAXED) < index)
    return;
  auto *state = static_cast<CallState *>(frame->gang);
  while (state->checkLock.test_and_set(std::memory_order_acquire)) {
  }
  int64_t lowest = __atomic_load_n(frame->check, __ATOMIC_RELAXED);
  if (index < lowest || (index == lowest && where < *frame->check_where)) {
    *frame->check_where = where;
    __atomic_store_n(frame->check, index, __ATOMIC_RELAXED);
  }
  state->checkLock.clear(std::memory_order_release);
}

const tenon_entry *tenon_find(const tenon_program *program, const char *name) {
  if (!program || program->n_entries <= 0)
    return nullptr;
  // Entries of another version may be longer than ours: step by the size they state.
  const char *at = reinterpret_cast<const char *>(program->entries);
  for (int32_t i = 0; i < program->n_entries; ++i) {
    auto *entry = reinterpret_cast<const tenon_entry *>(at);
    if (!__builtin_strcmp(entry->name, name))
      return entry;
    at += program->entries->size;
  }
  return nullptr;
}

uint32_t tenon_abi_version(void) { return TENON_ABI_VERSION; }
}
