/* nghttp2's memory from a pool. */
#include "http/http2_memory.h"

static void *take(size_t size, void *pool) {
    return memory_take(pool, size);
}

static void *take_zeroed(size_t count, size_t size, void *pool) {
    return memory_take_zeroed(pool, count, size);
}

static void *resize(void *bytes, size_t size, void *pool) {
    return memory_resize(pool, bytes, size);
}

static void give(void *bytes, void *pool) {
    memory_give(pool, bytes);
}

nghttp2_mem http2_memory(struct memory_pool *pool) {
    return (nghttp2_mem){pool, take, give, take_zeroed, resize};
}
