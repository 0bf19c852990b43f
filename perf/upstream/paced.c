/* A paced upstream: answers chat requests with server-sent events on a fixed schedule.
 *
 *   paced [--port N] [--log FILE]     prints "listening N" once bound to 127.0.0.1
 *
 * A request's model scripts its answer, as the mock provider's does: "any?tokens=100&gap=5"
 * sends 100 events of about 190 bytes, the k-th due k × 5 ms after the first, then [DONE].
 * The schedule is absolute: a late event does not move the next one. With phase=together the events
 * of all streams of a gap are due at the same moments, with phase=spread as far from each other as
 * they can be, whenever their requests came; without, counted from each stream's first. Each event carries its
 * number and the monotonic time of its write, so a client can tell order, loss and lateness.
 * Without "stream":true the answer is 1 KB of JSON. GET /mock/stats counts what happened.
 *
 * The log has one line a stream: "done ID NS EVENTS", or "gone ID NS EVENTS" when the peer
 * closed first; ID is the body's "user", NS the monotonic time. GET /mock/stats flushes it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    request_limit = 64 * 1024, /* head and body of one request */
    answer_limit = 2048,       /* one event, or the JSON answer with its head */
    turn_events = 512,
};

typedef struct {
    int fd;
    char *request;
    size_t received;
    char answer[answer_limit]; /* what the socket has not taken yet */
    size_t answer_start, answer_end;
    int streaming, answering, heap_index, next_event, event_count;
    uint64_t gap, due;
    double phase; /* of a gap; negative: none */
    char user[32];
} Connection;

static struct { uint64_t requests, connections, streams, events, completed, aborted; } stats;
static uint64_t started_streams;
static int poller;
static FILE *log_file;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Streams ordered by the time of their next event: a binary heap. */
static Connection **heap;
static int heap_count, heap_capacity;

static void place(int i, Connection *c) { heap[i] = c; c->heap_index = i; }

static void sift(int i, Connection *c) {
    while (i > 0 && heap[(i - 1) / 2]->due > c->due) { place(i, heap[(i - 1) / 2]); i = (i - 1) / 2; }
    for (int child; (child = 2 * i + 1) < heap_count; i = child) {
        if (child + 1 < heap_count && heap[child + 1]->due < heap[child]->due) child++;
        if (heap[child]->due >= c->due) break;
        place(i, heap[child]);
    }
    place(i, c);
}

static void schedule(Connection *c) {
    if (heap_count == heap_capacity) {
        heap_capacity = heap_capacity ? heap_capacity * 2 : 1024;
        heap = realloc(heap, (size_t)heap_capacity * sizeof *heap);
        if (!heap) abort();
    }
    int i = heap_count++;
    heap[i] = c;
    sift(i, c);
}

static void unschedule(Connection *c) {
    int i = c->heap_index;
    if (i < 0) return;
    Connection *last = heap[--heap_count];
    if (last != c) sift(i, last);
    c->heap_index = -1;
}

static void record(Connection *c, const char *end) {
    if (log_file) fprintf(log_file, "%s %s %llu %d\n", end, c->user, (unsigned long long)now(), c->next_event);
}

static void close_connection(Connection *c) {
    if (c->streaming) { stats.aborted++; stats.streams--; record(c, "gone"); }
    unschedule(c);
    close(c->fd);
    c->fd = -1; /* freed after the turn: a later event of this turn may still name it */
    stats.connections--;
}

