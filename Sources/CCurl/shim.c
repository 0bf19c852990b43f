#include "CCurl.h"

#include <curl/curl.h>
#include <string.h>

int curl_begin(void) { return (int)curl_global_init(CURL_GLOBAL_DEFAULT); }

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

static int ask(CURL *curl, const char *url, long timeout_milliseconds, struct sink *sink, long *status, char *error) {
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_milliseconds);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    if (code != CURLE_OK && error[0] == 0) strncat(error, curl_easy_strerror(code), 255);
    return (int)code;
}

int curl_post_form(
    const char *url, const char *form, size_t form_count, long timeout_milliseconds, char *out, size_t capacity, size_t *count,
    long *status, char *error) {
    CURL *curl = curl_easy_init();
    struct sink sink = {out, capacity, 0};
    error[0] = 0;
    *count = 0;
    *status = 0;
    if (curl == NULL) return CURLE_FAILED_INIT;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)form_count);
    int code = ask(curl, url, timeout_milliseconds, &sink, status, error);
    curl_easy_cleanup(curl);
    *count = sink.count;
    return code;
}

int curl_post_signed(
    const char *url, const char *form, size_t form_count, const char *scheme, const char *user, const char *fields,
    long timeout_milliseconds, char *out, size_t capacity, size_t *count, long *status, char *error) {
    CURL *curl = curl_easy_init();
    struct curl_slist *list = NULL;
    struct sink sink = {out, capacity, 0};
    int code = CURLE_OUT_OF_MEMORY;
    error[0] = 0;
    *count = 0;
    *status = 0;
    for (; *fields != 0; fields += strlen(fields) + 1) {
        struct curl_slist *longer = curl_slist_append(list, fields);
        if (longer == NULL) goto end;
        list = longer;
    }
    if (curl == NULL) goto end;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)form_count);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, scheme);
    curl_easy_setopt(curl, CURLOPT_USERPWD, user);
    code = ask(curl, url, timeout_milliseconds, &sink, status, error);
end:
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    *count = sink.count;
    return code;
}

int curl_get(
    const char *url, const char *field, long timeout_milliseconds, char *out, size_t capacity, size_t *count, long *status, char *error) {
    CURL *curl = curl_easy_init();
    struct curl_slist *fields = curl_slist_append(NULL, field);
    struct sink sink = {out, capacity, 0};
    int code = CURLE_FAILED_INIT;
    error[0] = 0;
    *count = 0;
    *status = 0;
    if (curl != NULL && fields != NULL) {
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        code = ask(curl, url, timeout_milliseconds, &sink, status, error);
    }
    curl_slist_free_all(fields);
    curl_easy_cleanup(curl);
    *count = sink.count;
    return code;
}
