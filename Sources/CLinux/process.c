#define _GNU_SOURCE
#include "CLinux.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { control_descriptor = 3, program_descriptor = 4, packet_descriptors = 64 };

int linux_open_program(const char *path) {
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) return -errno;
    // Not one of the numbers that linux_spawn gives away.
    int program = fcntl(fd, F_DUPFD_CLOEXEC, program_descriptor + 1);
    int failure = -errno;
    close(fd);
    return program < 0 ? failure : program;
}

int linux_spawn(const char *path, int program, char *const arguments[], char *const environment[], int control) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t mask;
    pid_t pid = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    sigdelset(&mask, SIGCHLD);
    // dup2 to the same number clears close-on-exec, too (posix_spawn(3)).
    int failure = posix_spawn_file_actions_adddup2(&actions, control, control_descriptor);
    if (!failure && program >= 0) failure = posix_spawn_file_actions_adddup2(&actions, program, program_descriptor);
    if (!failure) failure = posix_spawn_file_actions_addclosefrom_np(&actions, (program >= 0 ? program_descriptor : control_descriptor) + 1);
    if (!failure) failure = posix_spawnattr_setsigmask(&attributes, &mask);
    if (!failure) failure = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (!failure) failure = posix_spawn(&pid, path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failure ? -failure : pid;
}

char **linux_environment(void) { return environ; }

int linux_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0; }

int linux_forbid_core_dumps(void) {
    // 1, not 0: a program that core_pattern pipes to is started whatever the limit, but for this one (core(5),
    // fs/coredump.c), and no file is as small.
    struct rlimit limit = {.rlim_cur = 1, .rlim_max = 1};
    if (setrlimit(RLIMIT_CORE, &limit) == 0) return 0;
    // The hard limit may be lower already.
    limit.rlim_cur = limit.rlim_max = 0;
    return setrlimit(RLIMIT_CORE, &limit) < 0 ? -errno : 0;
}

long linux_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : (long)limit.rlim_cur;
}

int linux_signal_descriptor(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int index = 0; index < count; index++) sigaddset(&set, signals[index]);
    int failure = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (failure) return -failure;
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int linux_next_signal(int descriptor) {
    struct signalfd_siginfo info;
    return read(descriptor, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

int linux_ended_child(void) {
    siginfo_t ended = {.si_pid = 0};
    return waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 ? ended.si_pid : 0;
}

int linux_take_ended_child(int pid, int *status) {
    int ended = 0;
    if (waitpid(pid, &ended, WNOHANG) != pid) return -ECHILD;
    *status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -WTERMSIG(ended);
    return 0;
}

int linux_packet_pair(int descriptors[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, descriptors) < 0 ? -errno : 0;
}

// The length of the address, or 0 when the name does not fit.
static socklen_t local_address(const char *path, int is_abstract, struct sockaddr_un *out) {
    size_t length = strlen(path);
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    if (length == 0 || length >= sizeof out->sun_path) return 0;
    // An abstract name has a zero before it and none behind (unix(7)).
    memcpy(out->sun_path + (is_abstract ? 1 : 0), path, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

static int packet_socket(const char *name, struct sockaddr_un *address, socklen_t *length) {
    *length = local_address(name, 1, address);
    if (*length == 0) return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd < 0 ? -errno : fd;
}

int linux_packet_listen(const char *name) {
    struct sockaddr_un address;
    socklen_t length;
    int fd = packet_socket(name, &address, &length);
    if (fd < 0) return fd;
    if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 8) < 0) {
        int failure = -errno;
        close(fd);
        return failure;
    }
    return fd;
}

int linux_packet_connect(const char *name) {
    struct sockaddr_un address;
    socklen_t length;
    int fd = packet_socket(name, &address, &length);
    if (fd < 0) return fd;
    if (connect(fd, (struct sockaddr *)&address, length) < 0) {
        int failure = -errno;
        close(fd);
        return failure;
    }
    return fd;
}

ssize_t linux_packet_send(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count, int waits) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(packet_descriptors * sizeof(int))];
    } control;
    struct iovec run = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &run, .msg_iovlen = 1};
    if (descriptor_count > packet_descriptors) return -EINVAL;
    if (descriptor_count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE((size_t)descriptor_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((size_t)descriptor_count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, (size_t)descriptor_count * sizeof(int));
    }
    ssize_t sent;
    do sent = sendmsg(socket, &message, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

ssize_t linux_packet_receive(int socket, void *bytes, size_t capacity, int *descriptors, int *descriptor_count) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(packet_descriptors * sizeof(int))];
    } control;
    struct iovec run = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {.msg_iov = &run, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    int room = *descriptor_count;
    *descriptor_count = 0;
    ssize_t count;
    do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < received; index++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + index * sizeof(int), sizeof fd);
            if (*descriptor_count < room) descriptors[(*descriptor_count)++] = fd;
            else close(fd);
        }
    }
    // A message cut short is none of ours.
    return message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EMSGSIZE : count;
}

int linux_peer(int socket, int *process, unsigned *user) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -errno;
    *process = peer.pid;
    *user = peer.uid;
    return 0;
}

int linux_datagram(const char *path, const void *bytes, size_t count) {
    struct sockaddr_un address;
    int is_abstract = path[0] == '@';
    socklen_t length = local_address(path + is_abstract, is_abstract, &address);
    if (length == 0) return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    ssize_t sent = sendto(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, length);
    int failure = sent < 0 ? -errno : 0;
    close(fd);
    return failure;
}

static int socket_option(int descriptor, int name) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) < 0 ? -1 : value;
}

int linux_is_listener(int descriptor) {
    return socket_option(descriptor, SO_TYPE) == SOCK_STREAM && socket_option(descriptor, SO_ACCEPTCONN) == 1;
}

void linux_adopt_listener(int descriptor, int unsent) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags >= 0) fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
    linux_set_close_on_exec(descriptor, 1);
    if (socket_option(descriptor, SO_DOMAIN) == AF_UNIX) return;
    linux_set_nodelay(descriptor);
    linux_set_unsent(descriptor, unsent);
}

int linux_set_close_on_exec(int descriptor, int is_on) { return fcntl(descriptor, F_SETFD, is_on ? FD_CLOEXEC : 0) < 0 ? -errno : 0; }

typedef struct {
    char *out;
    size_t capacity;
} build_id_room;

// Of the first object only: the program itself.
static int find_build_id(struct dl_phdr_info *object, size_t size, void *context) {
    build_id_room *room = context;
    (void)size;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        if (segment->p_type != PT_NOTE) continue;
        const char *at = (const char *)(object->dlpi_addr + segment->p_vaddr);
        const char *end = at + segment->p_memsz;
        while (end - at >= (ptrdiff_t)sizeof(ElfW(Nhdr))) {
            const ElfW(Nhdr) *note = (const void *)at;
            const char *name = at + sizeof *note;
            const uint8_t *bytes = (const uint8_t *)name + ((note->n_namesz + 3u) & ~3u);
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
                for (size_t byte = 0; byte < note->n_descsz && byte * 2 + 3 <= room->capacity; byte++)
                    snprintf(room->out + byte * 2, 3, "%02x", bytes[byte]);
                return 1;
            }
            at = (const char *)bytes + ((note->n_descsz + 3u) & ~3u);
        }
    }
    return 1;
}

void linux_build_id(char *out, int capacity) {
    build_id_room room = {.out = out, .capacity = capacity > 0 ? (size_t)capacity : 0};
    if (room.capacity == 0) return;
    out[0] = 0;
    dl_iterate_phdr(find_build_id, &room);
}
