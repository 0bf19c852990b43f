#include "CHyperscan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

// Keeps the compiler's words, and lets go of its structure.
static int told(int code, hs_compile_error_t *failure, char *error, size_t capacity) {
    error[0] = 0;
    if (failure == NULL) return code;
    if (failure->message != NULL) strncat(error, failure->message, capacity - 1);
    hs_free_compile_error(failure);
    return code;
}

int hyperscan_compile(const char *expression, hs_database_t **out, char *error, size_t capacity) {
    hs_compile_error_t *failure = NULL;
    int code = hs_compile(expression, HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY, HS_MODE_BLOCK, NULL, out, &failure);
    return told(code, failure, error, capacity);
}

static int stop(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags, void *context) {
    (void)id, (void)from, (void)to, (void)flags, (void)context;
    return 1;
}

int hyperscan_contains(const hs_database_t *database, const void *bytes, size_t count, hs_scratch_t *scratch) {
    if (count > UINT_MAX) return HS_INVALID;
    // The first match ends the scan, and only a match does.
    int code = hs_scan(database, bytes, (unsigned int)count, 0, scratch, stop, NULL);
    return code == HS_SCAN_TERMINATED ? 1 : code;
}

int hyperscan_compile_words(const char *bytes, const size_t *counts, unsigned count, hs_database_t **out, char *error, size_t capacity) {
    hs_compile_error_t *failure = NULL;
    int code = HS_NOMEM;
    const char **words = calloc(count, sizeof *words);
    unsigned *flags = calloc(count, sizeof *flags);
    unsigned *ids = calloc(count, sizeof *ids);
    if (words != NULL && flags != NULL && ids != NULL) {
        for (unsigned index = 0; index < count; index++) {
            words[index] = bytes;
            flags[index] = HS_FLAG_SINGLEMATCH;
            ids[index] = index;
            bytes += counts[index];
        }
        code = hs_compile_lit_multi(words, flags, ids, counts, count, HS_MODE_BLOCK, NULL, out, &failure);
    }
    free(words);
    free(flags);
    free(ids);
    return told(code, failure, error, capacity);
}

static int mark(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags, void *context) {
    (void)from, (void)to, (void)flags;
    uint64_t *found = context;
    found[id / 64] |= (uint64_t)1 << (id % 64);
    return 0;
}

int hyperscan_find_words(const hs_database_t *database, const void *bytes, size_t count, uint64_t *found, hs_scratch_t *scratch) {
    if (count > UINT_MAX) return HS_INVALID;
    return hs_scan(database, bytes, (unsigned int)count, 0, scratch, mark, found);
}
