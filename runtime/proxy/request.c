/* The head of a request to a backend as bytes. What is in it is the engine's to say. */
#include "proxy/internal.h"

#include "engine/upstream.h"

#include <stdio.h>
#include <string.h>

/* Fields of more than this many are listed in the arena. */
enum { FEW_FIELDS = 64, LENGTH_SIZE = 32 };

static struct slice body_size(const struct proxy *proxy, char text[LENGTH_SIZE]) {
    uint64_t size = 0;
    if (proxy->exchange->head.framing == HTTP_BODY_NONE) {
        return (struct slice){NULL, 0};
    }
    if (proxy->body == PROXY_BODY_COLLECT) {
        size = spool_size(&proxy->spool);
    } else if (proxy->body == PROXY_BODY_STREAM) {
        size = proxy->exchange->head.content_length;
    }
    int length = snprintf(text, LENGTH_SIZE, "%llu", (unsigned long long)size);
    return (struct slice){text, (size_t)length};
}

/* METHOD SP URI SP PROTOCOL, a field a line, an empty line, and a body of the configuration's. */
static size_t measure(const struct proxy *proxy, const struct engine_upstream_head *head) {
    size_t size =
        head->method.size + 1 + proxy->uri.size + 1 + head->protocol.size + 4 + head->body.size;
    for (uint32_t i = 0; i < head->count; i++) {
        size += head->fields[i].name.size + 2 + head->fields[i].value.size + 2;
    }
    return size;
}

static char *put(char *out, struct slice s) {
    return s.size > 0 ? mempcpy(out, s.data, s.size) : out;
}

static char *put_line(const struct proxy *proxy, const struct engine_upstream_head *head,
                      char *out) {
    out = put(out, head->method);
    *out++ = ' ';
    out = put(out, proxy->uri);
    *out++ = ' ';
    out = put(out, head->protocol);
    return mempcpy(out, "\r\n", 2);
}

static char *put_fields(const struct engine_upstream_head *head, char *out) {
    for (uint32_t i = 0; i < head->count; i++) {
        out = put(out, head->fields[i].name);
        out = mempcpy(out, ": ", 2);
        out = put(out, head->fields[i].value);
        out = mempcpy(out, "\r\n", 2);
    }
    return mempcpy(out, "\r\n", 2);
}

static bool write_head(struct proxy *proxy, const struct engine_upstream_head *head) {
    struct buffer *out = buffer_take(&proxy->exchange->service->buffers, measure(proxy, head));
    if (out == NULL) {
        proxy_log(proxy, TABLE_LOG_ALERT, "no memory for a request to upstream");
        return false;
    }
    char *end = put_fields(head, put_line(proxy, head, out->bytes));
    end = put(end, head->body);
    out->end = (size_t)(end - out->bytes);
    proxy->request = out;
    proxy->asks_upgrade = head->asks_upgrade;
    proxy->asks_close = head->asks_close;
    proxy->asks_head = slice_equals(head->method, SLICE("HEAD"));
    return true;
}

bool proxy_build_request(struct proxy *proxy) {
    struct engine_request *request = &proxy->exchange->request;
    struct engine_header few[FEW_FIELDS];
    char length[LENGTH_SIZE];
    struct engine_upstream_head head = {.fields = few, .is_chunked = proxy_sends_chunks(proxy)};
    uint32_t limit = engine_upstream_field_limit(request);
    if (limit > FEW_FIELDS) {
        head.fields = arena_allocate(request->arena, limit * sizeof *head.fields);
        if (head.fields == NULL) {
            return false;
        }
    }
    return engine_make_upstream_head(request, proxy->host, body_size(proxy, length), &head) &&
           write_head(proxy, &head);
}
