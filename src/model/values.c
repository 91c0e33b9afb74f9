/* Setters for values of the ordinary types, shared by all directives that take one: flags, numbers,
 * sizes, times, enumerations, texts, pairs, headers and lists of names. */
#include "base/text.h"
#include "model/quantity.h"
#include "model/reading.h"

#include <string.h>

static const struct word *first_argument(const struct setter_call *call) {
    return statement_argument(call->statement, 0);
}

bool model_set_flag(const struct setter_call *call) {
    const struct word *word = first_argument(call);
    uint32_t value = slice_equals_nocase(word->text, SLICE("on"));
    if (value == 0 && !slice_equals_nocase(word->text, SLICE("off"))) {
        struct diagnostic *diagnostic =
            diagnostic_error(call->model->diagnostics, DIAGNOSTIC_INVALID_FLAG, word->span,
                             "\"%s\" must be \"on\" or \"off\", not \"%.*s\"",
                             call->directive->name, SLICE_ARGS(word->text));
        diagnostic_help(call->model->arena, diagnostic, "write \"on\" or \"off\"");
        return false;
    }
    if (call->field != NULL) {
        *(MODEL_TYPE_FLAG *)call->field = value;
    }
    return true;
}

bool model_set_number(const struct setter_call *call) {
    uint64_t value;
    if (!slice_parse_u64(first_argument(call)->text, INT32_MAX, &value)) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, first_argument(call), "number",
                            "write digits only, at most %d", INT32_MAX);
    }
    *(MODEL_TYPE_NUMBER *)call->field = (uint32_t)value;
    return true;
}

bool model_set_worker_processes(const struct setter_call *call) {
    const struct word *word = first_argument(call);
    if (slice_equals(word->text, SLICE("auto"))) {
        *(MODEL_TYPE_NUMBER *)call->field = 0;
        return true;
    }
    uint64_t value;
    if (!slice_parse_u64(word->text, 1024, &value) || value == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, word, "number",
                            "write a number from 1 to 1024, or \"auto\" for one per CPU");
    }
    *(MODEL_TYPE_NUMBER *)call->field = (uint32_t)value;
    return true;
}

bool model_set_size(const struct setter_call *call) {
    if (!quantity_parse_size(first_argument(call)->text, false, call->field)) {
        return reject_value(call, DIAGNOSTIC_INVALID_SIZE, first_argument(call), "size",
                            "write bytes, kilobytes or megabytes: 512, 8k, 1m");
    }
    return true;
}

bool model_set_offset(const struct setter_call *call) {
    if (!quantity_parse_size(first_argument(call)->text, true, call->field)) {
        return reject_value(call, DIAGNOSTIC_INVALID_SIZE, first_argument(call), "size",
                            "write bytes, kilobytes, megabytes or gigabytes: 512, 8k, 1m, 2g");
    }
    return true;
}

#define TIME_HELP "write a number with a unit: 500ms, 30s, 5m, 1h30m; without one it is seconds"

bool model_set_time(const struct setter_call *call) {
    if (!quantity_parse_time(first_argument(call)->text, call->field)) {
        return reject_value(call, DIAGNOSTIC_INVALID_TIME, first_argument(call), "time", TIME_HELP);
    }
    return true;
}

bool model_set_whole_seconds(const struct setter_call *call) {
    MODEL_TYPE_TIME *time = call->field;
    if (!quantity_parse_seconds(first_argument(call)->text, time)) {
        return reject_value(call, DIAGNOSTIC_INVALID_TIME, first_argument(call), "time",
                            "write whole seconds: 75, 75s, 5m, 1d");
    }
    *time *= 1000;
    return true;
}

