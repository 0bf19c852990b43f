/* Counts allocations a thread, for LD_PRELOAD: who calls malloc in steady state?
 *
 *   MALLOC_COUNT_FILE=/tmp/counts LD_PRELOAD=malloc_count.so program
 *
 * The counters live in that file, mapped shared by every process of the tree, so a reader
 * takes them at any moment, with no signal and no thread of ours. The file is a table of
 * 64-byte rows of little-endian 64-bit words. Row 0: rows claimed so far. Row n: thread id, then
 * calls of malloc, calloc, realloc and of the aligned kind (posix_memalign, aligned_alloc,
 * memalign, valloc). A row is never reused; threads past the last row count in row 1023.
 * The reader names a thread by /proc/PID/task/TID/comm.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's own entry points: dlsym would itself allocate before we are ready. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { row_count = 1024 };

typedef struct {
    _Atomic uint64_t thread, malloc_calls, calloc_calls, realloc_calls, aligned_calls, unused[3];
} Row;

static Row *table;
/* initial-exec: the general model may allocate on a thread's first use. */
static __thread Row *own __attribute__((tls_model("initial-exec")));

static void forget_row(void) { own = NULL; }

__attribute__((constructor)) static void map_table(void) {
    const char *path = getenv("MALLOC_COUNT_FILE");
    if (!path) return;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return;
    if (ftruncate(fd, row_count * sizeof(Row)) == 0) {
        void *at = mmap(NULL, row_count * sizeof(Row), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at != MAP_FAILED) table = at;
    }
    close(fd);
    pthread_atfork(NULL, NULL, forget_row); /* the child's thread is another thread */
}

static Row *row(void) {
    if (own) return own;
    if (!table) return NULL;
    uint64_t n = atomic_fetch_add(&table[0].thread, 1) + 1;
    own = &table[n < row_count ? n : row_count - 1];
    atomic_store(&own->thread, (uint64_t)syscall(SYS_gettid));
    return own;
}

/* Only the row's own thread writes it, so a plain load and store would do; relaxed says so. */
#define COUNT(field) do { Row *r = row(); if (r) atomic_store_explicit(&r->field, \
    atomic_load_explicit(&r->field, memory_order_relaxed) + 1, memory_order_relaxed); } while (0)

void *malloc(size_t n) { COUNT(malloc_calls); return __libc_malloc(n); }
void *calloc(size_t n, size_t m) { COUNT(calloc_calls); return __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { COUNT(realloc_calls); return __libc_realloc(p, n); }

void *reallocarray(void *p, size_t n, size_t m) {
    size_t bytes;
    if (__builtin_mul_overflow(n, m, &bytes)) { errno = ENOMEM; return NULL; }
    COUNT(realloc_calls);
    return __libc_realloc(p, bytes);
}

void *memalign(size_t alignment, size_t n) { COUNT(aligned_calls); return __libc_memalign(alignment, n); }
void *aligned_alloc(size_t alignment, size_t n) { COUNT(aligned_calls); return __libc_memalign(alignment, n); }
void *valloc(size_t n) { COUNT(aligned_calls); return __libc_memalign((size_t)sysconf(_SC_PAGESIZE), n); }

int posix_memalign(void **out, size_t alignment, size_t n) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
    COUNT(aligned_calls);
    void *p = __libc_memalign(alignment, n);
    if (!p) return ENOMEM;
    *out = p;
    return 0;
}
