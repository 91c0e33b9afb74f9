/* LIVE variables: those that only the running exchange can tell. What the proxy knows of upstreams
 * it tells itself; what follows from the request alone is in src/engine/. */
#include "http/client_certificate.h"
#include "http/internal.h"
#include "http/response_filter.h"

#include "engine/http_status.h"
#include "net/proxy_header.h"

#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 3, 4))) static bool
format_value(struct exchange *exchange, struct slice *value, const char *format, ...) {
    enum { NUMBER_SIZE = 64 };
    char *text = arena_allocate_bytes(&exchange->arena, NUMBER_SIZE);
    if (text == NULL) {
        return false;
    }
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, NUMBER_SIZE, format, arguments);
    va_end(arguments);
    *value = (struct slice){text, (size_t)size};
    return true;
}

static bool format_seconds(struct exchange *exchange, uint64_t milliseconds, struct slice *value) {
    return format_value(exchange, value, "%llu.%03u", (unsigned long long)(milliseconds / 1000),
                        (unsigned)(milliseconds % 1000));
}

static bool format_number(struct exchange *exchange, uint64_t number, struct slice *value) {
    char *text = arena_allocate_bytes(&exchange->arena, SLICE_U64_SIZE);
    if (text == NULL) {
        return false;
    }
    *value = slice_format_u64(number, text);
    return true;
}

/* Everything after the head, framing included, as nginx counts. */
static bool body_bytes_sent(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    const struct http_response *response = &exchange->response;
    uint64_t sent = response->bytes_sent;
    return format_number(exchange, sent > response->head_size ? sent - response->head_size : 0,
                         value);
}

static bool bytes_sent(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    return format_number(exchange, exchange->response.bytes_sent, value);
}

static bool connection(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    return format_number(exchange, exchange->connection_number, value);
}

static bool connection_requests(struct exchange *exchange, struct slice suffix,
                                struct slice *value) {
    (void)suffix;
    return format_number(exchange, exchange->connection_requests, value);
}

static bool connection_time(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    uint64_t age = exchange->service->loop->now - exchange->connection_started;
    return format_seconds(exchange, age, value);
}

/* As nginx: hundredths, rounded by the next digit. */
static bool gzip_ratio(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    uint64_t before;
    uint64_t after;
    if (!http_filter_sizes(exchange, &before, &after)) {
        return false;
    }
    uint64_t hundredths = before * 100 / after + (before * 1000 / after % 10 > 4);
    return format_value(exchange, value, "%llu.%02u", (unsigned long long)(hundredths / 100),
                        (unsigned)(hundredths % 100));
}

static bool hostname(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    *value = slice_from_string(exchange->service->hostname);
    return true;
}

static bool http2(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    bool is_secure = slice_equals(exchange->request.scheme, SLICE("https"));
    *value = is_secure ? SLICE("h2") : SLICE("h2c");
    return exchange->is_http2;
}

static bool limit_conn_status(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    return exchange_limit_variable(exchange, VARIABLE_LIMIT_CONN_STATUS, value);
}

static bool limit_req_status(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    return exchange_limit_variable(exchange, VARIABLE_LIMIT_REQ_STATUS, value);
}

static bool msec(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    const struct timespec *now = &exchange->service->loop->clock;
    return format_value(exchange, value, "%lld.%03ld", (long long)now->tv_sec,
                        now->tv_nsec / 1000000);
}

static bool version(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)exchange;
    (void)suffix;
    *value = SLICE(RPC_VERSION);
    return true;
}

static bool process_id(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    return format_number(exchange, (uint64_t)getpid(), value);
}

static bool pipelined(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    *value = exchange->is_pipelined ? SLICE("p") : SLICE(".");
    return true;
}

/* As nginx: a port that is none is an empty text. */
static bool announced_port(struct exchange *exchange, uint32_t port, struct slice *value) {
    *value = SLICE("");
    return port == 0 || format_number(exchange, port, value);
}

