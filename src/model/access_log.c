/* access_log: where requests are logged, and how. What a line says is log_format's (log.c). */
#include "model/quantity.h"
#include "model/reading.h"

#include <string.h>

enum {
    LARGEST_BUFFER = 64 << 20,
    LONGEST_FLUSH = INT32_MAX, /* milliseconds */
    USUAL_GZIP_BUFFER = 64 << 10,
};

static bool refuse_parameter(const struct setter_call *call, const struct word *word,
                             enum diagnostic_code code, const char *help) {
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, code, word->span,
                         "invalid parameter \"%.*s\" of access_log", SLICE_ARGS(word->text));
    uint32_t index = (uint32_t)(word - call->statement->words);
    if (!structure_hint_semicolon(call->model, call->scope->context, call->statement, index,
                                  diagnostic)) {
        diagnostic_help(call->model->arena, diagnostic, "%s", help);
    }
    return false;
}

/* One parameter's value, behind the "=". False when it was refused. */
struct log_parameter {
    struct slice name;
    bool (*read)(const struct setter_call *call, const struct word *word, struct slice value,
                 struct access_log_setting *setting);
};

static bool read_buffer(const struct setter_call *call, const struct word *word, struct slice value,
                        struct access_log_setting *setting) {
    if (!quantity_parse_size(value, false, &setting->buffer_size) || setting->buffer_size == 0) {
        return refuse_parameter(call, word, DIAGNOSTIC_INVALID_VALUE,
                                "write buffer=SIZE, e.g. buffer=32k");
    }
    if (setting->buffer_size > LARGEST_BUFFER) {
        return refuse_parameter(call, word, DIAGNOSTIC_INVALID_VALUE,
                                "a buffer is 64m at most; each worker has one for each file");
    }
    setting->buffer_word = word;
    return true;
}

static bool read_flush(const struct setter_call *call, const struct word *word, struct slice value,
                       struct access_log_setting *setting) {
    if (!quantity_parse_time(value, &setting->flush) || setting->flush == 0 ||
        setting->flush > LONGEST_FLUSH) {
        return refuse_parameter(call, word, DIAGNOSTIC_INVALID_VALUE,
                                "write flush=TIME, e.g. flush=5s");
    }
    setting->flush_word = word;
    return true;
}

/* As nginx: without buffer= in front of it the buffer has 64k, until one behind it says otherwise.
 */
static bool read_gzip(const struct setter_call *call, const struct word *word, struct slice value,
                      struct access_log_setting *setting) {
    uint64_t level;
    if (!slice_parse_u64(value, 9, &level) || level == 0) {
        return refuse_parameter(call, word, DIAGNOSTIC_INVALID_VALUE,
                                "write gzip=LEVEL, from 1 to 9");
    }
    setting->gzip_level = (uint32_t)level;
    setting->buffer_word = word;
    if (setting->buffer_size == 0) {
        setting->buffer_size = USUAL_GZIP_BUFFER;
    }
    return true;
}

static bool read_condition(const struct setter_call *call, const struct word *word,
                           struct slice value, struct access_log_setting *setting) {
    if (value.size == 0) {
        return refuse_parameter(call, word, DIAGNOSTIC_INVALID_VALUE, "write if=$variable");
    }
    setting->has_condition = true;
    setting->condition = template_parse(call->model, word, value, (uint32_t)strlen("if="));
    return true;
}

static const struct log_parameter log_parameters[] = {
    {SLICE_INIT("buffer="), read_buffer},
    {SLICE_INIT("flush="), read_flush},
    {SLICE_INIT("gzip="), read_gzip},
    {SLICE_INIT("if="), read_condition},
};

#define LOG_PARAMETER_COUNT (sizeof log_parameters / sizeof log_parameters[0])

