/* log_format and error_log; access_log.c has the other. */
#include "model/reading.h"

#include <string.h>

/* nginx's built-in format. */
static const char combined_line[] =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
    "\"$http_referer\" \"$http_user_agent\"";

void log_add_combined(struct model *model) {
    struct word *word = arena_require(model->arena, sizeof *word);
    word->text = slice_from_string(combined_line);
    struct log_format *format = arena_require(model->arena, sizeof *format);
    format->name = SLICE("combined");
    format->escape = TABLE_ESCAPE_DEFAULT;
    format->line = template_parse(model, word, word->text, 0);
    VECTOR_PUSH(model->arena, &model->log_formats, format);
    map_set(&model->reading->log_formats, format->name, format);
    map_set(&model->reading->log_formats_found, format->name, format);
}

struct escape_name {
    struct slice name;
    enum table_log_escape escape;
};

static const struct escape_name escape_names[] = {
    {SLICE_INIT("default"), TABLE_ESCAPE_DEFAULT},
    {SLICE_INIT("json"), TABLE_ESCAPE_JSON},
    {SLICE_INIT("none"), TABLE_ESCAPE_NONE},
};

#define ESCAPE_COUNT (sizeof escape_names / sizeof escape_names[0])

static bool parse_escape(struct model *model, const struct word *word,
                         enum table_log_escape *escape) {
    struct slice value = slice_skip(word->text, strlen("escape="));
    for (size_t i = 0; i < ESCAPE_COUNT; i++) {
        if (slice_equals(value, escape_names[i].name)) {
            *escape = escape_names[i].escape;
            return true;
        }
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                         "unknown log format escaping \"%.*s\"", SLICE_ARGS(value));
    diagnostic_help(model->arena, diagnostic, "write escape=default, escape=json or escape=none");
    return false;
}

static bool report_duplicate_format(struct model *model, const struct word *word,
                                    const struct log_format *first) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_DUPLICATE_LOG_FORMAT, word->span,
                         "there is a log format \"%.*s\" already", SLICE_ARGS(word->text));
    if (first->statement != NULL) {
        diagnostic_note(model->arena, diagnostic, first->statement->words[1].span,
                        "first given here");
        diagnostic_help(model->arena, diagnostic, "give one of them another name");
    } else {
        diagnostic_help(model->arena, diagnostic, "\"%.*s\" is built in; give yours another name",
                        SLICE_ARGS(word->text));
    }
    return false;
}

bool model_set_log_format(const struct setter_call *call) {
    struct model *model = call->model;
    const struct word *name = statement_argument(call->statement, 0);
    struct log_format *format = arena_require(model->arena, sizeof *format);
    format->statement = call->statement;
    format->name = name->text;
    uint32_t first = 1;
    if (slice_starts_with(statement_argument(call->statement, 1)->text, SLICE("escape="))) {
        if (!parse_escape(model, statement_argument(call->statement, 1), &format->escape)) {
            return false;
        }
        first++;
    }
    format->line = template_parse_log(model, statement_argument(call->statement, first),
                                      statement_argument_count(call->statement) - first);
    struct log_format *holder = map_insert(&model->reading->log_formats, format->name, format);
    if (holder != format) {
        return report_duplicate_format(model, name, holder);
    }
    VECTOR_PUSH(model->arena, &model->log_formats, format);
    (void)map_insert(&model->reading->log_formats_found, text_lower(model, format->name), format);
    return true;
}

static const struct slice level_names[TABLE_log_level_COUNT] = {
    [TABLE_LOG_EMERG] = SLICE_INIT("emerg"), [TABLE_LOG_ALERT] = SLICE_INIT("alert"),
    [TABLE_LOG_CRIT] = SLICE_INIT("crit"),   [TABLE_LOG_ERROR] = SLICE_INIT("error"),
    [TABLE_LOG_WARN] = SLICE_INIT("warn"),   [TABLE_LOG_NOTICE] = SLICE_INIT("notice"),
    [TABLE_LOG_INFO] = SLICE_INIT("info"),   [TABLE_LOG_DEBUG] = SLICE_INIT("debug"),
};

static bool find_level(struct slice name, enum table_log_level *level) {
    for (size_t i = 0; i < TABLE_log_level_COUNT; i++) {
        if (slice_equals(name, level_names[i])) {
            *level = (enum table_log_level)i;
            return true;
        }
    }
    return false;
}

static bool reject_level(const struct setter_call *call, const struct word *word) {
    struct model *model = call->model;
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                         "invalid log level \"%.*s\"", SLICE_ARGS(word->text));
    uint32_t index = (uint32_t)(word - call->statement->words);
    if (!structure_hint_semicolon(model, call->scope->context, call->statement, index,
                                  diagnostic)) {
        diagnostic_help(model->arena, diagnostic,
                        "the levels are debug, info, notice, warn, "
                        "error, crit, alert and emerg");
    }
    return false;
}

static bool read_levels(const struct setter_call *call, struct error_log_setting *setting) {
    bool has_level = false;
    for (uint32_t i = 1; i < statement_argument_count(call->statement); i++) {
        const struct word *word = statement_argument(call->statement, i);
        if (slice_starts_with(word->text, SLICE("debug_"))) {
            setting->level = TABLE_LOG_DEBUG;
            refuse(call->model, call->statement, word->span, "level \"%.*s\" of error_log",
                   SLICE_ARGS(word->text));
        } else if (slice_equals(word->text, SLICE("json"))) {
            refuse(call->model, call->statement, word->span, "parameter \"json\" of error_log");
        } else if (has_level || !find_level(word->text, &setting->level)) {
            return reject_level(call, word);
        } else {
            has_level = true;
        }
    }
    return true;
}

bool model_set_error_log(const struct setter_call *call) {
    MODEL_TYPE_ERROR_LOGS *logs = call->field;
    const struct word *path = statement_argument(call->statement, 0);
    struct error_log_setting setting = {
        .statement = call->origin, .path = path->text, .level = TABLE_LOG_ERROR};
    if (slice_equals(path->text, SLICE("stderr"))) {
        setting.path = SLICE("/dev/stderr");
    }
    if (slice_starts_with(path->text, SLICE("memory:"))) {
        refuse(call->model, call->statement, path->span, "memory: in error_log");
    }
    if (syslog_is_meant(path) && !syslog_read(call, path, &setting.path, &setting.syslog)) {
        return false;
    }
    if (!read_levels(call, &setting)) {
        return false;
    }
    VECTOR_PUSH(call->model->arena, &logs->list, setting);
    return true;
}
