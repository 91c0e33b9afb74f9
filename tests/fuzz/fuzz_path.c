/* fuzz: runtime */
/* Request targets, host values and paths to escape, of arbitrary bytes. The first byte chooses
 * merge_slashes and the method. What is accepted must have the promised form. */
#include "engine/engine.h"
#include "fuzz.h"

#include <string.h>

/* Normalising a normal path again changes nothing, once it is escaped. */
static void check_normal(struct arena *arena, struct slice uri, bool merge_slashes) {
    struct slice escaped = engine_escape_uri(arena, uri);
    struct engine_request again = {.arena = arena, .target = escaped};
    struct slice authority;
    require(escaped.data != NULL && escaped.size >= uri.size);
    require(engine_parse_target(&again, merge_slashes, &authority) == ENGINE_TARGET_OK);
    require(slice_equals(again.uri, uri) && authority.size == 0);
}

static void check_target(struct arena *arena, struct slice target, uint8_t choice) {
    bool merge_slashes = (choice & 1) != 0;
    struct engine_request request = {.arena = arena, .target = target};
    request.method = (choice & 2) != 0 ? SLICE("OPTIONS") : SLICE("GET");
    struct slice authority;
    struct slice host;
    if (engine_parse_target(&request, merge_slashes, &authority) != ENGINE_TARGET_OK) {
        return;
    }
    if (slice_equals(request.uri, SLICE("*"))) {
        return;
    }
    require(request.uri.size > 0 && request.uri.data[0] == '/');
    require(request.uri.size <= request.raw_path.size);
    require(!request.uri_is_plain || slice_equals(request.uri, request.raw_path));
    (void)engine_parse_host(arena, authority, &host);
    check_normal(arena, request.uri, merge_slashes);
}

static void check_host(struct arena *arena, struct slice value) {
    struct slice host;
    struct slice again;
    if (!engine_parse_host(arena, value, &host)) {
        return;
    }
    require(host.size > 0 && host.size <= value.size);
    for (size_t i = 0; i < host.size; i++) {
        require(host.data[i] > ' ' && host.data[i] != '/' && host.data[i] != '@');
    }
    require(engine_parse_host(arena, host, &again) && slice_equals(again, host));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    if (size == 0) {
        return 0;
    }
    arena_init(&arena, 4096);
    struct slice text = {(const char *)data + 1, size - 1};
    check_target(&arena, text, data[0]);
    check_host(&arena, text);
    require(engine_escape_uri(&arena, text).data != NULL);
    arena_release(&arena);
    return 0;
}