static bool read_parameter(const struct setter_call *call, const struct word *word,
                           struct access_log_setting *setting) {
    if (slice_equals(word->text, SLICE("gzip"))) {
        return read_gzip(call, word, SLICE("1"), setting);
    }
    for (size_t i = 0; i < LOG_PARAMETER_COUNT; i++) {
        const struct log_parameter *parameter = &log_parameters[i];
        if (slice_starts_with(word->text, parameter->name)) {
            return parameter->read(call, word, slice_skip(word->text, parameter->name.size),
                                   setting);
        }
    }
    return refuse_parameter(call, word, DIAGNOSTIC_UNKNOWN_PARAMETER,
                            "the parameters are buffer=, gzip, flush= and if=");
}

/* As nginx: without a buffer there is nothing to flush. */
static bool read_parameters(const struct setter_call *call, struct access_log_setting *setting) {
    uint32_t count = statement_argument_count(call->statement);
    bool is_valid = true;
    for (uint32_t i = 2; i < count; i++) {
        is_valid =
            read_parameter(call, statement_argument(call->statement, i), setting) && is_valid;
    }
    if (is_valid && setting->flush_word != NULL && setting->buffer_size == 0) {
        return refuse_parameter(call, setting->flush_word, DIAGNOSTIC_INVALID_VALUE,
                                "add buffer=SIZE, e.g. buffer=32k: without a buffer lines are "
                                "written at once");
    }
    if (is_valid && setting->buffer_word != NULL && setting->has_name) {
        return refuse_parameter(call, setting->buffer_word, DIAGNOSTIC_INVALID_VALUE,
                                "leave it out: lines are not held back for a path with variables");
    }
    if (is_valid && setting->buffer_word != NULL && setting->syslog != NULL) {
        return refuse_parameter(call, setting->buffer_word, DIAGNOSTIC_INVALID_VALUE,
                                "leave it out: lines to a syslog server are not held back");
    }
    return is_valid;
}

/* False after reporting what is wrong with it. */
static bool read_path(const struct setter_call *call, struct access_log_setting *setting) {
    struct model *model = call->model;
    const struct word *word = statement_argument(call->statement, 0);
    setting->path = word->text;
    if (syslog_is_meant(word)) {
        return syslog_read(call, word, &setting->path, &setting->syslog);
    }
    if (slice_find_byte(word->text, '$') < word->text.size) {
        setting->has_name = true;
        setting->name = template_parse(model, word, word->text, 0);
    }
    return true;
}

static bool is_off(const struct access_log_setting *setting) {
    return setting->path.size == 0;
}

static void warn_switched_off(struct model *model, const struct statement *log,
                              const struct statement *off) {
    struct diagnostic *diagnostic =
        diagnostic_add(model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_DUPLICATE_DIRECTIVE,
                       log->span, "nothing is written to this log");
    diagnostic_note(model->arena, diagnostic, off->span,
                    "this switches off all access logs of the block");
    diagnostic_help(model->arena, diagnostic, "remove one of the two");
}

/* "off" stands for the whole block: nginx then writes to none of its logs. */
static bool set_off(const struct setter_call *call) {
    MODEL_TYPE_ACCESS_LOGS *logs = call->field;
    if (statement_argument_count(call->statement) > 1) {
        return refuse_parameter(call, statement_argument(call->statement, 1),
                                DIAGNOSTIC_UNKNOWN_PARAMETER, "\"off\" takes no parameters");
    }
    if (logs->list.count > 0 && !is_off(&logs->list.items[0])) {
        warn_switched_off(call->model, logs->list.items[0].statement, call->statement);
    }
    logs->list.count = 0;
    VECTOR_PUSH(call->model->arena, &logs->list,
                (struct access_log_setting){.statement = call->origin});
    return true;
}

