// gzip with zlib, with its streams kept in C.
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

// As many bytes as `count` may come to when they are packed; neither may pass 2^31.
size_t czlib_pack_bound(size_t count);

// Packs what `in` has into one member, at zlib's usual level, with neither time nor name in its head. Returns how many bytes it has; 0 where there is no
// memory for it, or less room than the bound.
size_t czlib_pack(const uint8_t *in, size_t count, uint8_t *out, size_t room);

#endif
