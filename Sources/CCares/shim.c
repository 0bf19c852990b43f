#include "CCares.h"

#include <string.h>

int cares_open(ares_channel *out, int attempt_timeout_milliseconds, int attempts, ares_sock_state_cb changed, void *owner) {
    struct ares_options options;
    memset(&options, 0, sizeof options);
    options.timeout = attempt_timeout_milliseconds;
    options.tries = attempts;
    options.sock_state_cb = changed;
    options.sock_state_cb_data = owner;
    return ares_init_options(out, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
}

void cares_ask(ares_channel channel, const char *name, int family, ares_addrinfo_callback answered, void *question) {
    // Unsorted: sorting by RFC 6724 opens and connects a socket for every address.
    struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT, .ai_family = family, .ai_socktype = SOCK_STREAM};
    ares_getaddrinfo(channel, name, NULL, &hints, answered, question);
}

int cares_wait_milliseconds(ares_channel channel) {
    struct timeval wait;
    if (!ares_timeout(channel, NULL, &wait)) return -1;
    // A try waits seconds, never minutes: the clamp only guards the arithmetic.
    if (wait.tv_sec > 60) return 60000;
    return (int)(wait.tv_sec * 1000 + (wait.tv_usec + 999) / 1000);
}

int cares_node_bytes(const struct ares_addrinfo_node *node, uint8_t *out) {
    if (node->ai_family == AF_INET) {
        memcpy(out, &((const struct sockaddr_in *)node->ai_addr)->sin_addr, 4);
        return 4;
    }
    if (node->ai_family == AF_INET6) {
        memcpy(out, &((const struct sockaddr_in6 *)node->ai_addr)->sin6_addr, 16);
        return 16;
    }
    return 0;
}