/* The second value is what clients are told in whole seconds; both are kept in milliseconds. */
bool model_set_keepalive_timeout(const struct setter_call *call) {
    MODEL_TYPE_PAIR *pair = call->field;
    if (!quantity_parse_time(first_argument(call)->text, &pair->first)) {
        return reject_value(call, DIAGNOSTIC_INVALID_TIME, first_argument(call), "time", TIME_HELP);
    }
    pair->second = 0;
    if (statement_argument_count(call->statement) == 2) {
        const struct word *word = statement_argument(call->statement, 1);
        if (!quantity_parse_seconds(word->text, &pair->second)) {
            return reject_value(call, DIAGNOSTIC_INVALID_TIME, word, "time",
                                "write whole seconds: 75, 75s, 5m");
        }
        pair->second *= 1000;
    }
    return true;
}

/* Fits nginx's connection_pool_size, without which nginx refuses the value. */
#define SMALLEST_HEADER_BUFFER 512

bool model_set_buffers(const struct setter_call *call) {
    MODEL_TYPE_PAIR *pair = call->field;
    const struct word *size = statement_argument(call->statement, 1);
    if (!slice_parse_u64(first_argument(call)->text, UINT16_MAX, &pair->first) ||
        pair->first == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, first_argument(call),
                            "number of buffers", "write a number from 1 to %d", UINT16_MAX);
    }
    if (!quantity_parse_size(size->text, false, &pair->second)) {
        return reject_value(call, DIAGNOSTIC_INVALID_SIZE, size, "size of buffers",
                            "write bytes, kilobytes or megabytes: 512, 8k, 1m");
    }
    if (pair->second < SMALLEST_HEADER_BUFFER) {
        return reject_value(call, DIAGNOSTIC_INVALID_SIZE, size, "size of buffers",
                            "write at least %d", SMALLEST_HEADER_BUFFER);
    }
    return true;
}

bool model_set_upstream_keepalive(const struct setter_call *call) {
    MODEL_TYPE_PAIR *pair = call->field;
    if (!slice_parse_u64(first_argument(call)->text, INT32_MAX, &pair->first)) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, first_argument(call), "number",
                            "write how many idle connections to keep; 0 keeps none");
    }
    pair->second = 0;
    if (statement_argument_count(call->statement) == 2) {
        const struct word *word = statement_argument(call->statement, 1);
        if (!slice_equals(word->text, SLICE("local"))) {
            return reject_value(call, DIAGNOSTIC_UNKNOWN_PARAMETER, word, "parameter",
                                "the only parameter is \"local\"");
        }
        pair->second = 1;
    }
    return true;
}

/* Position of `text` among words joined by '|', or -1. */
static int find_choice(const char *values, struct slice text) {
    struct slice rest = slice_from_string(values);
    for (int position = 0;; position++) {
        size_t end = slice_find_byte(rest, '|');
        if (slice_equals_nocase(slice_take(rest, end), text)) {
            return position;
        }
        if (end == rest.size) {
            return -1;
        }
        rest = slice_skip(rest, end + 1);
    }
}

/* Words that nginx takes and rpcd does not run: no mistakes, but nothing to compile. */
static const struct {
    const char *directive;
    const char *value;
} known_values[] = {
    {"proxy_next_upstream", "denied"},
    {"grpc_next_upstream", "denied"},
    {"use", "/dev/poll"},
    {"use", "devpoll"},
    {"use", "eventport"},
    {"use", "kqueue"},
    {"use", "select"},
};

static bool is_known_value(const struct setter_call *call, struct slice value) {
    for (size_t i = 0; i < sizeof known_values / sizeof known_values[0]; i++) {
        if (strcmp(known_values[i].directive, call->directive->name) == 0 &&
            slice_equals_nocase(slice_from_string(known_values[i].value), value)) {
            return true;
        }
    }
    return false;
}

/* A word that is none of the directive's: not run yet, or an error that lists them. */
static bool reject_choice(const struct setter_call *call, const struct word *word) {
    if (is_known_value(call, word->text)) {
        refuse(call->model, call->statement, word->span, "value \"%.*s\" of \"%s\"",
               SLICE_ARGS(word->text), call->directive->name);
        return true;
    }
    struct text choices;
    text_init(&choices, call->model->arena);
    for (const char *c = call->directive->values; *c != '\0'; c++) {
        if (*c == '|') {
            text_add(&choices, strchr(c + 1, '|') == NULL ? SLICE("\" or \"") : SLICE("\", \""));
        } else {
            text_add_byte(&choices, *c);
        }
    }
    return reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "value", "write \"%.*s\"",
                        SLICE_ARGS(text_slice(&choices)));
}

