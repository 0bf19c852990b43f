// Zstandard, one frame at a time.
#ifndef SLUICE_CZSTD_H
#define SLUICE_CZSTD_H

#include <stddef.h>

// The most that `count` bytes become.
size_t zstd_bound(size_t count);

// What compresses at `level`, with a checksum, one frame after the other; NULL for want of memory. Used by one thread at a time.
void *zstd_compressor_new(int level);
void zstd_compressor_free(void *compressor);

// Compresses; returns how many bytes it wrote, or 0 for want of room or of memory.
size_t zstd_compress(void *compressor, const void *bytes, size_t count, void *out, size_t capacity);

// Writes what a whole frame stands for; returns how many bytes, or (size_t)-1 for what is no such frame, or more than `capacity`.
size_t zstd_decompress(const void *bytes, size_t count, void *out, size_t capacity);

#endif
