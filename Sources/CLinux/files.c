#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int change(int descriptor, int64_t offset, short type, int command) {
    // l_pid must be 0 for locks of open files (fcntl(2)).
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1, .l_pid = 0};
    int result;
    do {
        result = fcntl(descriptor, command, &lock);
    } while (result < 0 && errno == EINTR);
    if (result == 0) return 0;
    return errno == EACCES ? -EAGAIN : -errno;
}

int linux_lock_byte(int descriptor, int64_t offset, int waits) {
    return change(descriptor, offset, F_WRLCK, waits ? F_OFD_SETLKW : F_OFD_SETLK);
}

int linux_unlock_byte(int descriptor, int64_t offset) { return change(descriptor, offset, F_UNLCK, F_OFD_SETLK); }

int linux_is_byte_locked(int descriptor, int64_t offset) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1, .l_pid = 0};
    if (fcntl(descriptor, F_OFD_GETLK, &lock) < 0) return -errno;
    return lock.l_type != F_UNLCK;
}