/* nginx compares the words of enumerations ignoring case. */
bool model_set_enumeration(const struct setter_call *call) {
    const struct word *word = first_argument(call);
    int position = find_choice(call->directive->values, word->text);
    if (position < 0) {
        return reject_choice(call, word);
    }
    *(MODEL_TYPE_ENUM *)call->field = (uint32_t)position;
    return true;
}

/* As nginx: several statements of a block add up, and "off", the last word, wins over all. */
bool model_set_words(const struct setter_call *call) {
    const char *values = call->directive->values;
    MODEL_TYPE_WORDS *set = call->field;
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        const struct word *word = statement_argument(call->statement, i);
        int position = find_choice(values, word->text);
        if (position < 0 && !reject_choice(call, word)) {
            return false;
        }
        *set |= position < 0 ? 0 : UINT32_C(1) << position;
    }
    int off = find_choice(values, SLICE("off"));
    if (off >= 0 && (*set >> off & 1) != 0) {
        *set = UINT32_C(1) << off;
    }
    return true;
}

bool model_set_text(const struct setter_call *call) {
    *(MODEL_TYPE_TEXT *)call->field = first_argument(call)->text;
    return true;
}

bool model_set_template(const struct setter_call *call) {
    const struct word *word = first_argument(call);
    *(MODEL_TYPE_TEMPLATE *)call->field = template_parse(call->model, word, word->text, 0);
    return true;
}

/* RFC 9110, 5.6.2. */
static bool is_token_byte(char c) {
    return (c >= '0' && c <= '9') || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool values_is_token(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (!is_token_byte(text.data[i])) {
            return false;
        }
    }
    return text.size > 0;
}

/* What variables make of it is looked at when the request is sent. */
bool model_set_proxy_method(const struct setter_call *call) {
    struct slice method;
    (void)model_set_template(call);
    if (!template_is_constant(call->model, call->field, &method) || values_is_token(method)) {
        return true;
    }
    return reject_value(call, DIAGNOSTIC_INVALID_VALUE, first_argument(call), "method",
                        "a method is one word of letters, such as GET");
}

bool model_set_path(const struct setter_call *call) {
    if (first_argument(call)->text.size == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_VALUE, first_argument(call), "path",
                            "write a path");
    }
    return model_set_text(call);
}

static void add_name(const struct setter_call *call, const struct word *word) {
    MODEL_TYPE_NAMES *names = call->field;
    VECTOR_PUSH(call->model->arena, &names->list,
                (struct name_setting){
                    .statement = call->origin,
                    .word = call->origin != NULL ? word : NULL,
                    .text = word->text,
                });
}

bool model_set_names(const struct setter_call *call) {
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        add_name(call, statement_argument(call->statement, i));
    }
    return true;
}

/* The fields that nginx knows to ignore. */
static const struct slice ignorable[] = {
    SLICE_INIT("X-Accel-Redirect"),
    SLICE_INIT("X-Accel-Expires"),
    SLICE_INIT("X-Accel-Limit-Rate"),
    SLICE_INIT("X-Accel-Buffering"),
    SLICE_INIT("X-Accel-Charset"),
    SLICE_INIT("Expires"),
    SLICE_INIT("Cache-Control"),
    SLICE_INIT("Set-Cookie"),
    SLICE_INIT("Vary"),
};
enum { IGNORABLE_COUNT = sizeof ignorable / sizeof ignorable[0] };

