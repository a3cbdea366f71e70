/* The C ABI between compiled code, the runtime and an embedding application.
 *
 * Plain C, no allocation across the border, every struct that may grow starts with its size.
 * Compiled code sees `tenon_frame` and the two functions at the end of this file, nothing else. */
#ifndef TENON_RUNTIME_CORE_ABI_H
#define TENON_RUNTIME_CORE_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_ABI_VERSION 1
#define TENON_EXPORT __attribute__((visibility("default")))
#define TENON_MAX_RANK 12

/* Element types; the values are part of checkpoints and never change. */
typedef enum tenon_dtype {
  TENON_BOOL = 0, /* one byte, 0 or 1 */
  TENON_I8 = 1,
  TENON_U8 = 2,
  TENON_I32 = 3,
  TENON_I64 = 4,
  TENON_F16 = 5,
  TENON_BF16 = 6,
  TENON_F32 = 7,
  TENON_F64 = 8
} tenon_dtype;

/* A view of memory that somebody else owns. Strides are in elements; `strides` NULL means
 * row-major. `data` needs the alignment of its element only. */
typedef struct tenon_tensor {
  void *data;
  int32_t dtype; /* tenon_dtype */
  int32_t rank;
  const int64_t *dims;
  const int64_t *strides;
} tenon_tensor;

/* An extent of a binding: a number, one named dimension, or an expression over named dimensions
 * that only the compiled code evaluates. */
#define TENON_DIM_EXPRESSION INT64_MIN
#define TENON_DIM_SYMBOL(i) (-(int64_t)(i) - 1)

/* One argument or result of a compiled function. */
typedef struct tenon_binding {
  const char *name; /* "tokens", "lstm.kernel", "loss"; unique among inputs (and outputs) */
  const char *role; /* see docs/architecture.md, "Roles": "parameter", "state", "optimizer", … */
  int32_t dtype;
  int32_t rank;
  const int64_t *dims; /* `rank` entries: >= 0 fixed, TENON_DIM_SYMBOL(i), TENON_DIM_EXPRESSION */
  int32_t alias;       /* output: the input whose buffer it may share (donated), else -1 */
} tenon_binding;

/* Memory that grows while a function runs: values along the steps of a loop without a bound. */
typedef struct tenon_grown {
  uint8_t *data; /* 64-byte aligned */
  int64_t capacity;
} tenon_grown;

/* What one call hands to the compiled body. One per call; shared by all its threads. */
typedef struct tenon_frame {
  void *const *inputs; /* data pointers, row-major contiguous, in binding order */
  void *const *outputs;
  uint8_t *arena;           /* 64-byte aligned, `arena_bytes` from `plan` plus
                             * `threads` * `scratch_bytes` after it */
  const int64_t *symbols;   /* values of the named dimensions */
  int64_t *check;           /* lowest index of a failed check so far, INT64_MAX if none; see
                             * tenon_check_failed */
  int64_t *check_where;     /* flat element index at which that check failed */
  void *gang;               /* for the functions that compiled code calls */
  const tenon_grown *grown; /* `n_grown` of them; see tenon_grow */
} tenon_frame;

/* A check compiled into a function: what to say when it fails. */
typedef struct tenon_check_info {
  const char *message;  /* in the user's words, "index out of range" */
  const char *location; /* "file.tn:12:8" */
} tenon_check_info;

/* A compiled function. `body` is run by all threads of a call at once, `thread` in [0, threads). */
typedef struct tenon_entry {
  uint32_t size; /* sizeof(tenon_entry) */
  const char *name;
  int32_t n_symbols;
  const char *const *symbols;
  int32_t n_inputs;
  const tenon_binding *inputs;
  int32_t n_outputs;
  const tenon_binding *outputs;
  int32_t n_checks;
  const tenon_check_info *checks;
  int64_t scratch_bytes; /* for each thread, multiple of 64 */
  /* Sizes for these dimensions: the arena's bytes (multiple of 64) and all output extents one
   * after the other (`rank` numbers for each output). */
  void (*plan)(const int64_t *symbols, int64_t *arena_bytes, int64_t *output_dims);
  void (*body)(const tenon_frame *frame, int32_t thread, int32_t threads);
  /* All input extents one after the other, needed where an input has a TENON_DIM_EXPRESSION (a call
   * is refused where one is there and this is NULL, since nothing could check the memory). */
  void (*input_dims)(const int64_t *symbols, int64_t *input_dims);
  /* Memories that grow, and for each the place of its loop, "file.tn:12:8". */
  int32_t n_grown;
  const char *const *grown;
} tenon_entry;

