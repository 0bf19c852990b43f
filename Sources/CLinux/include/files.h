// Locks on bytes of files.
#ifndef SLUICE_CLINUX_FILES_H
#define SLUICE_CLINUX_FILES_H

#include <stdint.h>

// An exclusive lock on one byte of an open file, which may lie past its end. It belongs to the open file, not to the process, and is
// gone with the last descriptor of it, so at the latest when its process is (F_OFD_SETLK, fcntl(2)).
// Returns 0, -EAGAIN when another open file has it and this is not to wait, or -errno.
int linux_lock_byte(int descriptor, int64_t offset, int waits);
int linux_unlock_byte(int descriptor, int64_t offset);

// 1 while another open file has the byte, 0 while none has, or -errno.
int linux_is_byte_locked(int descriptor, int64_t offset);

#endif
