// c-ares, with its options set in C: the structure has members Swift need not know.
#ifndef SLUICE_CCARES_H
#define SLUICE_CCARES_H

#include <ares.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/time.h>

// Opens a channel with the system's configuration (/etc/resolv.conf, /etc/hosts). `changed` is told of
// every socket it opens, wants watched otherwise, or is about to close. Returns ARES_SUCCESS or why not.
int cares_open(ares_channel *out, int attempt_timeout_milliseconds, int attempts, ares_sock_state_cb changed, void *owner);

// Asks for the addresses of `name` in one family; `answered` is called once, perhaps before this returns.
void cares_ask(ares_channel channel, const char *name, int family, ares_addrinfo_callback answered, void *question);

// Milliseconds until `cares` wants to look at its clock, rounded up; -1 when it waits for nothing.
int cares_wait_milliseconds(ares_channel channel);

// Copies a node's 4 or 16 address bytes to `out`; the count, or 0 for another family.
int cares_node_bytes(const struct ares_addrinfo_node *node, uint8_t *out);

#endif
