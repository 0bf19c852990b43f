// libcurl, with a function in place of its variadic setters.
#ifndef SLUICE_CCURL_H
#define SLUICE_CCURL_H

#include <stddef.h>

// Before any other call; may be called by several threads, and again. Returns 0; else why it cannot be used is in `error` (256 bytes).
int curl_load(char *error);

// Posts a form (application/x-www-form-urlencoded) and waits for the answer. Verifies certificates, follows nothing, and
// speaks to http(s) only. Writes at most `capacity` bytes of the answer to `out` and says in `count` how many; a longer
// answer is a failure. Returns 0, or libcurl's code with its words in `error` (CURL_ERROR_SIZE, 256 bytes).
int curl_post_form(
    const char *url, const char *form, size_t form_count, long timeout_milliseconds, char *out, size_t capacity, size_t *count,
    long *status, char *error);

// The same, signed with AWS's Signature Version 4 (`scheme`: "aws:amz:REGION:SERVICE"; `user`: "KEY:SECRET"), with further fields,
// which are signed, too: "Name: value" one after the other, an empty text at the end.
int curl_post_signed(
    const char *url, const char *form, size_t form_count, const char *scheme, const char *user, const char *fields,
    long timeout_milliseconds, char *out, size_t capacity, size_t *count, long *status, char *error);

// The same with GET, the one field `field` ("Name: value") and no proxy: for what only this machine may ask.
int curl_get(
    const char *url, const char *field, long timeout_milliseconds, char *out, size_t capacity, size_t *count, long *status, char *error);

// Posts JSON with further fields, as above; Content-Type is among them. Of the answer only its status is wanted, and `skipped` of its bytes are
// read at most; a longer one is a failure with a status. Without a `ca_file` (NULL) the system's authorities are trusted.
int curl_post_json(
    const char *url, const char *json, size_t json_count, const char *fields, const char *ca_file, long timeout_milliseconds, size_t skipped,
    long *status, char *error);

// A connection that is kept from one post to the next, always with the same `ca_file`. Belongs to one thread.
struct curl_line;
// NULL where there is no memory for it. After curl_load alone.
struct curl_line *curl_line_make(void);
void curl_line_end(struct curl_line *line);

// Posts bytes over a line, with fields and a `ca_file` as above. Writes the answer's first `capacity` bytes to `out` and says in `count` how many; `skipped`
// more are passed over, and a longer answer is a failure with a status. `retry_after`: seconds that the answer asks to wait, 0 for none.
int curl_line_post(
    struct curl_line *line, const char *url, const char *body, size_t body_count, const char *fields, const char *ca_file, long timeout_milliseconds,
    char *out, size_t capacity, size_t *count, size_t skipped, long *status, long *retry_after, char *error);

#endif
