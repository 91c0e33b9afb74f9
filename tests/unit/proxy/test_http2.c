/* What is noted of a connection by HTTP/2, told by nghttp2 as the backend, and with memory that
 * ends somewhere. */
#include "../failing_arena.h"

#include "unit.h"

#include "proxy/http2.h"

/* Both ends, and what is looked at of an exchange. */
struct wire {
    struct loop loop;
    struct memory_pool memory;
    struct http_service service;
    struct table_settings settings;
    struct exchange exchange;
    struct proxy_attempt attempt;
    struct proxy proxy;
    struct back back;
    struct proxy_http2 http2;
    nghttp2_session *server;
};

static nghttp2_nv field(const char *name, const char *value) {
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                        strlen(value), NGHTTP2_NV_FLAG_NONE};
}

/* Bytes of one end reach the other; what pauses there goes on behind that. */
static void pass(nghttp2_session *from, nghttp2_session *to) {
    const uint8_t *bytes;
    ssize_t size;
    while ((size = nghttp2_session_mem_send(from, &bytes)) > 0) {
        ssize_t taken = nghttp2_session_mem_recv(to, bytes, (size_t)size);
        while (taken >= 0 && taken < size) {
            ssize_t more = nghttp2_session_mem_recv(to, bytes + taken, (size_t)(size - taken));
            taken = more < 0 ? more : taken + more;
        }
        (void)nghttp2_session_mem_recv(to, bytes, 0); /* a frame may end behind a pause */
    }
}

static void begin(struct wire *wire, uint64_t head_limit) {
    memset(wire, 0, sizeof *wire);
    wire->settings.proxy_buffer_size = head_limit;
    wire->service.loop = &wire->loop;
    wire->service.memory = &wire->memory;
    wire->exchange.service = &wire->service;
    wire->exchange.request.settings = &wire->settings;
    arena_init(&wire->exchange.arena, 1); /* each piece of memory for itself */
    wire->proxy.exchange = &wire->exchange;
    wire->proxy.attempts = &wire->attempt;
    wire->proxy.attempt_count = 1;
    wire->back.service = &wire->service;
    wire->back.user = &wire->proxy;
    wire->http2.back = &wire->back;
    wire->http2.interims_end = &wire->http2.interims;
    wire->http2.session = proxy_http2_session(&wire->http2);
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_server_new(&wire->server, callbacks, NULL);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(wire->server, NGHTTP2_FLAG_NONE, NULL, 0);
    const nghttp2_nv request[] = {field(":method", "GET"), field(":scheme", "http"),
                                  field(":path", "/"), field(":authority", "a")};
    wire->http2.stream = nghttp2_submit_request(wire->http2.session, NULL, request, 4, NULL, NULL);
    pass(wire->http2.session, wire->server);
}

static void end(struct wire *wire) {
    nghttp2_session_del(wire->http2.session);
    nghttp2_session_del(wire->server);
    memory_pool_release(&wire->memory);
    arena_release(&wire->exchange.arena);
}

static ssize_t read_hello(nghttp2_session *session, int32_t stream, uint8_t *buffer, size_t size,
                          uint32_t *flags, nghttp2_data_source *source, void *user) {
    const nghttp2_nv trailer = field("x-sum", "5");
    (void)source, (void)user, (void)size;
    memcpy(buffer, "hello", 5);
    *flags = NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    nghttp2_submit_trailer(session, stream, &trailer, 1);
    return 5;
}

static void answer(struct wire *wire) {
    const nghttp2_nv early[] = {field(":status", "103"), field("link", "</a>")};
    const nghttp2_nv head[] = {field(":status", "200"), field("content-length", "5"),
                               field("server", "s")};
    const nghttp2_data_provider body = {.read_callback = read_hello};
    nghttp2_submit_headers(wire->server, NGHTTP2_FLAG_NONE, 1, NULL, early, 2, NULL);
    nghttp2_submit_response(wire->server, 1, head, 3, &body);
    pass(wire->server, wire->http2.session);
}

static bool is_field(const struct http_fields *fields, uint32_t index, const char *name,
                     const char *value) {
    return index < fields->count &&
           slice_equals(fields->items[index].name, slice_from_string(name)) &&
           slice_equals(fields->items[index].value, slice_from_string(value));
}

