/* gzip_static: a file that lies compressed beside the one that is asked for, as nginx's module
 * finds it. */
#include "file/internal.h"

#include <errno.h>
#include <string.h>

enum { STATIC_OFF, STATIC_ON, STATIC_ALWAYS };

static const struct slice ending = SLICE_INIT(".gz");

static struct slice make_name(struct exchange *exchange) {
    struct slice name = exchange->file_name;
    char *text = arena_allocate_bytes(&exchange->arena, name.size + ending.size);
    if (text == NULL) {
        return (struct slice){NULL, 0};
    }
    memcpy(mempcpy(text, name.data, name.size), ending.data, ending.size);
    return (struct slice){text, name.size + ending.size};
}

static bool is_missing(int error) {
    return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
}

/* What may not be opened is as if it were not there. */
static void report(struct exchange *exchange, const struct file_view *view, struct slice name) {
    bool is_denied = view->error == EACCES || view->error == ELOOP || view->error == EMLINK;
    if (!is_missing(view->error)) {
        file_log_failure(exchange, is_denied ? TABLE_LOG_ERROR : TABLE_LOG_CRIT, view->call, name,
                         view->error);
    }
}

static bool is_wanted(const struct exchange *exchange) {
    struct slice method = exchange->request.method;
    struct slice uri = exchange->request.uri;
    bool reads = slice_equals(method, SLICE("GET")) || slice_equals(method, SLICE("HEAD"));
    return reads && (uri.size == 0 || uri.data[uri.size - 1] != '/');
}

bool file_take_precompressed(struct exchange *exchange, struct file_view *view) {
    const struct table_settings *settings = exchange->request.settings;
    bool is_always = settings->gzip_static == STATIC_ALWAYS;
    if (settings->gzip_static == STATIC_OFF || !is_wanted(exchange)) {
        return false;
    }
    bool is_accepted = is_always || exchange_accepts_gzip(exchange);
    if (!is_accepted && settings->gzip_vary == 0) {
        return false; /* whether it is there would change nothing */
    }
    struct slice name = make_name(exchange);
    if (name.data == NULL) {
        return false;
    }
    file_take(exchange, name, is_accepted ? FILE_WISH_OPEN : FILE_WISH_FACTS, view);
    if (view->error != 0) {
        report(exchange, view, name);
        return false;
    }
    exchange->varies = exchange->varies || !is_always;
    if (!is_accepted || view->is_folder) {
        file_give_back(exchange, view);
        return false;
    }
    return true;
}
