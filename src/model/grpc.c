/* gRPC: a location with grpc_pass is one with proxy_pass by HTTP/2, whose settings of proxying are
 * those of grpc_...; what of proxying has no such counterpart is as by default. So nothing behind
 * the model has to know two families. */
#include "model/reading.h"

#include "table/layout.h"

#include <string.h>

/* Settings of proxying go back to what they are where nobody sets them. Whatever is said of them is
 * said of grpc_... */
static void forget_proxying(const struct model *model, struct settings *settings) {
    const struct settings *defaults = model->reading->defaults;
    for (size_t i = 0; i < catalogue_directive_count(); i++) {
        const struct directive *directive = catalogue_directive(i);
        if (directive->group == GROUP_HTTP && strncmp(directive->name, "proxy_", 6) == 0) {
            memcpy((char *)settings + directive->offset, (const char *)defaults + directive->offset,
                   directive->size);
            settings->origin[directive->setting] = NULL;
            settings->is_own[directive->setting] = false;
        }
    }
}

static void take_over(struct settings *settings) {
#define GRPC_DIRECTIVE(suffix, ...)                                                                \
    settings->proxy_##suffix = settings->grpc_##suffix;                                            \
    settings->origin[SETTING_proxy_##suffix] = settings->origin[SETTING_grpc_##suffix];
#include "directives.def"
}

/* The words differ in one that only a cache understands, before the last. */
static uint64_t next_upstream(uint64_t words) {
    enum { OFF = TABLE_NEXT_UPDATING };
    return (words & OFF) != 0 ? TABLE_NEXT_OFF : words;
}

/* Both directions go on as they come, and trailers carry the status of a call. */
static void fix(struct settings *settings) {
    settings->proxy_http_version = TABLE_HTTP_2;
    settings->proxy_buffering = false;
    settings->proxy_request_buffering = false;
    settings->proxy_pass_trailers = true;
    settings->proxy_redirect.list.count = 0;
    if (settings->proxy_buffers.second < settings->proxy_buffer_size) {
        settings->proxy_buffers.second = settings->proxy_buffer_size;
    }
    settings->proxy_next_upstream = (uint32_t)next_upstream(settings->proxy_next_upstream);
}

static bool is_for_grpc(const struct location *location) {
    while (location->proxy == NULL && location->is_condition && location->parent != NULL) {
        location = location->parent;
    }
    return location->proxy != NULL && location->proxy->is_grpc;
}

struct settings *grpc_choose_settings(struct model *model, const struct location *location,
                                      struct settings *settings) {
    if (!is_for_grpc(location)) {
        return settings;
    }
    if (settings->for_grpc == NULL) {
        struct settings *made = arena_require(model->arena, sizeof *made);
        *made = *settings;
        made->heir = NULL;
        made->is_for_grpc = true;
        forget_proxying(model, made);
        take_over(made);
        fix(made);
        buffering_complete(model, made);
        settings->for_grpc = made;
    }
    return settings->for_grpc;
}
