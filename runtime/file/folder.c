/* Lists of folders as answers, as by nginx's autoindex module: reading the folder, putting its
 * entries in order. Their texts are in listing.c. Reading blocks the worker, as in nginx. */
#include "engine/variable.h"
#include "file/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    STATUS_OK = 200,
    STATUS_BAD_REQUEST = 400,
    STATUS_FORBIDDEN = 403,
    STATUS_NOT_FOUND = 404,
    STATUS_FAILED = 500,
    FIRST_CAPACITY = 64,
    LONGEST_CALLBACK = 128,
};

/* A folder that is being read. */
struct reading {
    struct exchange *exchange;
    DIR *folder;
    struct file_folder *found;
    size_t capacity;
};

/* --- one entry --- */

static uint32_t fail_entry(struct exchange *exchange, const char *call, struct slice name) {
    file_log_failure(exchange, TABLE_LOG_CRIT, call, name, errno);
    return STATUS_FAILED;
}

/* What a link points to, or the link itself where that is nothing. 0, or the status to fail with;
 * *is_hidden: it cannot be looked at. */
static uint32_t look(const struct reading *reading, const char *name, struct stat *status,
                     bool *is_hidden) {
    struct exchange *exchange = reading->exchange;
    int folder = dirfd(reading->folder);
    struct slice text = slice_from_string(name);
    *is_hidden = false;
    if (fstatat(folder, name, status, 0) == 0) {
        return 0;
    }
    if (errno == ENOENT || errno == ELOOP) {
        return fstatat(folder, name, status, AT_SYMLINK_NOFOLLOW) == 0
                   ? 0
                   : fail_entry(exchange, "lstat()", text);
    }
    *is_hidden = errno == EACCES;
    uint32_t failure = fail_entry(exchange, "stat()", text);
    return *is_hidden ? 0 : failure;
}

