// nghttp2, with its options, its callbacks and its data sources set in C.
#ifndef SLUICE_CNGHTTP2_H
#define SLUICE_CNGHTTP2_H

#include <nghttp2/nghttp2.h>
#include <stddef.h>
#include <stdint.h>

// The bounds a session is made with.
struct cnghttp2_bounds {
    size_t continuations;
    size_t settings;
    size_t acknowledgements;
    size_t header_table;
    size_t sent_block;
    uint64_t reset_burst;
    uint64_t resets_per_second;
};

// What a session calls; `owner` is handed to each.
struct cnghttp2_owner {
    nghttp2_on_begin_headers_callback begin_headers;
    nghttp2_on_header_callback header;
    nghttp2_on_invalid_header_callback invalid_header;
    nghttp2_on_frame_recv_callback frame;
    nghttp2_on_data_chunk_recv_callback data;
    nghttp2_on_stream_close_callback closed;
    nghttp2_on_frame_send_callback sent;
    nghttp2_send_data_callback send_data;
};

// Makes a server session that opens windows only when told to. Returns 0, or why there is none.
int cnghttp2_server_new(
    nghttp2_session **out, const struct cnghttp2_owner *called, const struct cnghttp2_bounds *bounds, void *owner);

// The same for a client.
int cnghttp2_client_new(
    nghttp2_session **out, const struct cnghttp2_owner *called, const struct cnghttp2_bounds *bounds, void *owner);

// Answers stream `stream`: with a body that `read` gives, or without one when it is null. Returns 0, or why not.
int cnghttp2_respond(
    nghttp2_session *session, int32_t stream, const nghttp2_nv *fields, size_t count, nghttp2_data_source_read_callback read);

// Asks on a new stream, known by `tag`: with a body that `read` gives, or without one when it is null. Returns the stream, or why not.
int32_t cnghttp2_request(
    nghttp2_session *session, const nghttp2_nv *fields, size_t count, nghttp2_data_source_read_callback read, void *tag);

// Streams take turns, frame by frame, whatever priorities their client would like.
void cnghttp2_take_turns(nghttp2_session *session, int32_t stream);

#endif
