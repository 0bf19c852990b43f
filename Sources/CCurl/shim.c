#include "CCurl.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
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

int curl_load(char *error) {
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
    error[0] = 0;
    for (size_t index = 0; library != NULL && index < sizeof functions / sizeof functions[0]; index++) {
        void *function = dlsym(library, functions[index].name);
        if (function == NULL) library = NULL;
        memcpy(functions[index].place, &function, sizeof function);
    }
    if (library == NULL) {
        const char *reason = dlerror();
        snprintf(error, 256, "%s", reason == NULL ? "libcurl.so.4 cannot be loaded" : reason);
        return -1;
    }
    int code = (int)curl.global_init(CURL_GLOBAL_DEFAULT);
    if (code != 0) snprintf(error, 256, "libcurl does not begin: %d", code);
    return code;
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

static int ask(CURL *call, const char *url, long timeout_milliseconds, struct sink *sink, long *status, char *error) {
    curl.setopt(call, CURLOPT_URL, url);
    curl.setopt(call, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.setopt(call, CURLOPT_FOLLOWLOCATION, 0L);
    curl.setopt(call, CURLOPT_TIMEOUT_MS, timeout_milliseconds);
    curl.setopt(call, CURLOPT_NOSIGNAL, 1L);
    curl.setopt(call, CURLOPT_WRITEFUNCTION, take);
    curl.setopt(call, CURLOPT_WRITEDATA, sink);
    curl.setopt(call, CURLOPT_ERRORBUFFER, error);
    CURLcode code = curl.perform(call);
    curl.getinfo(call, CURLINFO_RESPONSE_CODE, status);
    if (code != CURLE_OK && error[0] == 0) strncat(error, curl.strerror(code), 255);
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
    int code = ask(call, url, timeout_milliseconds, &sink, status, error);
    curl.cleanup(call);
    *count = sink.count;
    return code;
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
    for (; *fields != 0; fields += strlen(fields) + 1) {
        struct curl_slist *longer = curl.append(list, fields);
        if (longer == NULL) goto end;
        list = longer;
    }
    if (call == NULL) goto end;
    curl.setopt(call, CURLOPT_POSTFIELDS, form);
    curl.setopt(call, CURLOPT_POSTFIELDSIZE, (long)form_count);
    curl.setopt(call, CURLOPT_HTTPHEADER, list);
    curl.setopt(call, CURLOPT_AWS_SIGV4, scheme);
    curl.setopt(call, CURLOPT_USERPWD, user);
    code = ask(call, url, timeout_milliseconds, &sink, status, error);
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
        code = ask(call, url, timeout_milliseconds, &sink, status, error);
    }
    curl.free_all(fields);
    curl.cleanup(call);
    *count = sink.count;
    return code;
}
