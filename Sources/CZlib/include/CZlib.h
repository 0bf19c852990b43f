// zlib's reader of gzip, with its stream kept in C.
#ifndef SLUICE_CZLIB_H
#define SLUICE_CZLIB_H

#include <stddef.h>
#include <stdint.h>

struct czlib_reader;

enum czlib_outcome {
    // There is more to come: of the input, or for want of room.
    CZLIB_MORE = 0,
    // A member has ended; another may follow it.
    CZLIB_END = 1,
    CZLIB_BROKEN = 2
};

// NULL where there is no memory.
struct czlib_reader *czlib_reader_new(void);
void czlib_reader_free(struct czlib_reader *reader);

// Unpacks what `in` has, up to `room` bytes. `taken` and `given` say how far it came; neither count may pass 2^31.
int czlib_read(
    struct czlib_reader *reader, const uint8_t *in, size_t count, uint8_t *out, size_t room, size_t *taken, size_t *given);

// Begins the next member. Returns 0, or why not.
int czlib_reader_restart(struct czlib_reader *reader);

#endif
