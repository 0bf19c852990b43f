// Hyperscan, with its error structure and its callback kept in C.
#ifndef SLUICE_CHYPERSCAN_H
#define SLUICE_CHYPERSCAN_H

#include <hs/hs.h>
#include <stddef.h>
#include <stdint.h>

// Compiles one expression for whole texts, to say only whether it matches: text is bytes, an empty match counts.
// Returns HS_SUCCESS, or why not with the compiler's words in `error`, NUL-terminated, at most `capacity` bytes of them.
int hyperscan_compile(const char *expression, hs_database_t **out, char *error, size_t capacity);

// 1 when the database matches anywhere in the text, 0 when not, a negative HS_ code when it could not be scanned.
// The scratch must have been allocated for this database; Hyperscan does not check all of that.
int hyperscan_contains(const hs_database_t *database, const void *bytes, size_t count, hs_scratch_t *scratch);

// Compiles words, which lie one behind the other in `bytes` with their lengths in `counts`, each as it stands and with its index as
// its id. Returns as hyperscan_compile does.
int hyperscan_compile_words(const char *bytes, const size_t *counts, unsigned count, hs_database_t **out, char *error, size_t capacity);

// Sets the bit of each word that stands anywhere in the text, bit i of `found[i / 64]`; HS_SUCCESS, or why it could not be scanned.
int hyperscan_find_words(const hs_database_t *database, const void *bytes, size_t count, uint64_t *found, hs_scratch_t *scratch);

#endif
