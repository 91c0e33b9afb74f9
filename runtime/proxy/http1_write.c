/* Writing to a backend by HTTP/1: what is left of the head and bytes of the body, in one write; a
 * body of unknown size in chunks (RFC 9112 7.1). What is written next is send.c's to decide. */
#include "proxy/http1.h"

#include <string.h>

static bool sends_chunks(const struct proxy *proxy) {
    return proxy_has_unknown_size(proxy) && !proxy->exchange->is_upgraded;
}

/* The request's head is given back as soon as it is out; another attempt builds it anew. */
static struct slice head_left(const struct proxy *proxy) {
    return proxy->request == NULL
               ? (struct slice){"", 0}
               : slice_skip(buffer_content(proxy->request), proxy->request_written);
}

/* --- chunks --- */

static struct slice framing_left(const struct proxy_framing *framing) {
    return (struct slice){framing->bytes + framing->begin, (size_t)(framing->end - framing->begin)};
}

bool proxy_http1_has_unsent(const struct proxy *proxy) {
    return head_left(proxy).size > 0 || framing_left(&proxy->framing).size > 0;
}

bool proxy_http1_owes_end(const struct proxy *proxy) {
    return sends_chunks(proxy) && !proxy->framing.is_ended;
}

bool proxy_http1_can_write(const struct proxy *proxy) {
    return (proxy->back->handle.ready & LOOP_WRITE) != 0;
}

static void add_framing(struct proxy_framing *framing, struct slice bytes) {
    struct slice left = framing_left(framing);
    memmove(framing->bytes, left.data, left.size);
    memcpy(framing->bytes + left.size, bytes.data, bytes.size);
    framing->begin = 0;
    framing->end = (uint8_t)(left.size + bytes.size);
}

/* Begins a chunk for the bytes unless one is open, which they then go on. Returns how many of them
 * are in the chunk. */
static size_t open_chunk(struct proxy_framing *framing, size_t size) {
    if (framing->chunk_left == 0 && size > 0) {
        char header[HTTP_CHUNK_HEADER_SIZE];
        add_framing(framing, (struct slice){header, http_chunk_header(header, size)});
        framing->chunk_left = size;
    }
    return size < framing->chunk_left ? size : (size_t)framing->chunk_left;
}

/* What follows the bytes of a chunk. */
static struct slice chunk_end(const struct proxy_framing *framing, size_t size, bool last) {
    bool is_whole = size > 0 && size == framing->chunk_left;
    if (last) {
        return is_whole ? SLICE("\r\n0\r\n\r\n") : SLICE("0\r\n\r\n");
    }
    return is_whole ? SLICE("\r\n") : SLICE("");
}

/* --- writing --- */

static void add_part(struct iovec parts[4], int *count, struct slice bytes) {
    if (bytes.size > 0) {
        parts[(*count)++] =
            (struct iovec){.iov_base = (void *)(uintptr_t)bytes.data, .iov_len = bytes.size};
    }
}

static size_t take(size_t *written, size_t size) {
    size_t taken = *written < size ? *written : size;
    *written -= taken;
    return taken;
}

static void count_head(struct proxy *proxy, size_t written) {
    proxy->request_written += written;
    if (proxy->request != NULL && head_left(proxy).size == 0) {
        buffer_give(&proxy->exchange->service->buffers, proxy->request);
        proxy->request = NULL;
    }
}

/* Accounts for what went out. Framing behind the body's bytes is ours to send once they are out.
 * Returns how many bytes of the body were written. */
static size_t settle(struct proxy *proxy, size_t written, size_t body_size, struct slice end,
                     bool last) {
    struct proxy_framing *framing = &proxy->framing;
    count_head(proxy, take(&written, head_left(proxy).size));
    framing->begin += (uint8_t)take(&written, framing_left(framing).size);
    size_t of_body = take(&written, body_size);
    if (sends_chunks(proxy)) {
        framing->chunk_left -= of_body;
        if (of_body == body_size) {
            add_framing(framing, slice_skip(end, written));
            framing->is_ended = last;
        }
    }
    return of_body;
}

ssize_t proxy_http1_write(struct proxy *proxy, struct slice body, bool last) {
    struct slice end = {"", 0};
    if (sends_chunks(proxy)) {
        size_t size = open_chunk(&proxy->framing, body.size);
        last = last && size == body.size;
        body.size = size;
        end = chunk_end(&proxy->framing, size, last);
    }
    struct iovec parts[4];
    int count = 0;
    add_part(parts, &count, head_left(proxy));
    add_part(parts, &count, framing_left(&proxy->framing));
    add_part(parts, &count, body);
    add_part(parts, &count, end);
    ssize_t written = 0;
    if (count > 0 && proxy_http1_can_write(proxy)) {
        written = back_write(proxy->back, parts, count);
        if (written == SOCKET_FAILED) {
            return -1;
        }
        written = written == SOCKET_AGAIN ? 0 : written;
    }
    proxy_current_attempt(proxy)->bytes_sent += (uint64_t)written;
    return (ssize_t)settle(proxy, (size_t)written, body.size, end, last);
}
