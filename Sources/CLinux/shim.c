#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int linux_address_from_bytes(const uint8_t *bytes, int length, uint32_t scope, uint16_t port, linux_address *out) {
    memset(out, 0, sizeof *out);
    if (length == 4) {
        out->address.v4.sin_family = AF_INET;
        out->address.v4.sin_port = htons(port);
        memcpy(&out->address.v4.sin_addr, bytes, 4);
        out->length = sizeof out->address.v4;
        return 0;
    }
    if (length == 16) {
        out->address.v6.sin6_family = AF_INET6;
        out->address.v6.sin6_port = htons(port);
        out->address.v6.sin6_scope_id = scope;
        memcpy(&out->address.v6.sin6_addr, bytes, 16);
        out->length = sizeof out->address.v6;
        return 0;
    }
    return -1;
}

int linux_address_parse(const char *text, uint16_t port, linux_address *out) {
    uint8_t bytes[16];
    if (inet_pton(AF_INET, text, bytes) == 1) return linux_address_from_bytes(bytes, 4, 0, port, out);
    if (inet_pton(AF_INET6, text, bytes) == 1) return linux_address_from_bytes(bytes, 16, 0, port, out);
    return -1;
}

int linux_address_local(const char *path, linux_address *out) {
    size_t length = strlen(path);
    memset(out, 0, sizeof *out);
    if (length == 0 || length >= sizeof out->address.local.sun_path) return -1;
    out->address.local.sun_family = AF_UNIX;
    memcpy(out->address.local.sun_path, path, length + 1);
    out->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    return 0;
}

int linux_address_text(const linux_address *address, char *out, int capacity) {
    switch (address->address.any.sa_family) {
    case AF_INET:
        return inet_ntop(AF_INET, &address->address.v4.sin_addr, out, (socklen_t)capacity) ? 0 : -1;
    case AF_INET6:
        return inet_ntop(AF_INET6, &address->address.v6.sin6_addr, out, (socklen_t)capacity) ? 0 : -1;
    case AF_UNIX:
        // An unnamed peer (every accepted one) has no path bytes at all.
        snprintf(out, (size_t)capacity, "%s",
                 address->length > offsetof(struct sockaddr_un, sun_path) ? address->address.local.sun_path : "unix");
        return 0;
    default:
        return -1;
    }
}

int linux_address_port(const linux_address *address) {
    switch (address->address.any.sa_family) {
    case AF_INET: return ntohs(address->address.v4.sin_port);
    case AF_INET6: return ntohs(address->address.v6.sin6_port);
    default: return 0;
    }
}

static int is_ip(const linux_address *address) { return address->address.any.sa_family != AF_UNIX; }

