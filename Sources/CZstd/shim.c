#include "CZstd.h"

#include <zstd.h>

size_t zstd_bound(size_t count) { return ZSTD_compressBound(count); }

size_t zstd_compress(const void *bytes, size_t count, void *out, size_t capacity, int level) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context) return 0;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t written = ZSTD_compress2(context, out, capacity, bytes, count);
    ZSTD_freeCCtx(context);
    return ZSTD_isError(written) ? 0 : written;
}

size_t zstd_decompress(const void *bytes, size_t count, void *out, size_t capacity) {
    size_t written = ZSTD_decompress(out, capacity, bytes, count);
    return ZSTD_isError(written) ? (size_t)-1 : written;
}
