#include "CNghttp2.h"

typedef int (*make_session)(nghttp2_session **, const nghttp2_session_callbacks *, void *, const nghttp2_option *);

static int session_new(
    make_session make, nghttp2_session **out, const struct cnghttp2_owner *called, const struct cnghttp2_bounds *bounds, void *owner) {
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int result = nghttp2_session_callbacks_new(&callbacks);
    if (result == 0) {
        result = nghttp2_option_new(&option);
    }
    if (result == 0) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, called->begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, called->header);
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, called->invalid_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, called->frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, called->data);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, called->closed);
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, called->sent);
        nghttp2_session_callbacks_set_send_data_callback(callbacks, called->send_data);
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_closed_streams(option, 1);
        nghttp2_option_set_max_continuations(option, bounds->continuations);
        nghttp2_option_set_max_settings(option, bounds->settings);
        nghttp2_option_set_max_outbound_ack(option, bounds->acknowledgements);
        nghttp2_option_set_max_deflate_dynamic_table_size(option, bounds->header_table);
        nghttp2_option_set_max_send_header_block_length(option, bounds->sent_block);
        nghttp2_option_set_stream_reset_rate_limit(option, bounds->reset_burst, bounds->resets_per_second);
        // A client counts its streams itself, and holds none back in nghttp2's queue.
        nghttp2_option_set_peer_max_concurrent_streams(option, UINT32_C(0x7fffffff));
        result = make(out, callbacks, owner, option);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return result;
}

int cnghttp2_server_new(
    nghttp2_session **out, const struct cnghttp2_owner *called, const struct cnghttp2_bounds *bounds, void *owner) {
    return session_new(nghttp2_session_server_new2, out, called, bounds, owner);
}

int cnghttp2_client_new(
    nghttp2_session **out, const struct cnghttp2_owner *called, const struct cnghttp2_bounds *bounds, void *owner) {
    return session_new(nghttp2_session_client_new2, out, called, bounds, owner);
}

int cnghttp2_respond(
    nghttp2_session *session, int32_t stream, const nghttp2_nv *fields, size_t count, nghttp2_data_source_read_callback read) {
    nghttp2_data_provider body = {.source = {.ptr = NULL}, .read_callback = read};
    return nghttp2_submit_response(session, stream, fields, count, read == NULL ? NULL : &body);
}

int32_t cnghttp2_request(
    nghttp2_session *session, const nghttp2_nv *fields, size_t count, nghttp2_data_source_read_callback read, void *tag) {
    nghttp2_data_provider body = {.source = {.ptr = NULL}, .read_callback = read};
    return nghttp2_submit_request(session, NULL, fields, count, read == NULL ? NULL : &body, tag);
}

void cnghttp2_take_turns(nghttp2_session *session, int32_t stream) {
    nghttp2_extpri priority = {.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};
    nghttp2_session_change_extpri_stream_priority(session, stream, &priority, 1);
}
