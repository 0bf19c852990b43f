// Hyperscan, with its error structure and its callback kept in C.
#ifndef SLUICE_CHYPERSCAN_H
#define SLUICE_CHYPERSCAN_H

#include <hs/hs.h>
#include <stddef.h>

// Compiles one expression for whole texts, to say only whether it matches: text is bytes, an empty match counts.
// Returns HS_SUCCESS, or why not with the compiler's words in `error`, NUL-terminated, at most `capacity` bytes of them.
int hyperscan_compile(const char *expression, hs_database_t **out, char *error, size_t capacity);

// 1 when the database matches anywhere in the text, 0 when not, a negative HS_ code when it could not be scanned.
// The scratch must have been allocated for this database; Hyperscan does not check all of that.
int hyperscan_contains(const hs_database_t *database, const void *bytes, size_t count, hs_scratch_t *scratch);

#endif
