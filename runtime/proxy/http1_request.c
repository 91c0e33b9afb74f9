/* The head of a request to a backend as the bytes of HTTP/1. What is in it is the engine's to say.
 */
#include "proxy/http1.h"

#include "engine/upstream.h"

#include <string.h>

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

bool proxy_http1_prepare(struct proxy *proxy) {
    struct proxy_request_head made;
    return proxy->request != NULL ||
           (proxy_make_request_head(proxy, &made) && write_head(proxy, &made.head));
}