static bool reserve_entry(struct reading *reading) {
    struct file_folder *found = reading->found;
    if (found->count < reading->capacity) {
        return true;
    }
    size_t capacity = reading->capacity > 0 ? reading->capacity * 2 : FIRST_CAPACITY;
    struct file_folder_entry *entries =
        arena_allocate_raw(&reading->exchange->arena, capacity * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    if (found->count > 0) {
        memcpy(entries, found->entries, found->count * sizeof *entries);
    }
    found->entries = entries;
    reading->capacity = capacity;
    return true;
}

static bool add_entry(struct reading *reading, const char *name, const struct stat *status) {
    struct slice text = slice_from_string(name);
    if (!reserve_entry(reading) || !arena_take_over(&reading->exchange->arena, &text)) {
        return false;
    }
    reading->found->entries[reading->found->count++] = (struct file_folder_entry){
        .name = text,
        .is_folder = S_ISDIR(status->st_mode),
        .is_regular = S_ISREG(status->st_mode),
        .modified = status->st_mtim.tv_sec,
        .size = status->st_size > 0 ? (uint64_t)status->st_size : 0,
    };
    return true;
}

/* --- all of them --- */

static int compare_entries(const void *first, const void *second) {
    const struct file_folder_entry *a = first;
    const struct file_folder_entry *b = second;
    return a->is_folder != b->is_folder ? b->is_folder - a->is_folder
                                        : slice_compare(a->name, b->name);
}

static uint32_t read_entries(struct reading *reading) {
    struct dirent *entry;
    while (errno = 0, (entry = readdir(reading->folder)) != NULL) {
        struct stat status;
        bool is_hidden;
        if (entry->d_name[0] == '.') {
            continue;
        }
        uint32_t failure = look(reading, entry->d_name, &status, &is_hidden);
        if (failure != 0) {
            return failure;
        }
        if (!is_hidden && !add_entry(reading, entry->d_name, &status)) {
            errno = ENOMEM;
            break;
        }
    }
    if (errno != 0) {
        return fail_entry(reading->exchange, "readdir()", reading->exchange->file_name);
    }
    return 0;
}

static uint32_t fail_folder(struct exchange *exchange) {
    int error = errno;
    bool is_absent = error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
    uint32_t status = is_absent         ? STATUS_NOT_FOUND
                      : error == EACCES ? STATUS_FORBIDDEN
                                        : STATUS_FAILED;
    file_log_failure(exchange, status == STATUS_FAILED ? TABLE_LOG_CRIT : TABLE_LOG_ERROR,
                     "opendir()", exchange->file_name, error);
    return status;
}

/* False with errno: it is no name. */
static bool copy_name(struct slice name, char copy[PATH_MAX]) {
    if (name.size == 0 || memchr(name.data, '\0', name.size) != NULL) {
        errno = ENOENT;
        return false;
    }
    if (name.size >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(copy, name.data, name.size);
    copy[name.size] = '\0';
    return true;
}

/* 0, or the status to fail with. */
static uint32_t read_folder(struct exchange *exchange, struct file_folder *found) {
    struct reading reading = {.exchange = exchange, .found = found};
    char name[PATH_MAX];
    *found = (struct file_folder){NULL, 0};
    if (!copy_name(exchange->file_name, name) || (reading.folder = opendir(name)) == NULL) {
        return fail_folder(exchange);
    }
    uint32_t failure = read_entries(&reading);
    (void)closedir(reading.folder);
    if (failure == 0 && found->count > 0) {
        qsort(found->entries, found->count, sizeof *found->entries, compare_entries);
    }
    return failure;
}

/* --- the answer --- */

static bool is_callback_byte(char byte) {
    char lower = byte_lower(byte);
    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
           byte == '.';
}

/* The argument "callback", which has to be a name; without one JSON is what is sent. */
static uint32_t find_callback(struct exchange *exchange, struct slice *callback) {
    *callback = SLICE("");
    if (exchange->request.settings->autoindex_format != TABLE_LISTING_JSONP ||
        engine_variable_argument(&exchange->request, SLICE("callback"), callback) !=
            ENGINE_VALUE_FOUND) {
        return 0;
    }
    const char *problem = callback->size > LONGEST_CALLBACK ? "too long" : NULL;
    for (size_t i = 0; problem == NULL && i < callback->size; i++) {
        problem = is_callback_byte(callback->data[i]) ? NULL : "invalid";
    }
    if (problem == NULL) {
        return 0;
    }
    exchange_log(exchange, TABLE_LOG_INFO, (struct slice){0},
                 "client sent %s callback name: \"%.*s\"", problem, SLICE_ARGS(*callback));
    return STATUS_BAD_REQUEST;
}

static void send_rest(struct exchange *exchange) {
    if (!exchange->response.is_complete) {
        size_t sent = exchange_send_body(exchange, &exchange->answer, 1, true);
        exchange->answer = slice_skip(exchange->answer, sent);
    }
}

static void start(struct exchange *exchange) {
    struct file_folder folder;
    struct slice callback;
    uint32_t failure = find_callback(exchange, &callback);
    if (failure == 0) {
        failure = read_folder(exchange, &folder);
    }
    if (failure != 0) {
        exchange_fail(exchange, failure);
        return;
    }
    exchange_start_response(exchange, STATUS_OK);
    if (!file_format_folder(exchange, &folder, callback, &exchange->answer) ||
        !exchange_add_field(exchange, SLICE("Content-Type"),
                            engine_listing_type(&exchange->request))) {
        exchange_fail_memory(exchange, "the list of a folder");
        return;
    }
    if (!exchange_send_head(exchange)) {
        return;
    }
    send_rest(exchange);
}

/* No take_body: a request body is read and dropped by the front. */
const struct http_handler file_folder_handler = {
    .start = start,
    .resume = send_rest,
    .stop = exchange_do_nothing, /* everything is in the exchange's arena */
};