bool model_set_access_log(const struct setter_call *call) {
    struct model *model = call->model;
    MODEL_TYPE_ACCESS_LOGS *logs = call->field;
    uint32_t count = statement_argument_count(call->statement);
    const struct word *path = statement_argument(call->statement, 0);
    if (slice_equals(path->text, SLICE("off"))) {
        return set_off(call);
    }
    if (path->text.size == 0) {
        return refuse_parameter(call, path, DIAGNOSTIC_INVALID_VALUE, "write a path, or \"off\"");
    }
    struct access_log_setting setting = {.statement = call->origin};
    if (count > 1) {
        setting.format_name = statement_argument(call->statement, 1);
    }
    if (!read_path(call, &setting) || !read_parameters(call, &setting)) {
        return false;
    }
    if (logs->list.count > 0 && is_off(&logs->list.items[0])) {
        warn_switched_off(model, call->statement, logs->list.items[0].statement);
        return true;
    }
    VECTOR_PUSH(model->arena, &logs->list, setting);
    return true;
}

static void report_unknown_format(struct model *model, const struct word *word) {
    /* In a snippet the format may well be in the part that is not there. */
    if (model->is_snippet) {
        return;
    }
    VECTOR_OF(struct slice) names = {0};
    for (size_t i = 0; i < model->log_formats.count; i++) {
        VECTOR_PUSH(model->arena, &names, model->log_formats.items[i]->name);
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_UNKNOWN_LOG_FORMAT, word->span,
                         "unknown log format \"%.*s\"", SLICE_ARGS(word->text));
    struct slice nearest = nearest_name(word->text, names.items, names.count);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    } else {
        diagnostic_help(model->arena, diagnostic, "define it: log_format %.*s '...';",
                        SLICE_ARGS(word->text));
    }
}

/* A file has one buffer in each worker, whichever lines it gets: nginx refuses parameters that
 * differ, and buffers the lines of logs without any. */
static void check_buffer(struct model *model, struct access_log_setting *setting) {
    if (setting->buffer_size == 0) {
        return;
    }
    const struct access_log_setting *first =
        map_insert(&model->reading->buffered_logs, setting->path, setting);
    if (first->buffer_size == setting->buffer_size && first->flush == setting->flush &&
        first->gzip_level == setting->gzip_level) {
        return;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE,
                         setting->statement->words[1].span, "this file has another buffer already");
    diagnostic_note(model->arena, diagnostic, first->statement->words[1].span, "given here");
    diagnostic_help(model->arena, diagnostic, "give both the same buffer=, flush= and gzip=");
}

static void resolve_list(struct model *model, struct access_log_list *logs) {
    for (size_t i = 0; i < logs->list.count; i++) {
        struct access_log_setting *setting = &logs->list.items[i];
        if (is_off(setting)) {
            continue;
        }
        struct slice name =
            setting->format_name != NULL ? setting->format_name->text : SLICE("combined");
        /* As in nginx names that differ in case alone lead to the first of them. */
        setting->format = map_find(&model->reading->log_formats_found, text_lower(model, name));
        if (setting->format == NULL && setting->format_name != NULL) {
            report_unknown_format(model, setting->format_name);
        }
        check_buffer(model, setting);
    }
}

static void resolve_locations(struct model *model, struct location *const *locations,
                              size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (locations[i]->settings->is_own[SETTING_access_log]) {
            resolve_list(model, &locations[i]->settings->access_log);
        }
        resolve_locations(model, locations[i]->nested.items, locations[i]->nested.count);
    }
}

/* Inherited lists share their items with the block they come from. */
void log_resolve(struct model *model) {
    resolve_list(model, &model->main_settings->access_log);
    if (model->http_settings->is_own[SETTING_access_log]) {
        resolve_list(model, &model->http_settings->access_log);
    }
    for (size_t i = 0; i < model->servers.count; i++) {
        struct server *server = model->servers.items[i];
        if (server->settings->is_own[SETTING_access_log]) {
            resolve_list(model, &server->settings->access_log);
        }
        resolve_locations(model, server->conditions.items, server->conditions.count);
        resolve_locations(model, server->locations.items, server->locations.count);
    }
}