static bool check_ignorable(const struct setter_call *call, const struct word *word) {
    for (size_t i = 0; i < IGNORABLE_COUNT; i++) {
        if (slice_equals_nocase(ignorable[i], word->text)) {
            return true;
        }
    }
    struct slice nearest = nearest_name(word->text, ignorable, IGNORABLE_COUNT);
    if (nearest.size > 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "field", "did you mean \"%.*s\"?",
                            SLICE_ARGS(nearest));
    }
    return reject_value(
        call, DIAGNOSTIC_INVALID_VALUE, word, "field",
        "it takes the X-Accel fields, Expires, Cache-Control, Set-Cookie and Vary; what "
        "clients are not to see goes into proxy_hide_header");
}

bool model_set_ignored_headers(const struct setter_call *call) {
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        if (!check_ignorable(call, statement_argument(call->statement, i))) {
            return false;
        }
    }
    return model_set_names(call);
}

/* User, then group; the group is the user's name when it is not given, as in nginx. */
bool model_set_user(const struct setter_call *call) {
    MODEL_TYPE_NAMES *names = call->field;
    names->list.count = 0;
    return model_set_names(call);
}

static bool check_header_name(const struct setter_call *call) {
    const struct word *word = first_argument(call);
    return values_is_token(word->text) ||
           reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "header name",
                        "a header name holds letters, digits and \"-\", without a colon");
}

/* RFC 9110, 5.5: nothing but tabs among the control characters. nginx would send them. */
bool values_check_field_value(const struct setter_call *call, const struct word *word) {
    for (size_t i = 0; i < word->text.size; i++) {
        unsigned char c = (unsigned char)word->text.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            struct diagnostic *diagnostic = diagnostic_error(
                call->model->diagnostics, DIAGNOSTIC_INVALID_VALUE,
                word_span(call->model, word, i, i + 1),
                "a header value cannot hold a line break or another control character");
            diagnostic_help(call->model->arena, diagnostic, "write the value on one line");
            return false;
        }
    }
    return true;
}

static bool has_line_break(struct slice text) {
    return slice_find_byte(text, '\n') < text.size || slice_find_byte(text, '\r') < text.size;
}

static bool add_header(const struct setter_call *call, bool always) {
    const struct word *value = statement_argument(call->statement, 1);
    if (!check_header_name(call)) {
        return false;
    }
    /* nginx sends line breaks as they are; lint has a rule for that. */
    if (has_line_break(value->text)) {
        refuse(call->model, call->statement, value->span, "a header value with a line break");
    } else if (!values_check_field_value(call, value)) {
        return false;
    }
    MODEL_TYPE_HEADERS *headers = call->field;
    VECTOR_PUSH(call->model->arena, &headers->list,
                (struct header_setting){
                    .statement = call->origin,
                    .name = first_argument(call)->text,
                    .value = template_parse(call->model, value, value->text, 0),
                    .always = always,
                });
    return true;
}

bool model_set_header(const struct setter_call *call) {
    return add_header(call, false);
}

bool model_set_add_header(const struct setter_call *call) {
    if (statement_argument_count(call->statement) == 2) {
        return add_header(call, false);
    }
    const struct word *word = statement_argument(call->statement, 2);
    if (!slice_equals(word->text, SLICE("always"))) {
        return reject_value(
            call, DIAGNOSTIC_UNKNOWN_PARAMETER, word, "parameter",
            "the only parameter is \"always\"; a value with spaces goes between quotes");
    }
    return add_header(call, true);
}

/* A copy, as the list of a block is that of those inside, too. */
void headers_inherit(struct model *model, struct settings *settings) {
    const struct header_list *outer = settings->outer != NULL ? &settings->outer->add_header : NULL;
    bool has_own = settings->is_own[SETTING_add_header];
    if (settings->add_header_inherit == TABLE_INHERIT_OFF && !has_own) {
        settings->add_header = (struct header_list){0};
    }
    if (settings->add_header_inherit != TABLE_INHERIT_MERGE || !has_own || outer == NULL) {
        return;
    }
    for (size_t i = 0; i < outer->list.count; i++) {
        VECTOR_PUSH(model->arena, &settings->add_header.list, outer->list.items[i]);
    }
}
