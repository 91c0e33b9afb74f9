/* Whether a response is compressed or decompressed on its way to the client: nginx's rules of gzip
 * and gunzip over the request, the settings in effect and the head of the response. */
#ifndef ENGINE_COMPRESSION_H
#define ENGINE_COMPRESSION_H

#include "engine/engine.h"

enum engine_coding { ENGINE_AS_IT_IS, ENGINE_GZIP, ENGINE_GUNZIP };

/* The head of a response, as it is known before it is sent. Everything is borrowed. */
struct engine_response_head {
    uint32_t status;
    bool is_http10;    /* the request is HTTP/1.0 */
    bool is_from_back; /* or its type is: parameters of it are then looked at */
    bool has_length;
    uint64_t length; /* of the body */
    int64_t now;     /* seconds since 1970 */
    const struct engine_header *fields;
    uint32_t field_count;
    uint32_t own_count; /* of them, those at the beginning that add_header has not added */
};

/* Whether the client gets gzip, by the settings in effect; found once for a request, as in nginx,
 * and then held to, whatever the head is that follows. */
enum engine_gzip_verdict { ENGINE_GZIP_UNKNOWN, ENGINE_GZIP_ACCEPTED, ENGINE_GZIP_REFUSED };

/* Finds it where there is no head yet, and keeps it; true for ACCEPTED. */
bool engine_accepts_precompressed(struct engine_request *request, bool is_http10,
                                  enum engine_gzip_verdict *verdict);

struct engine_compression {
    enum engine_coding coding;
    bool varies; /* other clients may get it in another coding: gzip_vary counts */
};

/* What becomes of the response. To be asked only where gzip or gunzip is on. */
struct engine_compression engine_choose_compression(struct engine_request *request,
                                                    const struct engine_response_head *head,
                                                    enum engine_gzip_verdict verdict);

#endif
