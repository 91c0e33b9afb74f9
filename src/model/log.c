/* log_format, access_log and error_log. */
#include "model/quantity.h"
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
    return true;
}

/* Parameters of access_log; none is run yet. */
struct log_parameter {
    struct slice name;
    bool (*is_valid)(struct slice value);
    const char *help;
};

static bool is_buffer_size(struct slice value) {
    uint64_t size;
    return quantity_parse_size(value, false, &size) && size > 0;
}

static bool is_flush_time(struct slice value) {
    uint64_t time;
    return quantity_parse_time(value, &time) && time > 0;
}

static bool is_gzip_level(struct slice value) {
    return value.size == 1 && value.data[0] >= '1' && value.data[0] <= '9';
}

static bool is_condition(struct slice value) {
    return value.size > 0;
}

static const struct log_parameter log_parameters[] = {
    {SLICE_INIT("buffer="), is_buffer_size, "write buffer=SIZE, e.g. buffer=32k"},
    {SLICE_INIT("flush="), is_flush_time, "write flush=TIME, e.g. flush=5s"},
    {SLICE_INIT("gzip="), is_gzip_level, "write gzip=LEVEL, from 1 to 9"},
    {SLICE_INIT("if="), is_condition, "write if=$variable"},
};

#define LOG_PARAMETER_COUNT (sizeof log_parameters / sizeof log_parameters[0])

static void refuse_parameter(const struct setter_call *call, const struct word *word,
                             enum diagnostic_code code, const char *help) {
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, code, word->span,
                         "invalid parameter \"%.*s\" of access_log", SLICE_ARGS(word->text));
    uint32_t index = (uint32_t)(word - call->statement->words);
    if (!structure_hint_semicolon(call->model, call->scope->context, call->statement, index,
                                  diagnostic)) {
        diagnostic_help(call->model->arena, diagnostic, "%s", help);
    }
}

static void read_parameter(const struct setter_call *call, const struct word *word) {
    struct model *model = call->model;
    if (slice_equals(word->text, SLICE("gzip"))) {
        refuse(model, call->statement, word->span, "parameter \"gzip\" of access_log");
        return;
    }
    for (size_t i = 0; i < LOG_PARAMETER_COUNT; i++) {
        const struct log_parameter *parameter = &log_parameters[i];
        if (!slice_starts_with(word->text, parameter->name)) {
            continue;
        }
        struct slice value = slice_skip(word->text, parameter->name.size);
        if (!parameter->is_valid(value)) {
            refuse_parameter(call, word, DIAGNOSTIC_INVALID_VALUE, parameter->help);
            return;
        }
        (void)template_parse(model, word, value, (uint32_t)parameter->name.size);
        refuse(model, call->statement, word->span, "parameter \"%.*s\" of access_log",
               (int)parameter->name.size - 1, parameter->name.data);
        return;
    }
    refuse_parameter(call, word, DIAGNOSTIC_UNKNOWN_PARAMETER,
                     "the parameters are buffer=, gzip, flush= and if=");
}

static void refuse_path(const struct setter_call *call, const struct word *word) {
    struct model *model = call->model;
    if (slice_starts_with(word->text, SLICE("syslog:"))) {
        refuse(model, call->statement, word->span, "syslog: in access_log");
    } else if (slice_find_byte(word->text, '$') < word->text.size) {
        (void)template_parse(model, word, word->text, 0);
        refuse(model, call->statement, word->span, "a variable in the path of access_log");
    }
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
        refuse_parameter(call, statement_argument(call->statement, 1), DIAGNOSTIC_UNKNOWN_PARAMETER,
                         "\"off\" takes no parameters");
        return false;
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
        refuse_parameter(call, path, DIAGNOSTIC_INVALID_VALUE, "write a path, or \"off\"");
        return false;
    }
    refuse_path(call, path);
    struct access_log_setting setting = {.statement = call->origin, .path = path->text};
    if (count > 1) {
        setting.format_name = statement_argument(call->statement, 1);
    }
    for (uint32_t i = 2; i < count; i++) {
        read_parameter(call, statement_argument(call->statement, i));
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

static void resolve_list(struct model *model, struct access_log_list *logs) {
    for (size_t i = 0; i < logs->list.count; i++) {
        struct access_log_setting *setting = &logs->list.items[i];
        if (is_off(setting)) {
            continue;
        }
        struct slice name =
            setting->format_name != NULL ? setting->format_name->text : SLICE("combined");
        setting->format = map_find(&model->reading->log_formats, name);
        if (setting->format == NULL && setting->format_name != NULL) {
            report_unknown_format(model, setting->format_name);
        }
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
    const struct slice schemes[] = {SLICE("syslog:"), SLICE("memory:")};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (slice_starts_with(path->text, schemes[i])) {
            refuse(call->model, call->statement, path->span, "%.*s in error_log",
                   SLICE_ARGS(schemes[i]));
        }
    }
    if (!read_levels(call, &setting)) {
        return false;
    }
    VECTOR_PUSH(call->model->arena, &logs->list, setting);
    return true;
}
