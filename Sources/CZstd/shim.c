#include "CZstd.h"

#include <zstd.h>

size_t zstd_bound(size_t count) { return ZSTD_compressBound(count); }

void *zstd_compressor_new(int level) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context) return NULL;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    return context;
}

void zstd_compressor_free(void *compressor) { ZSTD_freeCCtx(compressor); }

size_t zstd_compress(void *compressor, const void *bytes, size_t count, void *out, size_t capacity) {
    // A frame begins anew whatever became of the one before it.
    size_t written = ZSTD_compress2(compressor, out, capacity, bytes, count);
    return ZSTD_isError(written) ? 0 : written;
}

size_t zstd_decompress(const void *bytes, size_t count, void *out, size_t capacity) {
    size_t written = ZSTD_decompress(out, capacity, bytes, count);
    return ZSTD_isError(written) ? (size_t)-1 : written;
}
