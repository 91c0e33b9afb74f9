/* Settings: every row of directives.def into its field, by its storage kind, and the limits of what
 * rpcd can work with. Equal settings are one record. */
#include "emit/emitter.h"
#include "table/setting.h"

#include <inttypes.h>
#include <string.h>

/* A value of the model as a value of the table, by storage kind. */
#define EMIT_FLAG(emitter, value) (value)
#define EMIT_NUMBER(emitter, value) (value)
#define EMIT_ENUM(emitter, value) (value)
#define EMIT_WORDS(emitter, value) (value)
#define EMIT_SIZE(emitter, value) (value)
#define EMIT_TIME(emitter, value) (value)
#define EMIT_TEXT(emitter, value) emit_string((emitter), (value))
#define EMIT_PAIR(emitter, value) ((struct table_pair){(value).first, (value).second})
#define EMIT_HEADERS(emitter, value) emit_headers((emitter), &(value))
#define EMIT_NAMES(emitter, value) emit_names((emitter), &(value))
#define EMIT_ACCESS_LOGS(emitter, value) emit_access_logs((emitter), &(value))
#define EMIT_ERROR_LOGS(emitter, value) emit_error_logs((emitter), &(value))
#define EMIT_TEMPLATE(emitter, value)                                                              \
    ((value).word != NULL ? emit_template((emitter), &(value)) : TABLE_NONE)
#define EMIT_RESOLVER(emitter, value) emit_resolver((emitter), (value))
#define EMIT_ERROR_PAGES(emitter, value) emit_error_pages((emitter), &(value))
#define EMIT_ACCESS_RULES(emitter, value) emit_access_rules((emitter), &(value))
#define EMIT_REQUEST_LIMITS(emitter, value) emit_request_limits((emitter), &(value))
#define EMIT_CONNECTION_LIMITS(emitter, value) emit_connection_limits((emitter), &(value))
#define EMIT_BINDING(emitter, value) emit_binding((emitter), &(value))
#define EMIT_REFERERS(emitter, value) emit_referers((emitter), &(value))
#define EMIT_SESSION_CACHE(emitter, value) emit_session_cache((emitter), &(value))
#define EMIT_REPLACEMENTS(emitter, value) emit_replacements((emitter), &(value))
#define EMIT_COOKIE_RULES(emitter, value) emit_cookie_rules((emitter), &(value))
#define EMIT_ALIAS(emitter, value) emit_alias((emitter), &(value))
#define EMIT_TEMPLATES(emitter, value) emit_templates((emitter), &(value))
#define EMIT_TYPES(emitter, value) emit_types((emitter), &(value))
#define EMIT_EXPIRES(emitter, value) emit_expires((emitter), &(value))
#define EMIT_SYMLINKS(emitter, value) emit_symlinks((emitter), &(value))
#define EMIT_LOG_CACHE(emitter, value) emit_log_cache((emitter), &(value))
#define EMIT_TRUSTED_NETWORKS(emitter, value) emit_trusted_networks((emitter), &(value))
#define EMIT_EXPRESSIONS(emitter, value) emit_expression_list((emitter), &(value))
#define EMIT_ASSIGNMENTS(emitter, value) emit_assignments((emitter), &(value))

static bool is_number(const struct table_setting *setting) {
    return table_setting_is_number(setting) || setting->storage == TABLE_STORAGE_PAIR;
}

/* Whether a number is one that rpcd could not work with; queues an error then. `name` is what was
 * written, which for gRPC is another than the setting's. */
static bool report_number(struct emitter *emitter, const struct table_setting *setting,
                          const void *record, struct slice name, struct span span) {
    struct table_setting_limits limits = table_setting_limits(setting);
    struct table_pair pair = {0, limits.second_minimum};
    if (setting->storage == TABLE_STORAGE_PAIR) {
        memcpy(&pair, (const char *)record + setting->offset, sizeof pair);
    } else {
        pair.first = table_setting_number(setting, record);
    }
    bool is_second = pair.first >= limits.minimum && pair.first <= limits.maximum;
    uint64_t value = is_second ? pair.second : pair.first;
    uint64_t minimum = is_second ? limits.second_minimum : limits.minimum;
    uint64_t maximum = is_second ? limits.second_maximum : limits.maximum;
    if (value >= minimum && value <= maximum) {
        return false;
    }
    const char *unit = setting->storage == TABLE_STORAGE_TIME ? " milliseconds" : "";
    diagnostic_error(emitter->model->diagnostics, DIAGNOSTIC_INVALID_NUMBER, span,
                     "\"%.*s\" must be between %" PRIu64 " and %" PRIu64 "%s", SLICE_ARGS(name),
                     minimum, maximum, unit);
    emitter->failed = true;
    return true;
}

