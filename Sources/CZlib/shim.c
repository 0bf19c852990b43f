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
