#include "CHyperscan.h"

#include <limits.h>
#include <string.h>

int hyperscan_compile(const char *expression, hs_database_t **out, char *error, size_t capacity) {
    hs_compile_error_t *failure = NULL;
    int code = hs_compile(expression, HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY, HS_MODE_BLOCK, NULL, out, &failure);
    error[0] = 0;
    if (failure == NULL) return code;
    if (failure->message != NULL) strncat(error, failure->message, capacity - 1);
    hs_free_compile_error(failure);
    return code;
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
