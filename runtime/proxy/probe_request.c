/* The request of a probe: made by the engine as any request to a backend, of the location's
 * settings and no client. */
#include "proxy/probe.h"

#include "engine/upstream.h"
#include "proxy/internal.h"

#include <stdio.h>

/* Variables about clients have no value. */
static bool no_variable(void *owner, enum variable_id id, struct slice suffix,
                        struct slice *value) {
    (void)owner, (void)id, (void)suffix, (void)value;
    return false;
}

static uint32_t no_file(void *owner, struct slice path) {
    (void)owner, (void)path;
    return 0;
}

static void no_note(void *owner, enum table_log_level level, const char *message) {
    (void)owner, (void)level, (void)message;
}

static const struct engine_live nobody = {
    .variable = no_variable, .file = no_file, .note = no_note};

/* The location's settings as far as they say how to ask; what is asked for is the check's. */
static struct table_settings choose_settings(const struct proxy_group *group) {
    const struct table *table = &group->generation->table;
    struct table_settings settings = table->settings[group->health.location->settings];
    settings.proxy_method = TABLE_NONE;
    settings.proxy_set_body = TABLE_NONE;
    settings.proxy_pass_request_body = 1;
    settings.proxy_pass_request_headers = 0;
    return settings;
}

static void fill_in(const struct proxy_group *group, const struct table_settings *settings,
                    struct arena *arena, struct engine_request *request) {
    const struct table *table = &group->generation->table;
    const struct table_server *server = &table->server[group->health.check->server];
    const struct table_proxy *proxy = &table->proxy[group->health.location->proxy];
    struct slice uri = table_text(table, group->health.check->uri);
    size_t path = slice_find_byte(uri, '?');
    *request = (struct engine_request){
        .engine = group->generation->engine,
        .arena = arena,
        .live = &nobody,
        .method = SLICE("GET"),
        .target = uri,
        .protocol = SLICE("HTTP/1.1"),
        .scheme = SLICE("http"),
        .host = table_text(table, server->name),
        .uri = slice_take(uri, path),
        .raw_path = slice_take(uri, path),
        .args = path < uri.size ? slice_skip(uri, path + 1) : (struct slice){NULL, 0},
        .prefix = slice_from_string(group->state->service->prefix),
        .server = server,
        .location = group->health.location,
        .settings = settings,
        .proxy_host = table_text(table, proxy->host),
        .proxy_port = table_text(table, proxy->port),
    };
}

static bool has_field(const struct engine_upstream_head *head, struct slice name) {
    for (uint32_t i = 0; i < head->count; i++) {
        if (slice_equals_nocase(head->fields[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* A Host there must be, whatever variables of clients have made of it (RFC 9112 3.2). */
static void complete(struct engine_upstream_head *head, struct slice host, bool is_kept) {
    if (!has_field(head, SLICE("Host"))) {
        head->fields[head->count++] = (struct engine_header){SLICE("Host"), host};
    }
    if (!is_kept && !has_field(head, SLICE("Connection"))) {
        head->fields[head->count++] = (struct engine_header){SLICE("Connection"), SLICE("close")};
    }
}

static size_t measure(const struct engine_upstream_head *head, struct slice uri) {
    size_t size = uri.size + head->protocol.size + 16;
    for (uint32_t i = 0; i < head->count; i++) {
        size += head->fields[i].name.size + head->fields[i].value.size + 4;
    }
    return size;
}

static bool print(const struct engine_upstream_head *head, struct slice uri, struct arena *arena,
                  struct slice *text) {
    size_t size = measure(head, uri);
    char *bytes = arena_allocate_bytes(arena, size);
    if (bytes == NULL) {
        return false;
    }
    int length =
        snprintf(bytes, size, "GET %.*s %.*s\r\n", SLICE_ARGS(uri), SLICE_ARGS(head->protocol));
    for (uint32_t i = 0; i < head->count; i++) {
        length += snprintf(bytes + length, size - (size_t)length, "%.*s: %.*s\r\n",
                           SLICE_ARGS(head->fields[i].name), SLICE_ARGS(head->fields[i].value));
    }
    length += snprintf(bytes + length, size - (size_t)length, "\r\n");
    *text = (struct slice){bytes, (size_t)length};
    return true;
}

/* For https://: the context of the location's settings, and who the backend should be. */
static bool secure(const struct proxy_group *group, struct engine_request *request,
                   struct back_security *security) {
    struct generation *generation = group->generation;
    const struct table *table = &generation->table;
    const struct table_location *location = group->health.location;
    struct proxy_groups *groups = generation->extension;
    struct proxy_tls *tls = &group->state->tls;
    struct failure failure;
    *security = (struct back_security){0};
    if (table->proxy[location->proxy].is_tls == 0) {
        return true;
    }
    if (!engine_make_tls_name(request, request->proxy_host, &security->name)) {
        return false;
    }
    security->context = proxy_tls_find(tls, &groups->tls, generation,
                                       &table->settings[location->settings], &failure);
    security->sessions = tls->sessions;
    if (security->context == NULL) {
        log_message(group->state->service->log, TABLE_LOG_ALERT, "%s", failure.text);
    }
    return security->context != NULL;
}

bool probe_build_request(const struct proxy_group *group, struct arena *arena,
                         struct probe_request *made) {
    const struct table_settings settings = choose_settings(group);
    struct engine_request request;
    struct engine_upstream_head head = {0};
    fill_in(group, &settings, arena, &request);
    uint32_t limit = engine_upstream_field_limit(&request) + 2;
    head.fields = arena_allocate(arena, limit * sizeof *head.fields);
    if (head.fields == NULL || !engine_request_prepare(&request) ||
        !engine_make_upstream_head(&request, request.proxy_host, (struct slice){NULL, 0}, &head) ||
        !proxy_choose_way(&request, &made->way) || !secure(group, &request, &made->way.security)) {
        return false;
    }
    made->way.protocol = &proxy_http1;
    complete(&head, request.proxy_host, group->health.pool != NULL);
    return print(&head, request.target, arena, &made->text);
}
