#pragma once

#include <stdint.h>

// Calls of malloc, calloc, realloc and the aligned kind that this thread has made.
uint64_t allocations_of_thread(void);