int linux_listen(const linux_address *address, int backlog, int unsent) {
    int one = 1;
    int fd = socket(address->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (is_ip(address)) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
        // Inherited by accepted sockets, which saves a call a connection.
        linux_set_nodelay(fd);
        linux_set_unsent(fd, unsent);
        if (address->address.any.sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    }
    if (bind(fd, &address->address.any, address->length) < 0 || listen(fd, backlog) < 0) {
        int failure = -errno;
        close(fd);
        return failure;
    }
    return fd;
}

int linux_is_taken(const linux_address *address) {
    int one = 1;
    int fd = socket(address->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return 0;
    // Without SO_REUSEPORT: then a listener that has it is in the way, too.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (address->address.any.sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    int taken = bind(fd, &address->address.any, address->length) < 0 && errno == EADDRINUSE;
    // Some conflicts are found only here.
    if (!taken) taken = listen(fd, 1) < 0 && errno == EADDRINUSE;
    close(fd);
    return taken;
}

int linux_local_occupant(const linux_address *address) {
    struct stat status;
    // Of whatever else is wrong with it, bind tells.
    if (lstat(address->address.local.sun_path, &status) < 0) return 0;
    if (!S_ISSOCK(status.st_mode)) return 2;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return 1;
    int is_dead = connect(fd, &address->address.any, address->length) < 0 && (errno == ECONNREFUSED || errno == ENOENT);
    close(fd);
    return !is_dead;
}

int linux_accept(int listener, linux_address *peer) {
    peer->length = sizeof peer->address;
    int fd = accept4(listener, &peer->address.any, &peer->length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int linux_connect(const linux_address *address) {
    int fd = socket(address->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (is_ip(address)) linux_set_nodelay(fd);
    if (connect(fd, &address->address.any, address->length) < 0 && errno != EINPROGRESS) {
        int failure = -errno;
        close(fd);
        return failure;
    }
    return fd;
}

int linux_wait(int epoll, struct epoll_event *events, int capacity, int milliseconds) {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
    // It orders a wake-up after what came before it only where it sees this call.
    return epoll_wait(epoll, events, capacity, milliseconds);
#endif
#endif
    return (int)syscall(SYS_epoll_pwait, epoll, events, capacity, milliseconds, NULL, 0);
}

int linux_timer(void) {
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return timer < 0 ? -errno : timer;
}

int linux_timer_set(int timer, uint64_t nanoseconds) {
    // All zeros would unset it.
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000) + (nanoseconds == 0)}};
    // Asked of the kernel itself: libfaketime, which tests show a process another wall clock by, takes a point of any clock for one of that.
    return syscall(SYS_timerfd_settime, timer, TFD_TIMER_ABSTIME, &at, NULL) < 0 ? -errno : 0;
}

ssize_t linux_receive(int descriptor, void *out, size_t capacity) {
    long count = syscall(SYS_recvfrom, descriptor, out, capacity, 0, NULL, NULL);
    return count < 0 ? -errno : count;
}

ssize_t linux_peek(int descriptor, void *out, size_t capacity) {
    long count = syscall(SYS_recvfrom, descriptor, out, capacity, MSG_PEEK, NULL, NULL);
    return count < 0 ? -errno : count;
}

ssize_t linux_send(int descriptor, const void *bytes, size_t count) {
    long sent = syscall(SYS_sendto, descriptor, bytes, count, MSG_NOSIGNAL, NULL, 0);
    return sent < 0 ? -errno : sent;
}

ssize_t linux_write_runs(int descriptor, const struct iovec *runs, int count) {
    struct msghdr message = {.msg_iov = (struct iovec *)runs, .msg_iovlen = (size_t)count};
    long written = syscall(SYS_sendmsg, descriptor, &message, MSG_NOSIGNAL);
    return written < 0 ? -errno : written;
}

int linux_socket_error(int descriptor) {
    int failure = 0;
    socklen_t length = sizeof failure;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length) < 0 ? errno : failure;
}

int linux_set_nodelay(int descriptor) {
    int one = 1;
    return setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ? -errno : 0;
}

int linux_set_unsent(int descriptor, int byte_count) {
    return setsockopt(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &byte_count, sizeof byte_count) < 0 ? -errno : 0;
}

int linux_local_address(int descriptor, linux_address *out) {
    out->length = sizeof out->address;
    return getsockname(descriptor, &out->address.any, &out->length) < 0 ? -errno : 0;
}

int linux_set_reset_on_close(int descriptor) {
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) < 0 ? -errno : 0;
}

int linux_unacknowledged(int descriptor) {
    int count;
    return ioctl(descriptor, SIOCOUTQ, &count) < 0 ? -errno : count;
}

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t linux_monotonic_nanoseconds(void) { return nanoseconds(CLOCK_MONOTONIC); }
uint64_t linux_wall_nanoseconds(void) { return nanoseconds(CLOCK_REALTIME); }

void linux_name_thread(const char *name) {
    char kept[16];
    snprintf(kept, sizeof kept, "%s", name);
    pthread_setname_np(pthread_self(), kept);
}

const uint8_t *linux_find(const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count) {
    return memmem(bytes, count, needle, needle_count);
}

int linux_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

int linux_random(void *out, size_t count) {
    uint8_t *next = out;
    while (count > 0) {
        ssize_t got = getrandom(next, count, 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        next += got;
        count -= (size_t)got;
    }
    return 0;
}
