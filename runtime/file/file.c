/* Files as a handler of exchanges: opened, compared with what the client has, sent. What is
 * answered to what is as by nginx's static module. */
#include "file/internal.h"

#include "base/container.h"
#include "engine/http_date.h"
#include "engine/reply.h"
#include "http/condition.h"

#include <errno.h>
#include <string.h>

enum {
    STATUS_OK = 200,
    STATUS_NOT_MODIFIED = 304,
    STATUS_FORBIDDEN = 403,
    STATUS_NOT_FOUND = 404,
    STATUS_NOT_ALLOWED = 405,
    STATUS_FAILED = 500,
};

enum { TAG_SIZE = 2 * SLICE_HEX_SIZE + 3, FIRST_STRIDE = 32768 };

static struct file_answer *create(struct exchange *exchange) {
    struct file_answer *answer = arena_allocate(&exchange->arena, sizeof *answer);
    if (answer != NULL) {
        answer->exchange = exchange;
        answer->view.fd = -1;
        answer->stride = FIRST_STRIDE;
        exchange->file_data = answer;
    }
    return answer;
}

/* --- what is no file to be sent --- */

/* The status, and how severe nginx finds it; anything else is its fault, and critical. */
static const struct {
    int error;
    uint32_t status;
} failures[] = {
    {ENOENT, STATUS_NOT_FOUND}, {ENOTDIR, STATUS_NOT_FOUND}, {ENAMETOOLONG, STATUS_NOT_FOUND},
    {EACCES, STATUS_FORBIDDEN}, {ELOOP, STATUS_FORBIDDEN},   {EMLINK, STATUS_FORBIDDEN},
};

static uint32_t fail_open(struct exchange *exchange, const struct file_view *view) {
    uint32_t status = STATUS_FAILED;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        status = failures[i].error == view->error ? failures[i].status : status;
    }
    if (status != STATUS_NOT_FOUND || exchange->request.settings->log_not_found != 0) {
        file_log_failure(exchange, status == STATUS_FAILED ? TABLE_LOG_CRIT : TABLE_LOG_ERROR,
                         view->call, exchange->file_name, view->error);
    }
    return status;
}

/* 0, or the status to fail with: it is there, and no folder. */
static uint32_t check_file(struct exchange *exchange, const struct file_view *view) {
    if (!view->is_regular) {
        exchange_log(exchange, TABLE_LOG_CRIT, (struct slice){0}, "\"%.*s\" is not a regular file",
                     SLICE_ARGS(exchange->file_name));
        return STATUS_NOT_FOUND;
    }
    return slice_equals(exchange->request.method, SLICE("POST")) ? STATUS_NOT_ALLOWED : 0;
}

/* --- the head --- */

/* As nginx's: the time and the size in hexadecimal. Empty without memory. */
static struct slice make_tag(struct file_answer *answer) {
    struct exchange *exchange = answer->exchange;
    char *text = arena_allocate_bytes(&exchange->arena, TAG_SIZE);
    if (text == NULL) {
        return (struct slice){"", 0};
    }
    char *end = text;
    *end++ = '"';
    end += slice_format_hex((uint64_t)answer->view.modified, end).size;
    *end++ = '-';
    end += slice_format_hex((uint64_t)answer->view.size, end).size;
    *end++ = '"';
    return (struct slice){text, (size_t)(end - text)};
}

static bool add_modified(struct file_answer *answer) {
    struct exchange *exchange = answer->exchange;
    char *text = arena_allocate_bytes(&exchange->arena, HTTP_DATE_SIZE);
    return text != NULL && exchange_add_field(exchange, SLICE("Last-Modified"),
                                              http_date_format(answer->view.modified, text));
}

/* An error's page that is a file has no time of its own, but a tag, as in nginx. */
static bool add_fields(struct file_answer *answer, struct slice tag, struct slice type) {
    struct exchange *exchange = answer->exchange;
    uint32_t status = exchange->response.status;
    bool has_time = status == STATUS_OK || status == 206 || status == STATUS_NOT_MODIFIED;
    bool has_type = status != STATUS_NOT_MODIFIED && type.size > 0;
    bool has_coding = status != STATUS_NOT_MODIFIED && answer->is_compressed;
    return (!has_type || exchange_add_made_field(exchange, SLICE("Content-Type"), type)) &&
           (!has_time || add_modified(answer)) &&
           (!has_coding ||
            exchange_add_field(exchange, SLICE("Content-Encoding"), SLICE("gzip"))) &&
           (tag.data == NULL || exchange_add_field(exchange, SLICE("ETag"), tag));
}

