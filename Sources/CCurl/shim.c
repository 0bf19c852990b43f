#include "CCurl.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Its functions. It is loaded when the first of them is needed: it brings 26 libraries along, half of all that each start would
// have to load.
static struct {
    __typeof__(&curl_global_init) global_init;
    __typeof__(&curl_easy_init) init;
    __typeof__(&curl_easy_setopt) setopt;
    __typeof__(&curl_easy_perform) perform;
    __typeof__(&curl_easy_getinfo) getinfo;
    __typeof__(&curl_easy_strerror) strerror;
    __typeof__(&curl_easy_cleanup) cleanup;
    __typeof__(&curl_slist_append) append;
    __typeof__(&curl_slist_free_all) free_all;
} curl;

static pthread_once_t load_once = PTHREAD_ONCE_INIT;
static int load_code;
static char load_error[256];

static void load(void) {
    const struct {
        const char *name;
        void *place;
    } functions[] = {
        {"curl_global_init", &curl.global_init}, {"curl_easy_init", &curl.init},         {"curl_easy_setopt", &curl.setopt},
        {"curl_easy_perform", &curl.perform},    {"curl_easy_getinfo", &curl.getinfo},   {"curl_easy_strerror", &curl.strerror},
        {"curl_easy_cleanup", &curl.cleanup},    {"curl_slist_append", &curl.append},    {"curl_slist_free_all", &curl.free_all},
    };
    // The name has the version of the interface that the headers declare.
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    for (size_t index = 0; library != NULL && index < sizeof functions / sizeof functions[0]; index++) {
        void *function = dlsym(library, functions[index].name);
        if (function == NULL) library = NULL;
        memcpy(functions[index].place, &function, sizeof function);
    }
    if (library == NULL) {
        const char *reason = dlerror();
        snprintf(load_error, sizeof load_error, "%s", reason == NULL ? "libcurl.so.4 cannot be loaded" : reason);
        load_code = -1;
        return;
    }
    load_code = (int)curl.global_init(CURL_GLOBAL_DEFAULT);
    if (load_code != 0) snprintf(load_error, sizeof load_error, "libcurl does not begin: %d", load_code);
}

int curl_load(char *error) {
    pthread_once(&load_once, load);
    memcpy(error, load_error, sizeof load_error);
    return load_code;
}

struct sink {
    char *out;
    size_t capacity;
    size_t count;
};

static size_t take(char *bytes, size_t size, size_t items, void *context) {
    struct sink *sink = context;
    size_t count = size * items;
    // Fewer than were given makes the transfer fail.
    if (count > sink->capacity - sink->count) return 0;
    memcpy(sink->out + sink->count, bytes, count);
    sink->count += count;
    return count;
}

typedef size_t (*taker)(char *bytes, size_t size, size_t items, void *context);

