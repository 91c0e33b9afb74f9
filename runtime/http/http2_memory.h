/* nghttp2's memory: a dozen blocks for each request and its response. */
#ifndef HTTP_HTTP2_MEMORY_H
#define HTTP_HTTP2_MEMORY_H

#include "net/memory_pool.h"

#include <nghttp2/nghttp2.h>

/* What a session is created with so that it uses the pool, which it must not outlive. */
nghttp2_mem http2_memory(struct memory_pool *pool);

#endif