typedef struct tenon_program {
  uint32_t size; /* sizeof(tenon_program) */
  uint32_t abi_version;
  const char *numeric_mode; /* "fma" or "no-fma"; checkpoints name it */
  int32_t n_entries;
  const tenon_entry *entries;
} tenon_program;

typedef enum tenon_status {
  TENON_OK = 0,
  TENON_INVALID_ARGUMENT = 1, /* a shape, dtype, stride, overlap or name that doesn't fit */
  TENON_CHECK_FAILED = 2,     /* a check of the program failed; donated buffers are untouched */
  TENON_OUT_OF_MEMORY = 3,
  TENON_IO_ERROR = 4,
  TENON_CORRUPT = 5,    /* a file that isn't what its name says */
  TENON_INTERRUPTED = 6 /* by tenon_interrupt; donated buffers are untouched */
} tenon_status;

/* Called by compiled code. All threads of the call meet here. */
TENON_EXPORT void tenon_barrier(const tenon_frame *frame);
/* Called by compiled code when check `index` fails at element `where`. Any thread, any number of
 * times; the lowest (index, where) wins, so the answer doesn't depend on the thread count. */
TENON_EXPORT void tenon_check_failed(const tenon_frame *frame, int64_t index, int64_t where);
/* Called by compiled code between two barriers, by one thread: memory `index` shall have at least
 * `bytes` and keep what is in it. Where it can't, its capacity stays below `bytes`, and all threads
 * return from the body. */
TENON_EXPORT void tenon_grow(const tenon_frame *frame, int32_t index, int64_t bytes);
/* Called by compiled code after a barrier, by all threads, where a loop might go on without end.
 * Not 0 if, when the barrier was reached, a check had failed or the call was to be interrupted: all
 * threads get the same answer, and return from the body. */
TENON_EXPORT int32_t tenon_must_stop(const tenon_frame *frame);

/* An application may bring its own threads: `run` calls task(argument, i) for every i in [0, n),
 * on any threads, and returns when all are done. The default is a gang of persistent workers.
 * A body with barriers needs all n tasks to run at the same time; `concurrent` says whether this
 * implementation promises that. Where it doesn't, calls use one thread. */
typedef struct tenon_threads {
  uint32_t size; /* sizeof(tenon_threads) */
  void *self;
  int32_t count;
  int32_t concurrent;
  void (*run)(void *self, int32_t n, void (*task)(void *argument, int32_t i), void *argument);
} tenon_threads;

typedef struct tenon_context tenon_context;

/* A context owns an arena and threads, and serves one call at a time. `threads` NULL: a gang of
 * `count` of the runtime's own, or of as many as the process has processors where `count` <= 0. */
TENON_EXPORT tenon_status tenon_context_create(const tenon_threads *threads, int32_t count,
                                               tenon_context **context);
TENON_EXPORT void tenon_context_destroy(tenon_context *context);
/* How many threads a call uses. */
TENON_EXPORT int32_t tenon_context_threads(const tenon_context *context);
/* Asks the call in progress to stop; it does so at the next step of a `loop`, if it comes to one,
 * and answers TENON_INTERRUPTED. May be called by any thread and by a signal handler. */
TENON_EXPORT void tenon_interrupt(tenon_context *context);
/* How many bytes may be kept for derivatives of loops without a bound; <= 0: half of the machine's
 * memory, as it is from the start. */
TENON_EXPORT void tenon_context_limit_grown(tenon_context *context, int64_t bytes);
/* The message of the last call on this context that did not answer TENON_OK; never NULL. */
TENON_EXPORT const char *tenon_context_message(const tenon_context *context);

/* Output extents for inputs of these extents: solves the named dimensions and checks every input's
 * dtype, rank and extents. `dims` receives all output extents one after the other. */
TENON_EXPORT tenon_status tenon_infer(tenon_context *context, const tenon_entry *entry,
                                      const tenon_tensor *inputs, int64_t *dims);
/* Calls a compiled function. Grows the arena if these dimensions need it, runs the body, answers
 * by status. An output that aliases its input (binding.alias) may have the same data pointer; any
 * other overlap is TENON_INVALID_ARGUMENT. */
TENON_EXPORT tenon_status tenon_call(tenon_context *context, const tenon_entry *entry,
                                     const tenon_tensor *inputs, const tenon_tensor *outputs);

TENON_EXPORT const tenon_entry *tenon_find(const tenon_program *program, const char *name);
TENON_EXPORT uint32_t tenon_abi_version(void);
TENON_EXPORT int64_t tenon_dtype_bytes(int32_t dtype);
TENON_EXPORT const char *tenon_dtype_name(int32_t dtype);

#ifdef __cplusplus
}
#endif
#endif