static void notes_heads_bodies_and_trailers(void) {
    struct wire wire;
    begin(&wire, 4096);
    answer(&wire);
    const struct proxy_http2 *http2 = &wire.http2;
    const struct http_response_head *head = &wire.proxy.head;
    CU_ASSERT_PTR_NOT_NULL_FATAL(http2->interims);
    CU_ASSERT_EQUAL(http2->interims->status, 103);
    CU_ASSERT_TRUE(is_field(&http2->interims->fields, 0, "link", "</a>"));
    CU_ASSERT_PTR_NULL(http2->interims->next);
    CU_ASSERT_TRUE(http2->has_head && head->status == 200 && head->minor == 1);
    CU_ASSERT_TRUE(head->has_content_length && head->content_length == 5);
    CU_ASSERT_TRUE(is_field(&head->fields, 0, "content-length", "5"));
    CU_ASSERT_TRUE(is_field(&head->fields, 1, "server", "s") && head->fields.count == 2);
    CU_ASSERT_EQUAL(head->fields.ids[1], HTTP_FIELD_SERVER);
    CU_ASSERT_EQUAL(http2->early.size, 5);
    CU_ASSERT_EQUAL(http2->held, 5);
    CU_ASSERT_TRUE(is_field(&http2->trailers, 0, "x-sum", "5"));
    CU_ASSERT_TRUE(http2->is_ended && http2->is_closed && http2->error == NGHTTP2_NO_ERROR);
    CU_ASSERT_EQUAL(http2->problem[0], '\0');
    end(&wire);
}

static void refuses_a_head_over_its_limit(void) {
    for (uint64_t limit = 1; limit < 80; limit++) {
        struct wire wire;
        begin(&wire, limit);
        answer(&wire);
        /* ":status103" and "link</a>", each with what HTTP/1 has besides, come to 26; the final
         * head to 44. */
        CU_ASSERT_EQUAL(wire.http2.is_head_too_big, limit < 44);
        CU_ASSERT_EQUAL(wire.http2.has_head, limit >= 44);
        end(&wire);
    }
}

static void leaves_other_streams_alone(void) {
    struct wire wire;
    begin(&wire, 4096);
    wire.http2.stream = 3; /* of the next exchange; what comes is for the one before */
    answer(&wire);
    CU_ASSERT_FALSE(wire.http2.has_head || wire.http2.is_ended || wire.http2.is_closed);
    CU_ASSERT_TRUE(wire.http2.interims == NULL && wire.http2.early.size == 0);
    CU_ASSERT_TRUE(wire.http2.held == 0 && wire.proxy.head.fields.count == 0);
    end(&wire);
}

static void survives_memory_that_ends(void) {
    int pieces = 0;
    bool is_whole = false;
    for (; pieces < 100 && !is_whole; pieces++) {
        struct wire wire;
        begin(&wire, 4096);
        failing_arena_left = pieces;
        answer(&wire);
        failing_arena_left = -1;
        is_whole = wire.http2.trailers.count == 1;
        CU_ASSERT_TRUE(is_whole || wire.http2.lacks_memory);
        CU_ASSERT_TRUE(!is_whole || !wire.http2.lacks_memory);
        end(&wire);
    }
    CU_ASSERT_TRUE(pieces > 5 && pieces < 100);
}

static void knows_who_says_goodbye(void) {
    struct wire wire;
    begin(&wire, 4096);
    nghttp2_submit_goaway(wire.server, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0);
    pass(wire.server, wire.http2.session);
    CU_ASSERT_TRUE(wire.http2.is_going_away && wire.http2.is_closed);
    CU_ASSERT_EQUAL(wire.http2.error, NGHTTP2_REFUSED_STREAM);
    end(&wire);
}

UNIT_TESTS("proxy/http2", {"notes heads, bodies and trailers", notes_heads_bodies_and_trailers},
           {"refuses a head over its limit", refuses_a_head_over_its_limit},
           {"leaves other streams alone", leaves_other_streams_alone},
           {"survives memory that ends", survives_memory_that_ends},
           {"knows who says goodbye", knows_who_says_goodbye})
