/* WebSockets over HTTP/2 (RFC 8441): what is an extended CONNECT here is a handshake of HTTP/1.1
 * for the backend, with a key that nobody but us needs to know. */
#include "http/http2_front.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

enum {
    NONCE_SIZE = 16,
    KEY_SIZE = 24, /* a nonce in base64 */
    ACCEPT_SIZE = 28,
};

/* RFC 6455 1.3. */
static const char GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

static bool make_key(struct http2_stream *stream) {
    unsigned char nonce[NONCE_SIZE];
    char *key = arena_allocate_bytes(&stream->exchange->arena, KEY_SIZE + 1);
    if (key == NULL || RAND_bytes(nonce, sizeof nonce) != 1) {
        return false;
    }
    EVP_EncodeBlock((unsigned char *)key, nonce, sizeof nonce);
    stream->tunnel_key = (struct slice){key, KEY_SIZE};
    return true;
}

static void make_accept(struct slice key, char accept[ACCEPT_SIZE + 1]) {
    unsigned char text[KEY_SIZE + sizeof GUID];
    unsigned char digest[SHA_DIGEST_LENGTH];
    memcpy(text, key.data, KEY_SIZE);
    memcpy(text + KEY_SIZE, GUID, sizeof GUID - 1);
    SHA1(text, KEY_SIZE + sizeof GUID - 1, digest);
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
}

/* The client has no part in the handshake: a key of its own would say nothing. */
static void drop_keys(struct http_fields *fields) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fields->count; i++) {
        if (!slice_equals(fields->items[i].name, SLICE("sec-websocket-key"))) {
            fields->ids[kept] = fields->ids[i];
            fields->items[kept++] = fields->items[i];
        }
    }
    fields->count = kept;
}

bool http2_tunnel_begin(struct http2_stream *stream) {
    struct http_request_head *head = &stream->exchange->head;
    if (!make_key(stream)) {
        return false;
    }
    drop_keys(&head->fields);
    head->has_upgrade = true;
    http2_request_put_field(stream, HTTP_FIELD_UPGRADE, SLICE("upgrade"), SLICE("websocket"));
    http2_request_put_field(stream, HTTP_FIELD_CONNECTION, SLICE("connection"), SLICE("Upgrade"));
    http2_request_put_field(stream, HTTP_FIELD_OTHER, SLICE("sec-websocket-key"),
                            stream->tunnel_key);
    return stream->refusal == 0;
}

bool http2_tunnel_hides(struct slice name) {
    return slice_equals_nocase(name, SLICE("Sec-WebSocket-Accept"));
}

bool http2_tunnel_is_accepted(const struct http2_stream *stream) {
    const struct http_response *response = &stream->exchange->response;
    char accept[ACCEPT_SIZE + 1];
    make_accept(stream->tunnel_key, accept);
    for (uint32_t i = 0; i < response->field_count; i++) {
        if (http2_tunnel_hides(response->fields[i].name)) {
            return slice_equals(response->fields[i].value, (struct slice){accept, ACCEPT_SIZE});
        }
    }
    return false;
}
