#include "CZlib.h"

#include <stdlib.h>
#include <zlib.h>

struct czlib_reader {
    z_stream stream;
};

struct czlib_reader *czlib_reader_new(void) {
    struct czlib_reader *reader = calloc(1, sizeof *reader);
    // 16 asks for gzip's head and checksum, and for no other form (zlib.h, inflateInit2).
    if (reader != NULL && inflateInit2(&reader->stream, 16 + MAX_WBITS) != Z_OK) {
        free(reader);
        return NULL;
    }
    return reader;
}

void czlib_reader_free(struct czlib_reader *reader) {
    inflateEnd(&reader->stream);
    free(reader);
}

int czlib_read(
    struct czlib_reader *reader, const uint8_t *in, size_t count, uint8_t *out, size_t room, size_t *taken, size_t *given) {
    reader->stream.next_in = (Bytef *)in;
    reader->stream.avail_in = (uInt)count;
    reader->stream.next_out = out;
    reader->stream.avail_out = (uInt)room;
    int result = inflate(&reader->stream, Z_NO_FLUSH);
    *taken = count - reader->stream.avail_in;
    *given = room - reader->stream.avail_out;
    if (result == Z_STREAM_END) {
        return CZLIB_END;
    }
    // Without room or input no step is possible, and none is broken.
    return result == Z_OK || result == Z_BUF_ERROR ? CZLIB_MORE : CZLIB_BROKEN;
}

int czlib_reader_restart(struct czlib_reader *reader) {
    return inflateReset(&reader->stream);
}

// Around zlib's own form, which the bound is of, gzip has 12 bytes more (RFC 1952 §2.3, RFC 1950 §2.2).
size_t czlib_pack_bound(size_t count) {
    return compressBound(count) + 12;
}

size_t czlib_pack(const uint8_t *in, size_t count, uint8_t *out, size_t room) {
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    stream.next_in = (Bytef *)in;
    stream.avail_in = (uInt)count;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    int result = deflate(&stream, Z_FINISH);
    size_t packed = room - stream.avail_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END ? packed : 0;
}
