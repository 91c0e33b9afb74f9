/* syslog:server=ADDRESS[,PARAMETER...], where access_log and error_log may have a path
 * (ngx_syslog_process_conf). */
#include "model/address.h"
#include "model/reading.h"

#include <string.h>

enum { SYSLOG_PORT = 514, LONGEST_TAG = 32, LOCAL7 = 23 };

static const struct slice scheme = SLICE_INIT("syslog:");

/* In the order of their numbers: RFC 3164 4.1.1, with nginx's names. */
static const struct slice facilities[] = {
    SLICE_INIT("kern"),   SLICE_INIT("user"),   SLICE_INIT("mail"),     SLICE_INIT("daemon"),
    SLICE_INIT("auth"),   SLICE_INIT("intern"), SLICE_INIT("lpr"),      SLICE_INIT("news"),
    SLICE_INIT("uucp"),   SLICE_INIT("clock"),  SLICE_INIT("authpriv"), SLICE_INIT("ftp"),
    SLICE_INIT("ntp"),    SLICE_INIT("audit"),  SLICE_INIT("alert"),    SLICE_INIT("cron"),
    SLICE_INIT("local0"), SLICE_INIT("local1"), SLICE_INIT("local2"),   SLICE_INIT("local3"),
    SLICE_INIT("local4"), SLICE_INIT("local5"), SLICE_INIT("local6"),   SLICE_INIT("local7"),
};

/* Not "err" and "warning": they are called as in error_log. */
static const struct slice severities[] = {
    SLICE_INIT("emerg"), SLICE_INIT("alert"),  SLICE_INIT("crit"), SLICE_INIT("error"),
    SLICE_INIT("warn"),  SLICE_INIT("notice"), SLICE_INIT("info"), SLICE_INIT("debug"),
};

enum { FACILITY_COUNT = sizeof facilities / sizeof facilities[0] };
enum { SEVERITY_COUNT = sizeof severities / sizeof severities[0] };

enum parameter_id { SERVER, FACILITY, SEVERITY, TAG, PARAMETER_COUNT };

struct syslog_reading {
    const struct setter_call *call;
    const struct word *word;
    size_t begin; /* of the parameter that is read, in the word */
    size_t end;
    bool is_given[PARAMETER_COUNT];
    struct syslog_setting *setting;
    struct slice path;
};

static bool complain(const struct syslog_reading *reading, enum diagnostic_code code,
                     const char *message, const char *help) {
    struct model *model = reading->call->model;
    struct slice text =
        slice_take(slice_skip(reading->word->text, reading->begin), reading->end - reading->begin);
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, code, word_span(model, reading->word, reading->begin, reading->end),
        "%s: \"%.*s\"", message, SLICE_ARGS(text));
    diagnostic_help(model->arena, diagnostic, "%s", help);
    return false;
}

static bool read_server(struct syslog_reading *reading, struct slice value) {
    struct arena *arena = reading->call->model->arena;
    struct address_parts parts = {0};
    const char *problem = address_parse(value, ADDRESS_TO_CONNECT, SYSLOG_PORT, &parts);
    if (problem != NULL) {
        return complain(reading, DIAGNOSTIC_INVALID_ADDRESS, problem,
                        "write server=ADDRESS[:PORT] or server=unix:PATH");
    }
    reading->path = parts.family == TABLE_FAMILY_UNIX
                        ? arena_format(arena, "syslog:unix:%.*s", SLICE_ARGS(parts.host))
                        : arena_format(arena, "syslog:%.*s:%u", SLICE_ARGS(parts.host), parts.port);
    return true;
}

static bool find_word(struct slice value, const struct slice *words, size_t count,
                      uint32_t *number) {
    for (size_t i = 0; i < count; i++) {
        if (slice_equals(value, words[i])) {
            *number = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static bool read_facility(struct syslog_reading *reading, struct slice value) {
    return find_word(value, facilities, FACILITY_COUNT, &reading->setting->facility) ||
           complain(reading, DIAGNOSTIC_INVALID_VALUE, "unknown facility of syslog",
                    "the usual ones are user, daemon and local0 to local7");
}

static bool read_severity(struct syslog_reading *reading, struct slice value) {
    return find_word(value, severities, SEVERITY_COUNT, &reading->setting->severity) ||
           complain(reading, DIAGNOSTIC_INVALID_VALUE, "unknown severity of syslog",
                    "the severities are debug, info, notice, warn, error, crit, alert and emerg");
}

static bool read_tag(struct syslog_reading *reading, struct slice value) {
    if (value.size > LONGEST_TAG) {
        return complain(reading, DIAGNOSTIC_INVALID_VALUE, "too long tag of syslog",
                        "a tag has 32 characters at most");
    }
    for (size_t i = 0; i < value.size; i++) {
        char c = byte_lower(value.data[i]);
        if ((c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '_') {
            return complain(reading, DIAGNOSTIC_INVALID_VALUE, "invalid tag of syslog",
                            "a tag is made of letters, digits and underscores");
        }
    }
    reading->setting->tag = value;
    return true;
}

static const struct {
    struct slice name;
    bool (*read)(struct syslog_reading *reading, struct slice value);
} parameters[PARAMETER_COUNT] = {
    [SERVER] = {SLICE_INIT("server="), read_server},
    [FACILITY] = {SLICE_INIT("facility="), read_facility},
    [SEVERITY] = {SLICE_INIT("severity="), read_severity},
    [TAG] = {SLICE_INIT("tag="), read_tag},
};

static bool read_parameter(struct syslog_reading *reading, struct slice text) {
    if (slice_equals(text, SLICE("nohostname"))) {
        reading->setting->nohostname = true;
        return true;
    }
    for (size_t i = 0; i < PARAMETER_COUNT; i++) {
        if (!slice_starts_with(text, parameters[i].name)) {
            continue;
        }
        if (reading->is_given[i]) {
            return complain(reading, DIAGNOSTIC_INVALID_VALUE, "parameter of syslog is given twice",
                            "remove one of the two");
        }
        reading->is_given[i] = true;
        return parameters[i].read(reading, slice_skip(text, parameters[i].name.size));
    }
    return complain(reading, DIAGNOSTIC_UNKNOWN_PARAMETER, "unknown parameter of syslog",
                    "the parameters are server=, facility=, severity=, tag= and nohostname, with "
                    "commas between them");
}

bool syslog_is_meant(const struct word *word) {
    return slice_starts_with(word->text, scheme);
}

bool syslog_read(const struct setter_call *call, const struct word *word, struct slice *path,
                 const struct syslog_setting **setting) {
    struct syslog_reading reading = {.call = call, .word = word};
    reading.setting = arena_require(call->model->arena, sizeof *reading.setting);
    *reading.setting = (struct syslog_setting){
        .facility = LOCAL7, .severity = TABLE_LOG_INFO, .tag = SLICE("nginx")};
    for (size_t begin = scheme.size; begin <= word->text.size; begin = reading.end + 1) {
        struct slice rest = slice_skip(word->text, begin);
        struct slice text = slice_take(rest, slice_find_byte(rest, ','));
        reading.begin = begin;
        reading.end = begin + text.size;
        if (!read_parameter(&reading, text)) {
            return false;
        }
    }
    if (!reading.is_given[SERVER]) {
        return reject_word(call, DIAGNOSTIC_INVALID_VALUE, word,
                           "write syslog:server=ADDRESS[:PORT]", "no syslog server is given");
    }
    *path = reading.path;
    *setting = reading.setting;
    return true;
}