/* Writes what is pending; 0 when all of it left, 1 when the socket is full, -1 when closed. */
static int flush(Connection *c) {
    while (c->answer_start < c->answer_end) {
        ssize_t n = send(c->fd, c->answer + c->answer_start, c->answer_end - c->answer_start, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return 1;
        if (n < 0) { close_connection(c); return -1; }
        c->answer_start += (size_t)n;
    }
    c->answer_start = c->answer_end = 0;
    return 0;
}

static void append(Connection *c, const char *text, size_t n) {
    if (c->answer_end + n > answer_limit) abort();
    memcpy(c->answer + c->answer_end, text, n);
    c->answer_end += n;
}

static void append_chunk(Connection *c, const char *text, size_t n) {
    char size[16];
    append(c, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", n));
    append(c, text, n);
    append(c, "\r\n", 2);
}

static void append_event(Connection *c) {
    char event[512];
    int n = snprintf(event, sizeof event,
        "data: {\"id\":\"chatcmpl-paced\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"paced\","
        "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%06d %020llu\"},\"finish_reason\":null}]}\n\n",
        c->next_event, (unsigned long long)now());
    append_chunk(c, event, (size_t)n);
    c->next_event++;
    stats.events++;
}

static void handle_input(Connection *c);

/* When the second event is due; those behind it follow by a gap each. */
static uint64_t second_due(Connection *c) {
    if (c->phase < 0) return c->due + c->gap;
    uint64_t due = c->due / c->gap * c->gap + (uint64_t)(c->phase * (double)c->gap);
    return due > c->due ? due : due + c->gap;
}

/* Sends the event that is due and schedules the next one, or ends the stream. */
static void send_event(Connection *c) {
    append_event(c);
    if (c->next_event == c->event_count) {
        append_chunk(c, "data: [DONE]\n\n", 14);
        append(c, "0\r\n\r\n", 5);
        c->streaming = 0;
        stats.streams--;
        stats.completed++;
        record(c, "done");
        if (flush(c) == 0) handle_input(c);
        return;
    }
    c->due = c->next_event == 1 ? second_due(c) : c->due + c->gap;
    if (flush(c) == 0) schedule(c); /* a full socket resumes from EPOLLOUT */
}

/* The decimal after `name` within `text`, or `otherwise`. */
static uint64_t number(const char *text, const char *end, const char *name, uint64_t otherwise) {
    const char *at = memmem(text, (size_t)(end - text), name, strlen(name));
    return at ? strtoull(at + strlen(name), NULL, 10) : otherwise;
}

static void start_stream(Connection *c, const char *body, const char *end) {
    const char *user = memmem(body, (size_t)(end - body), "\"user\":\"", 8);
    snprintf(c->user, sizeof c->user, "-");
    if (user) {
        const char *stop = memchr(user + 8, '"', (size_t)(end - user - 8));
        size_t n = stop ? (size_t)(stop - user - 8) : 0;
        if (n > 0 && n < sizeof c->user) { memcpy(c->user, user + 8, n); c->user[n] = 0; }
    }
    c->event_count = (int)number(body, end, "tokens=", 100);
    c->gap = number(body, end, "gap=", 5) * 1000000u;
    /* The golden ratio's multiples lie evenly in a turn, however many there are. */
    double turns = (double)started_streams++ * 0.6180339887498949;
    c->phase = -1;
    if (c->gap > 0 && memmem(body, (size_t)(end - body), "phase=together", 14)) c->phase = 0;
    if (c->gap > 0 && memmem(body, (size_t)(end - body), "phase=spread", 12)) c->phase = turns - (double)(uint64_t)turns;
    if (c->event_count < 1) c->event_count = 1;
    c->streaming = 1;
    c->next_event = 0;
    c->due = now();
    stats.streams++;
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                               "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";
    append(c, head, sizeof head - 1);
    send_event(c);
}

static void answer_json(Connection *c, const char *body, size_t n) {
    char head[128];
    append(c, head, (size_t)snprintf(head, sizeof head,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", n));
    append(c, body, n);
    flush(c);
}

static void answer_stats(Connection *c) {
    char body[256];
    if (log_file) fflush(log_file);
    int n = snprintf(body, sizeof body,
        "{\"requests\":%llu,\"connections\":%llu,\"streams\":%llu,\"events\":%llu,\"completed\":%llu,\"aborted\":%llu}",
        (unsigned long long)stats.requests, (unsigned long long)stats.connections, (unsigned long long)stats.streams,
        (unsigned long long)stats.events, (unsigned long long)stats.completed, (unsigned long long)stats.aborted);
    answer_json(c, body, (size_t)n);
}

static void answer_chat(Connection *c) {
    char body[1024];
    int n = snprintf(body, sizeof body, "{\"id\":\"chatcmpl-paced\",\"object\":\"chat.completion\",\"created\":1700000000,"
        "\"model\":\"paced\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
    memset(body + n, 'a', 700);
    n += 700;
    n += snprintf(body + n, sizeof body - (size_t)n, "\"},\"finish_reason\":\"stop\"}],"
        "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":20,\"total_tokens\":30}}");
    answer_json(c, body, (size_t)n);
}

/* Answers one whole request when one is there; the rest of the input stays for the next. */
static void handle_input(Connection *c) {
    /* A stream of one event ends while its request is still there: whoever answers that goes on by itself. */
    if (c->answering) return;
    while (c->fd >= 0 && !c->streaming && c->answer_end == 0) {
        char *end_of_head = memmem(c->request, c->received, "\r\n\r\n", 4);
        if (!end_of_head) return;
        size_t head = (size_t)(end_of_head - c->request) + 4;
        size_t body = 0;
        for (char *line = c->request; line < end_of_head;) {
            char *stop = memmem(line, (size_t)(end_of_head + 2 - line), "\r\n", 2);
            if (strncasecmp(line, "content-length:", 15) == 0) body = strtoull(line + 15, NULL, 10);
            if (strncasecmp(line, "transfer-encoding:", 18) == 0) { close_connection(c); return; }
            line = stop + 2;
        }
        if (head + body > request_limit) { close_connection(c); return; }
        if (c->received < head + body) return;
        const char *text = c->request + head, *end = text + body;
        stats.requests++;
        c->answering = 1;
        if (strncmp(c->request, "GET /mock/stats", 15) == 0) answer_stats(c);
        else if (memmem(text, body, "\"stream\":true", 13) || memmem(text, body, "\"stream\": true", 14)) start_stream(c, text, end);
        else answer_chat(c);
        c->answering = 0;
        if (c->fd < 0) return;
        memmove(c->request, c->request + head + body, c->received - head - body);
        c->received -= head + body;
    }
}

static void readable(Connection *c) {
    for (;;) {
        if (c->received == request_limit) { close_connection(c); return; }
        ssize_t n = recv(c->fd, c->request + c->received, request_limit - c->received, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) { close_connection(c); return; }
        c->received += (size_t)n;
    }
    handle_input(c);
}

static void writable(Connection *c) {
    if (c->answer_end == 0 || flush(c) != 0) return;
    if (c->streaming) schedule(c);
    else handle_input(c);
}

static void accept_all(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        Connection *c = calloc(1, sizeof *c);
        if (!c || !(c->request = malloc(request_limit))) abort();
        c->fd = fd;
        c->heap_index = -1;
        stats.connections++;
        struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c };
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
    }
}

static void turn(int listener) {
    struct epoll_event events[turn_events];
    struct timespec wait = { 0, 0 }, *timeout = NULL;
    if (heap_count > 0) {
        uint64_t t = now();
        uint64_t left = heap[0]->due > t ? heap[0]->due - t : 0;
        wait.tv_sec = (time_t)(left / 1000000000u);
        wait.tv_nsec = (long)(left % 1000000000u);
        timeout = &wait;
    }
    int n = epoll_pwait2(poller, events, turn_events, timeout, NULL);
    for (int i = 0; i < n; i++) {
        Connection *c = events[i].data.ptr;
        if (!c) { accept_all(listener); continue; }
        if (c->fd >= 0 && (events[i].events & EPOLLOUT)) writable(c);
        if (c->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) readable(c);
    }
    /* A turn names a connection once, and no event of it is left now. */
    for (int i = 0; i < n; i++) {
        Connection *c = events[i].data.ptr;
        if (c && c->fd == -1) { free(c->request); free(c); }
    }
    uint64_t t = now();
    while (heap_count > 0 && heap[0]->due <= t) {
        Connection *c = heap[0];
        unschedule(c);
        send_event(c);
        if (c->fd == -1) { free(c->request); free(c); }
    }
}

int main(int argc, char **argv) {
    int port = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--port") == 0) port = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--log") == 0) log_file = fopen(argv[i + 1], "w");
        else { fprintf(stderr, "usage: paced [--port N] [--log FILE]\n"); return 2; }
    }
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 4096) != 0) { perror("paced"); return 1; }
    getsockname(listener, (struct sockaddr *)&address, &length);
    poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) turn(listener);
}