static bool proxy_protocol_addr(struct exchange *exchange, struct slice suffix,
                                struct slice *value) {
    const struct proxy_header *header = exchange->announced;
    (void)suffix;
    *value = header != NULL ? slice_from_string(header->source.text) : SLICE("");
    return header != NULL;
}

static bool proxy_protocol_port(struct exchange *exchange, struct slice suffix,
                                struct slice *value) {
    const struct proxy_header *header = exchange->announced;
    (void)suffix;
    return header != NULL && announced_port(exchange, header->source.port, value);
}

static bool proxy_protocol_server_addr(struct exchange *exchange, struct slice suffix,
                                       struct slice *value) {
    const struct proxy_header *header = exchange->announced;
    (void)suffix;
    *value = header != NULL ? slice_from_string(header->destination.text) : SLICE("");
    return header != NULL;
}

static bool proxy_protocol_server_port(struct exchange *exchange, struct slice suffix,
                                       struct slice *value) {
    const struct proxy_header *header = exchange->announced;
    (void)suffix;
    return header != NULL && announced_port(exchange, header->destination.port, value);
}

static bool proxy_protocol_tlv(struct exchange *exchange, struct slice suffix,
                               struct slice *value) {
    char *text = arena_allocate_bytes(&exchange->arena, PROXY_TLV_TEXT_SIZE);
    if (text == NULL || exchange->announced == NULL) {
        return false;
    }
    enum proxy_tlv_result result =
        proxy_header_find_tlv(exchange->announced->tlvs, suffix, text, value);
    if (result == PROXY_TLV_BROKEN) {
        exchange_log(exchange, TABLE_LOG_ERROR, (struct slice){0}, "broken PROXY protocol TLV");
    }
    return result == PROXY_TLV_FOUND;
}

static bool request_completion(struct exchange *exchange, struct slice suffix,
                               struct slice *value) {
    (void)suffix;
    *value = exchange->response.is_complete && exchange->main == NULL ? SLICE("OK") : SLICE("");
    return true;
}

static bool request_id(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    if (exchange->id.size == 0) {
        unsigned char random[16];
        char *text = arena_allocate_bytes(&exchange->arena, 2 * sizeof random);
        if (text == NULL || RAND_bytes(random, sizeof random) != 1) {
            return false;
        }
        for (size_t i = 0; i < sizeof random; i++) {
            text[2 * i] = "0123456789abcdef"[random[i] >> 4];
            text[2 * i + 1] = "0123456789abcdef"[random[i] & 15];
        }
        exchange->id = (struct slice){text, 2 * sizeof random};
    }
    *value = exchange->id;
    return true;
}

static bool request_length(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    return format_number(exchange, exchange->request_length, value);
}

static bool request_time(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    return format_seconds(exchange, exchange->service->loop->now - exchange->started, value);
}

/* Before there is a response: the status it would have. */
static uint32_t current_status(const struct exchange *exchange) {
    const struct engine_request *request = &exchange->request;
    uint32_t planned = request->error_status != 0 ? request->error_status : request->text_status;
    uint32_t status = exchange->response.status != 0 ? exchange->response.status : planned;
    return exchange->log_status != 0 ? exchange->log_status : status;
}

static bool status(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    return format_value(exchange, value, "%03u", current_status(exchange));
}

static bool time_iso8601(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    *value = http_service_time_iso8601(exchange->service);
    return true;
}

static bool time_local(struct exchange *exchange, struct slice suffix, struct slice *value) {
    (void)suffix;
    *value = http_service_time_local(exchange->service);
    return true;
}

/* The fields that describe framing and connection are not in the list; they follow from the state.
 */