/* Decides what is sent. 0, or the status to fail with. */
static uint32_t choose(struct file_answer *answer, struct slice tag, struct slice *type) {
    struct exchange *exchange = answer->exchange;
    const struct http_validators validators = {tag, answer->view.modified};
    uint32_t status =
        exchange->response.status == STATUS_OK ? http_condition_test(exchange, &validators) : 0;
    if (status == STATUS_NOT_MODIFIED) {
        exchange->response.status = status;
        exchange->response.has_length = false;
        return 0;
    }
    return status != 0 ? status : file_choose_parts(answer, tag, type);
}

static struct slice choose_type(const struct exchange *exchange) {
    const struct engine_request *request = &exchange->request;
    return request->kept_type.size > 0 ? request->kept_type : engine_find_type(request);
}

/* A redirect that a file answers for keeps its target. */
static bool add_location(struct exchange *exchange) {
    struct engine_request *request = &exchange->request;
    if (request->redirect.data == NULL) {
        return true;
    }
    struct slice location = engine_own_location(request, request->redirect);
    return location.data != NULL && exchange_add_field(exchange, SLICE("Location"), location);
}

static void send_empty(struct exchange *exchange) {
    (void)exchange_send_body(exchange, NULL, 0, true);
}

static void respond(struct file_answer *answer) {
    struct exchange *exchange = answer->exchange;
    exchange_start_response(exchange, STATUS_OK);
    exchange->response.has_modified = true;
    exchange->response.modified = answer->view.modified;
    exchange->response.has_length = true;
    struct slice tag = {NULL, 0};
    struct slice type = choose_type(exchange);
    if (exchange->request.settings->etag != 0) {
        tag = make_tag(answer);
    }
    uint32_t failure = choose(answer, tag, &type);
    if (failure != 0) {
        exchange->response.status = 0; /* it was not to be */
        exchange_fail(exchange, failure);
        return;
    }
    if (!add_fields(answer, tag, type) || !add_location(exchange)) {
        exchange_fail_memory(exchange, "a response head");
        return;
    }
    if (!exchange_send_head(exchange)) {
        return;
    }
    if (!exchange_response_has_body(exchange) || exchange->response.length == 0) {
        answer->part_count = 0;
        send_empty(exchange);
        return;
    }
    file_send(answer);
}

/* --- the handler --- */

static void send_on(struct loop_task *task) {
    file_send(CONTAINER_OF(task, struct file_answer, send_on));
}

static void start(struct exchange *exchange) {
    struct file_answer *answer = create(exchange);
    if (answer == NULL) {
        exchange_fail_memory(exchange, "a file");
        return;
    }
    answer->send_on.run = send_on;
    answer->is_compressed = file_take_precompressed(exchange, &answer->view);
    if (!answer->is_compressed) {
        file_take(exchange, exchange->file_name, FILE_WISH_OPEN, &answer->view);
    }
    if (answer->view.error != 0) {
        exchange_fail(exchange, fail_open(exchange, &answer->view));
        return;
    }
    if (answer->view.is_folder) {
        struct engine_outcome outcome;
        exchange_stop(exchange);
        engine_answer_folder(&exchange->request, &outcome);
        exchange_act(exchange, &outcome);
        return;
    }
    uint32_t failure = check_file(exchange, &answer->view);
    if (failure != 0) {
        exchange_fail(exchange, failure);
        return;
    }
    respond(answer);
}

static void resume(struct exchange *exchange) {
    file_send(exchange->file_data);
}

static void stop(struct exchange *exchange) {
    struct file_answer *answer = exchange->file_data;
    if (answer == NULL) {
        return;
    }
    loop_cancel(exchange->service->loop, &answer->send_on);
    file_give_back(exchange, &answer->view);
    exchange->file_data = NULL;
}

/* No take_body: a request body is read and dropped by the front. */
static const struct http_handler file_handler = {
    .start = start,
    .resume = resume,
    .stop = stop,
};

const struct http_file_hooks file_hooks = {
    .handler = &file_handler,
    .folder_handler = &file_folder_handler,
    .look = file_look,
    .create = file_state_create,
    .destroy = file_state_destroy,
    .forget = file_state_forget,
    .log_line = file_log_line,
    .forget_logs = file_state_forget_logs,
};
