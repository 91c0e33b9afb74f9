/* Lines of access logs whose paths have variables (ngx_http_log_script_write): their files are
 * opened when there is a line for them, with the worker's rights, and written to at once. */
#include "file/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

enum { REPORT_INTERVAL = 60000 }; /* milliseconds */

static void complain(struct exchange *exchange, enum table_log_level level, const char *what,
                     struct slice name, const char *how, int error) {
    exchange_log(exchange, level, (struct slice){0},
                 "%s \"%.*s\"%s failed (%d: %s) while logging request", what, SLICE_ARGS(name), how,
                 error, strerror(error));
}

/* As in nginx there is a log only of what has a root that exists; so names that clients make up
 * make no files where the root is made of them, too. */
static bool has_root(struct exchange *exchange) {
    struct slice root;
    struct file_view view;
    if (!engine_find_root(&exchange->request, &root)) {
        return false;
    }
    file_take(exchange, root, FILE_WISH_FACTS, &view);
    file_give_back(exchange, &view);
    int error = view.error != 0 ? view.error : view.is_folder ? 0 : ENOTDIR;
    if (error != 0) {
        complain(exchange, TABLE_LOG_ERROR, "testing", root, " existence", error);
    }
    return error == 0;
}

/* Whether the path is relative is seen by how it is written, not by what variables make of it, as
 * in nginx. False without memory. */
static bool find_name(struct exchange *exchange, const struct table_access_log *record,
                      struct slice *name) {
    const struct http_service *service = exchange->service;
    struct slice text;
    if (!engine_run_template(&exchange->request, record->name, &text)) {
        return false;
    }
    struct slice written = table_text(&exchange->generation->table, record->path);
    if (slice_starts_with(written, SLICE("/"))) {
        *name = text;
        return true;
    }
    size_t prefix_size = strlen(service->prefix);
    char *joined = arena_allocate_bytes(&exchange->arena, prefix_size + 1 + text.size);
    if (joined == NULL) {
        return false;
    }
    *name = (struct slice){joined, prefix_size + 1 + text.size};
    joined = mempcpy(joined, service->prefix, prefix_size);
    *joined++ = '/';
    if (text.size > 0) {
        memcpy(joined, text.data, text.size);
    }
    return true;
}

/* Once a minute, as a full disk does not last for one request. */
static void report_loss(struct exchange *exchange, struct slice name, int error) {
    struct file_state *state = exchange->service->file_state;
    uint64_t now = exchange->service->loop->now;
    if (state->log_reported != 0 && now - state->log_reported < REPORT_INTERVAL) {
        return;
    }
    state->log_reported = now;
    complain(exchange, TABLE_LOG_ALERT, "write() to", name, "", error);
}

static void write_line(struct exchange *exchange, int fd, struct slice name, struct slice line) {
    struct iovec parts[2] = {
        {.iov_base = (void *)(uintptr_t)line.data, .iov_len = line.size},
        {.iov_base = (void *)(uintptr_t) "\n", .iov_len = 1},
    };
    ssize_t written;
    do {
        written = writev(fd, parts, 2);
    } while (written < 0 && errno == EINTR);
    if (written < 0 || (size_t)written < line.size + 1) {
        report_loss(exchange, name, written < 0 ? errno : ENOSPC);
    }
}

void file_log_line(struct exchange *exchange, const struct table_access_log *record,
                   struct slice line) {
    struct slice name;
    struct file_view view;
    if (!has_root(exchange) || !find_name(exchange, record, &name)) {
        return;
    }
    file_take_log(exchange, name, &view);
    if (view.error != 0) {
        complain(exchange, TABLE_LOG_CRIT, view.call, name, "", view.error);
        return;
    }
    write_line(exchange, view.fd, name, line);
    file_give_log_back(exchange, &view);
}