static bool framing_field(struct exchange *exchange, struct slice suffix, struct slice *value) {
    const struct http_response *response = &exchange->response;
    if (slice_equals(suffix, SLICE("content_length"))) {
        return response->has_length && format_number(exchange, response->length, value);
    }
    if (slice_equals(suffix, SLICE("transfer_encoding"))) {
        *value = SLICE("chunked");
        return response->is_chunked;
    }
    if (slice_equals(suffix, SLICE("connection"))) {
        *value = response->is_upgrade   ? SLICE("upgrade")
                 : exchange->keep_alive ? SLICE("keep-alive")
                                        : SLICE("close");
        return true;
    }
    return false;
}

static bool sent_http(struct exchange *exchange, struct slice suffix, struct slice *value) {
    const struct http_response *response = &exchange->response;
    if (framing_field(exchange, suffix, value)) {
        return true;
    }
    return engine_find_field(&exchange->arena, response->fields, response->field_count, suffix,
                             value);
}

/* One row per variable; the others are in tls_variable.c, or the proxy's. */
typedef bool live_variable(struct exchange *exchange, struct slice suffix, struct slice *value);

static live_variable *const variables[TABLE_variable_id_COUNT] = {
    [VARIABLE_BODY_BYTES_SENT] = body_bytes_sent,
    [VARIABLE_BYTES_SENT] = bytes_sent,
    [VARIABLE_CONNECTION] = connection,
    [VARIABLE_CONNECTION_REQUESTS] = connection_requests,
    [VARIABLE_CONNECTION_TIME] = connection_time,
    [VARIABLE_GZIP_RATIO] = gzip_ratio,
    [VARIABLE_HOSTNAME] = hostname,
    [VARIABLE_HTTP2] = http2,
    [VARIABLE_LIMIT_CONN_STATUS] = limit_conn_status,
    [VARIABLE_LIMIT_REQ_STATUS] = limit_req_status,
    [VARIABLE_MSEC] = msec,
    [VARIABLE_NGINX_VERSION] = version,
    [VARIABLE_PID] = process_id,
    [VARIABLE_PIPE] = pipelined,
    [VARIABLE_PROXY_PROTOCOL_ADDR] = proxy_protocol_addr,
    [VARIABLE_PROXY_PROTOCOL_PORT] = proxy_protocol_port,
    [VARIABLE_PROXY_PROTOCOL_SERVER_ADDR] = proxy_protocol_server_addr,
    [VARIABLE_PROXY_PROTOCOL_SERVER_PORT] = proxy_protocol_server_port,
    [VARIABLE_PROXY_PROTOCOL_TLV] = proxy_protocol_tlv,
    [VARIABLE_REQUEST_COMPLETION] = request_completion,
    [VARIABLE_REQUEST_ID] = request_id,
    [VARIABLE_REQUEST_LENGTH] = request_length,
    [VARIABLE_REQUEST_TIME] = request_time,
    [VARIABLE_SENT_HTTP] = sent_http,
    [VARIABLE_STATUS] = status,
    [VARIABLE_TIME_ISO8601] = time_iso8601,
    [VARIABLE_TIME_LOCAL] = time_local,
};

static bool find_variable(void *owner, enum variable_id id, struct slice suffix,
                          struct slice *value) {
    struct exchange *exchange = owner;
    if (variables[id] != NULL) {
        return variables[id](exchange, suffix, value);
    }
    if (exchange_is_tls_variable(id)) {
        return exchange_tls_variable(exchange, id, value);
    }
    if (http_client_certificate_variable(exchange, id, value)) {
        return true;
    }
    return exchange->proxy_data != NULL &&
           exchange->service->proxy->variable(exchange, id, suffix, value);
}

/* Looking at a file blocks, as it does in nginx; it happens only where the configuration asks for
 * files. */
static uint32_t look_at_file(void *owner, struct slice path) {
    struct exchange *exchange = owner;
    return exchange->service->files->look(exchange, path);
}

static void write_note(void *owner, enum table_log_level level, const char *message) {
    exchange_log(owner, level, (struct slice){0}, "%s", message);
}

const struct engine_live exchange_live = {.variable = find_variable,
                                          .file = look_at_file,
                                          .password = exchange_check_password,
                                          .note = write_note};
