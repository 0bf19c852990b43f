// Linux calls that Swift's Glibc module does not import, or imports awkwardly.
#ifndef SLUICE_CLINUX_H
#define SLUICE_CLINUX_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "files.h"
#include "process.h"

// An IPv4, IPv6 or Unix address in the kernel's own layout.
typedef struct {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } address;
    socklen_t length;
} linux_address;

// Parses a numeric IPv4 or IPv6 address (no brackets). Returns 0, or -1 when `text` is neither.
int linux_address_parse(const char *text, uint16_t port, linux_address *out);

// Fills an address from 4 or 16 bytes in network order. Returns 0, or -1 for another length.
int linux_address_from_bytes(const uint8_t *bytes, int length, uint32_t scope, uint16_t port, linux_address *out);

// Fills a Unix-domain address. Returns 0, or -1 when the path is longer than the kernel takes.
int linux_address_local(const char *path, linux_address *out);

// Writes the numeric form ("127.0.0.1", "::1", or the path) without the port, NUL-terminated.
int linux_address_text(const linux_address *address, char *out, int capacity);

int linux_address_port(const linux_address *address);

// A nonblocking, close-on-exec listener; SO_REUSEPORT for IP. Returns the descriptor or -errno.
int linux_listen(const linux_address *address, int backlog, int unsent);

// 1 when an IP address and port cannot be bound because somebody has them, 0 otherwise.
int linux_is_taken(const linux_address *address);

// What is at the path of a Unix address: 0 nothing, or a socket that nobody listens on; 1 one that somebody does; 2 another kind of file.
int linux_local_occupant(const linux_address *address);

// Accepts one connection, nonblocking, close-on-exec. Returns the descriptor or -errno.
int linux_accept(int listener, linux_address *peer);

// Starts a nonblocking connect, TCP_NODELAY for IP. Returns the descriptor (connecting or connected) or -errno.
int linux_connect(const linux_address *address);

// epoll_wait(2), recv(2), send(2) and, for several runs, sendmsg(2) without Glibc's thread cancellation, which costs each call two
// atomic operations in a process with threads. Return the count or -errno; linux_wait -1.
int linux_wait(int epoll, struct epoll_event *events, int capacity, int milliseconds);
// A timer of the monotonic clock that becomes readable, not set. Returns the descriptor or -errno.
int linux_timer(void);
// Sets or moves it to a point of that clock; one that has passed is reached at once.
int linux_timer_set(int timer, uint64_t nanoseconds);
ssize_t linux_receive(int descriptor, void *out, size_t capacity);
// The same without taking the bytes (MSG_PEEK).
ssize_t linux_peek(int descriptor, void *out, size_t capacity);
ssize_t linux_send(int descriptor, const void *bytes, size_t count);
ssize_t linux_write_runs(int descriptor, const struct iovec *runs, int count);

// The pending error of a socket (SO_ERROR), 0 when none.
int linux_socket_error(int descriptor);

int linux_set_nodelay(int descriptor);
// TCP_NOTSENT_LOWAT.
int linux_set_unsent(int descriptor, int byte_count);
int linux_local_address(int descriptor, linux_address *out);

// Bytes written that the peer has not acknowledged (SIOCOUTQ), also of a connection that has ended; or -errno.
int linux_unacknowledged(int descriptor);

// RST instead of FIN when the descriptor is closed.
int linux_set_reset_on_close(int descriptor);

// Nanoseconds on CLOCK_MONOTONIC and CLOCK_REALTIME.
uint64_t linux_monotonic_nanoseconds(void);
uint64_t linux_wall_nanoseconds(void);

// Names the calling thread for ps, top and perf (at most 15 bytes are kept).
void linux_name_thread(const char *name);

// Where `needle` first stands in `bytes`, or NULL (memmem, which Glibc hides without _GNU_SOURCE).
const uint8_t *linux_find(const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count);

// Has the line loaded that `address` lies in, without waiting for it.
static inline void linux_prefetch(const void *address) { __builtin_prefetch(address); }

typedef uint8_t linux_lanes __attribute__((__ext_vector_type__(16)));

// One bit a lane, the first lane's the lowest, of lanes that are all ones or all zeros each: one instruction on x86-64, none of Swift's.
static inline uint32_t linux_lane_bits(linux_lanes lanes) {
#ifdef __SSE2__
    return (uint32_t)__builtin_ia32_pmovmskb128(lanes);
#else
    uint32_t bits = 0;
    for (int lane = 0; lane < 16; lane++) bits |= (uint32_t)(lanes[lane] & 1) << lane;
    return bits;
#endif
}

// The lesser byte of each lane: one instruction, which Swift's own is not.
static inline linux_lanes linux_lane_least(linux_lanes one, linux_lanes other) { return __builtin_elementwise_min(one, other); }

// Number of processors this process may run on.
int linux_processor_count(void);

// Fills `out` with `count` unpredictable bytes. Returns 0 or -errno.
int linux_random(void *out, size_t count);

#endif