static void check_numbers(struct emitter *emitter, enum table_section section, const void *record,
                          struct span span) {
    for (uint32_t i = 0; i < table_setting_count; i++) {
        if (table_settings[i].section == section && is_number(&table_settings[i])) {
            (void)report_number(emitter, &table_settings[i], record,
                                slice_from_string(table_settings[i].name), span);
        }
    }
}

/* `origin` says where each number was written, by its position among the settings of its kind. Many
 * blocks may have it from there; one mistake is one error. */
static void check_origins(struct emitter *emitter, const struct statement *const *origin,
                          enum table_section section, const void *record) {
    uint32_t id = 0;
    for (uint32_t i = 0; i < table_setting_count; i++) {
        if (table_settings[i].section != section) {
            continue;
        }
        const struct statement *statement = origin[id++];
        if (statement != NULL && is_number(&table_settings[i]) &&
            emit_find_thing(&emitter->wrong_numbers, statement) == TABLE_NONE &&
            report_number(emitter, &table_settings[i], record, statement_name(statement),
                          statement->span)) {
            emit_remember_thing(&emitter->wrong_numbers, statement, 0);
        }
    }
}

void emit_process(struct emitter *emitter) {
    const struct process_settings *process = &emitter->model->process;
    struct table_process record;
    memset(&record, 0, sizeof record);
#define PROCESS_DIRECTIVE(name, contexts, min, max, storage, ...)                                  \
    record.name = EMIT_##storage(emitter, process->name);
#include "directives.def"
    record.error_logs = emit_error_logs(emitter, &emitter->model->main_settings->error_log);
    check_numbers(emitter, TABLE_SECTION_process, &record, emitter->model->tree->root->open);
    emit_shared(emitter, TABLE_SECTION_process, &record);
}

/* A statement for each directive. NOLINTNEXTLINE(readability-function-size) */
static uint32_t emit_record(struct emitter *emitter, const struct settings *settings) {
    struct table_settings record;
    memset(&record, 0, sizeof record);
#define HTTP_DIRECTIVE(name, contexts, min, max, storage, ...)                                     \
    record.name = EMIT_##storage(emitter, settings->name);
#include "directives.def"
    check_origins(emitter, settings->origin, TABLE_SECTION_settings, &record);
    return emit_shared(emitter, TABLE_SECTION_settings, &record);
}

/* What an heir has is what the block around it has, unless add_header is not inherited. */
static bool is_mere_heir(const struct settings *settings) {
    const struct settings *outer = settings->outer;
    return outer != NULL && outer->heir == settings &&
           settings->add_header.list.count == outer->add_header.list.count;
}

uint32_t emit_settings(struct emitter *emitter, const struct settings *settings) {
    while (is_mere_heir(settings)) {
        settings = settings->outer;
    }
    if (settings != emitter->latest_settings) {
        emitter->latest_settings_record = emit_record(emitter, settings);
        emitter->latest_settings = settings;
    }
    return emitter->latest_settings_record;
}

static uint32_t emit_server_record(struct emitter *emitter,
                                   const struct server_settings *settings) {
    struct table_server_settings record;
    memset(&record, 0, sizeof record);
#define SERVER_DIRECTIVE(name, contexts, min, max, storage, ...)                                   \
    record.name = EMIT_##storage(emitter, settings->name);
#include "directives.def"
    check_origins(emitter, settings->origin, TABLE_SECTION_server_settings, &record);
    return emit_shared(emitter, TABLE_SECTION_server_settings, &record);
}

uint32_t emit_server_settings(struct emitter *emitter, const struct server_settings *settings) {
    if (settings != emitter->latest_server_settings) {
        emitter->latest_server_settings_record = emit_server_record(emitter, settings);
        emitter->latest_server_settings = settings;
    }
    return emitter->latest_server_settings_record;
}

void emit_upstream_settings(struct emitter *emitter, const struct upstream *upstream,
                            struct table_upstream *record) {
#define UPSTREAM_DIRECTIVE(name, contexts, min, max, storage, ...)                                 \
    record->name = EMIT_##storage(emitter, upstream->name);
#include "directives.def"
    if (upstream->statement != NULL) {
        check_numbers(emitter, TABLE_SECTION_upstream, record, upstream->statement->span);
    }
}
