// Processes, signals as descriptors, and sockets between processes of one machine.
#ifndef SLUICE_CLINUX_PROCESS_H
#define SLUICE_CLINUX_PROCESS_H

#include <stddef.h>
#include <stdint.h>

// A descriptor of the program at `path`, for `linux_spawn` or for execve(2) at /proc/self/fd, whatever is at the path by then.
// Returns it or -errno.
int linux_open_program(const char *path);

// Starts `path` with posix_spawn(3). `control` is descriptor 3 in it, `program`, when it is none below 0, is 4, and of the others it
// has the first three only.
// Signals that this thread blocks are blocked in it, but for SIGCHLD. Returns its id or -errno.
int linux_spawn(const char *path, int program, char *const arguments[], char *const environment[], int control);

// The variables of this process, as `environ` has them.
char **linux_environment(void);

// Has the kernel kill this process when the thread that started it ends. Returns 0 or -errno.
int linux_die_with_parent(void);

// Nothing of this process's memory is written anywhere when it crashes; inherited by what it starts. Returns 0 or -errno.
int linux_forbid_core_dumps(void);

// Takes as many descriptors as the hard limit allows. Returns the number, or -errno.
long linux_raise_descriptor_limit(void);

// A nonblocking descriptor that is readable while one of these signals waits; they are blocked. Returns it or -errno.
int linux_signal_descriptor(const int *signals, int count);

// The next signal of such a descriptor; 0 when none waits.
int linux_next_signal(int descriptor);

// A child that has ended, and goes on waiting to be taken; 0 when there is none.
int linux_ended_child(void);

// Takes it: its exit status, or minus the signal that killed it. Returns 0, or -errno when it is no such child.
int linux_take_ended_child(int pid, int *status);

// Two connected sockets that keep the borders of messages (SOCK_SEQPACKET). Returns 0 or -errno.
int linux_packet_pair(int descriptors[2]);

// A listener, and a connection to one, of the same kind: nonblocking, at an abstract name. Return the descriptor or -errno.
int linux_packet_listen(const char *name);
int linux_packet_connect(const char *name);

// One message and the descriptors that go with it. Return the byte count or -errno; -EAGAIN where there is no room and it does not wait.
ssize_t linux_packet_send(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count, int waits);
// Descriptors received are close-on-exec. 0 is the end.
ssize_t linux_packet_receive(int socket, void *bytes, size_t capacity, int *descriptors, int *descriptor_count);

// Who is at the other end of a local connection. Returns 0 or -errno.
int linux_peer(int socket, int *process, unsigned *user);

// Sends one datagram to the socket at `path`, abstract when it begins with '@'. Returns 0 or -errno.
int linux_datagram(const char *path, const void *bytes, size_t count);

// Whether `descriptor` is a stream socket that listens.
int linux_is_listener(int descriptor);

// Readies a listener that another process opened as `linux_listen` would have: nonblocking, close-on-exec, and for IP the options that
// accepted sockets inherit.
void linux_adopt_listener(int descriptor, int unsent);

int linux_set_close_on_exec(int descriptor, int is_on);

// The build id of the running program (its ELF note) in hexadecimal, NUL-terminated; empty when it has none.
void linux_build_id(char *out, int capacity);

#endif