static int ask(CURL *call, const char *url, long timeout_milliseconds, taker take, void *context, long *status, char *error) {
    curl.setopt(call, CURLOPT_URL, url);
    curl.setopt(call, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.setopt(call, CURLOPT_FOLLOWLOCATION, 0L);
    curl.setopt(call, CURLOPT_TIMEOUT_MS, timeout_milliseconds);
    curl.setopt(call, CURLOPT_NOSIGNAL, 1L);
    curl.setopt(call, CURLOPT_WRITEFUNCTION, take);
    curl.setopt(call, CURLOPT_WRITEDATA, context);
    curl.setopt(call, CURLOPT_ERRORBUFFER, error);
    CURLcode code = curl.perform(call);
    curl.getinfo(call, CURLINFO_RESPONSE_CODE, status);
    if (code != CURLE_OK && error[0] == 0) strncat(error, curl.strerror(code), 255);
    // They end with this call, and a line goes on.
    curl.setopt(call, CURLOPT_ERRORBUFFER, NULL);
    curl.setopt(call, CURLOPT_WRITEDATA, NULL);
    curl.setopt(call, CURLOPT_POSTFIELDS, NULL);
    return (int)code;
}

int curl_post_form(
    const char *url, const char *form, size_t form_count, long timeout_milliseconds, char *out, size_t capacity, size_t *count,
    long *status, char *error) {
    CURL *call = curl.init();
    struct sink sink = {out, capacity, 0};
    error[0] = 0;
    *count = 0;
    *status = 0;
    if (call == NULL) return CURLE_FAILED_INIT;
    curl.setopt(call, CURLOPT_POSTFIELDS, form);
    curl.setopt(call, CURLOPT_POSTFIELDSIZE, (long)form_count);
    int code = ask(call, url, timeout_milliseconds, take, &sink, status, error);
    curl.cleanup(call);
    *count = sink.count;
    return code;
}

// Header fields, each with its end, behind the last an empty one. What was gathered is the caller's to free, also where there is no room for all.
static int gather(const char *fields, struct curl_slist **list) {
    for (; *fields != 0; fields += strlen(fields) + 1) {
        struct curl_slist *longer = curl.append(*list, fields);
        if (longer == NULL) return 0;
        *list = longer;
    }
    return 1;
}

int curl_post_signed(
    const char *url, const char *form, size_t form_count, const char *scheme, const char *user, const char *fields,
    long timeout_milliseconds, char *out, size_t capacity, size_t *count, long *status, char *error) {
    CURL *call = curl.init();
    struct curl_slist *list = NULL;
    struct sink sink = {out, capacity, 0};
    int code = CURLE_OUT_OF_MEMORY;
    error[0] = 0;
    *count = 0;
    *status = 0;
    if (call == NULL || !gather(fields, &list)) goto end;
    curl.setopt(call, CURLOPT_POSTFIELDS, form);
    curl.setopt(call, CURLOPT_POSTFIELDSIZE, (long)form_count);
    curl.setopt(call, CURLOPT_HTTPHEADER, list);
    curl.setopt(call, CURLOPT_AWS_SIGV4, scheme);
    curl.setopt(call, CURLOPT_USERPWD, user);
    code = ask(call, url, timeout_milliseconds, take, &sink, status, error);
end:
    curl.free_all(list);
    curl.cleanup(call);
    *count = sink.count;
    return code;
}

int curl_get(
    const char *url, const char *field, long timeout_milliseconds, char *out, size_t capacity, size_t *count, long *status, char *error) {
    CURL *call = curl.init();
    struct curl_slist *fields = curl.append(NULL, field);
    struct sink sink = {out, capacity, 0};
    int code = CURLE_FAILED_INIT;
    error[0] = 0;
    *count = 0;
    *status = 0;
    if (call != NULL && fields != NULL) {
        curl.setopt(call, CURLOPT_HTTPHEADER, fields);
        curl.setopt(call, CURLOPT_PROXY, "");
        code = ask(call, url, timeout_milliseconds, take, &sink, status, error);
    }
    curl.free_all(fields);
    curl.cleanup(call);
    *count = sink.count;
    return code;
}

// Of an answer whose bytes nobody reads: up to so many are taken, so that its connection ends as it should.
static size_t skip(char *bytes, size_t size, size_t items, void *context) {
    size_t *left = context;
    (void)bytes;
    if (size * items > *left) return 0;
    *left -= size * items;
    return size * items;
}

int curl_post_json(
    const char *url, const char *json, size_t json_count, const char *fields, const char *ca_file, long timeout_milliseconds, size_t skipped,
    long *status, char *error) {
    CURL *call = curl.init();
    struct curl_slist *list = NULL;
    int code = CURLE_OUT_OF_MEMORY;
    error[0] = 0;
    *status = 0;
    if (call == NULL || !gather(fields, &list)) goto end;
    curl.setopt(call, CURLOPT_POSTFIELDS, json);
    curl.setopt(call, CURLOPT_POSTFIELDSIZE, (long)json_count);
    curl.setopt(call, CURLOPT_HTTPHEADER, list);
    if (ca_file != NULL) curl.setopt(call, CURLOPT_CAINFO, ca_file);
    code = ask(call, url, timeout_milliseconds, skip, &skipped, status, error);
end:
    curl.free_all(list);
    curl.cleanup(call);
    return code;
}

struct curl_line {
    CURL *call;
};

struct curl_line *curl_line_make(void) {
    struct curl_line *line = malloc(sizeof *line);
    if (line == NULL) return NULL;
    line->call = curl.init();
    if (line->call != NULL) return line;
    free(line);
    return NULL;
}

void curl_line_end(struct curl_line *line) {
    curl.cleanup(line->call);
    free(line);
}

struct beginning {
    struct sink sink;
    size_t left;
};

// Of an answer whose beginning is wanted.
static size_t begin(char *bytes, size_t size, size_t items, void *context) {
    struct beginning *answer = context;
    size_t count = size * items, room = answer->sink.capacity - answer->sink.count;
    size_t kept = count < room ? count : room;
    if (count - kept > answer->left) return 0;
    answer->left -= count - kept;
    memcpy(answer->sink.out + answer->sink.count, bytes, kept);
    answer->sink.count += kept;
    return count;
}

int curl_line_post(
    struct curl_line *line, const char *url, const char *body, size_t body_count, const char *fields, const char *ca_file, long timeout_milliseconds,
    char *out, size_t capacity, size_t *count, size_t skipped, long *status, long *retry_after, char *error) {
    struct curl_slist *list = NULL;
    struct beginning answer = {{out, capacity, 0}, skipped};
    curl_off_t wait = 0;
    int code = CURLE_OUT_OF_MEMORY;
    error[0] = 0;
    *status = 0;
    if (gather(fields, &list)) {
        curl.setopt(line->call, CURLOPT_POSTFIELDS, body);
        curl.setopt(line->call, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_count);
        curl.setopt(line->call, CURLOPT_HTTPHEADER, list);
        if (ca_file != NULL) curl.setopt(line->call, CURLOPT_CAINFO, ca_file);
        code = ask(line->call, url, timeout_milliseconds, begin, &answer, status, error);
        curl.getinfo(line->call, CURLINFO_RETRY_AFTER, &wait);
        // The list is gone before the line is used again.
        curl.setopt(line->call, CURLOPT_HTTPHEADER, NULL);
    }
    curl.free_all(list);
    *count = answer.sink.count;
    *retry_after = wait > 86400 ? 86400 : (long)wait;
    return code;
}
