/* sticky: how clients are kept with the peer that served them first, and the names that peers have
 * for that. */
#include "model/quantity.h"
#include "model/reading.h"

/* --- sticky cookie --- */

struct cookie_setting {
    const struct setter_call *call;
    const struct word *word;
    struct slice value; /* behind the '=' */
    uint32_t offset;    /* of it in the word */
    struct sticky *sticky;
};

static bool set_expires(const struct cookie_setting *setting) {
    struct sticky *sticky = setting->sticky;
    if (slice_equals(setting->value, SLICE("max"))) {
        sticky->life = TABLE_COOKIE_MAX;
        return true;
    }
    sticky->life = TABLE_COOKIE_LIMITED;
    return (quantity_parse_seconds(setting->value, &sticky->max_age) &&
            sticky->max_age <= TABLE_COOKIE_AGE_LIMIT) ||
           reject_word(setting->call, DIAGNOSTIC_INVALID_TIME, setting->word,
                       "write a time of at most a hundred years such as expires=1h, or expires=max",
                       "\"%.*s\" is not how long a cookie can live", SLICE_ARGS(setting->value));
}

/* Whatever is to stand in a header field, with or without variables. */
static bool read_text(const struct cookie_setting *setting, const char *help) {
    if (setting->value.size == 0) {
        return reject_word(setting->call, DIAGNOSTIC_INVALID_VALUE, setting->word, help,
                           "nothing follows \"%.*s\"", SLICE_ARGS(setting->word->text));
    }
    return values_check_field_value(setting->call, setting->word);
}

static struct template read_template(const struct cookie_setting *setting) {
    return template_parse(setting->call->model, setting->word, setting->value, setting->offset);
}

static bool set_domain(const struct cookie_setting *setting) {
    if (!read_text(setting, "write domain=.example.com, or leave it out")) {
        return false;
    }
    setting->sticky->has_domain = true;
    setting->sticky->domain = read_template(setting);
    return true;
}

static bool set_path(const struct cookie_setting *setting) {
    if (!read_text(setting, "write path=/, or leave it out")) {
        return false;
    }
    setting->sticky->path = setting->value;
    return true;
}

static bool set_samesite(const struct cookie_setting *setting) {
    static const struct slice words[] = {SLICE_INIT("strict"), SLICE_INIT("lax"),
                                         SLICE_INIT("none")};
    struct slice text;
    setting->sticky->has_samesite = true;
    setting->sticky->samesite = read_template(setting);
    bool is_known = !template_is_constant(setting->call->model, &setting->sticky->samesite, &text);
    for (size_t i = 0; !is_known && i < sizeof words / sizeof words[0]; i++) {
        is_known = slice_equals_nocase(text, words[i]);
    }
    return is_known || reject_word(setting->call, DIAGNOSTIC_INVALID_VALUE, setting->word,
                                   "write strict, lax, none or a variable",
                                   "\"%.*s\" is no value of samesite", SLICE_ARGS(setting->value));
}

static bool set_httponly(const struct cookie_setting *setting) {
    setting->sticky->httponly = true;
    return true;
}

static bool set_secure(const struct cookie_setting *setting) {
    setting->sticky->secure = true;
    return true;
}

/* Those with '=' take a value. */
static const struct {
    struct slice name;
    bool (*set)(const struct cookie_setting *setting);
} cookie_parameters[] = {
    {SLICE_INIT("expires="), set_expires},  {SLICE_INIT("domain="), set_domain},
    {SLICE_INIT("path="), set_path},        {SLICE_INIT("samesite="), set_samesite},
    {SLICE_INIT("httponly"), set_httponly}, {SLICE_INIT("secure"), set_secure},
};

enum { COOKIE_PARAMETERS = sizeof cookie_parameters / sizeof cookie_parameters[0] };

static size_t find_parameter(struct slice text) {
    size_t i = 0;
    for (; i < COOKIE_PARAMETERS; i++) {
        struct slice name = cookie_parameters[i].name;
        bool takes_value = name.data[name.size - 1] == '=';
        if (takes_value ? slice_starts_with(text, name) : slice_equals(text, name)) {
            break;
        }
    }
    return i;
}

static bool read_parameter(const struct setter_call *call, const struct word *word,
                           struct sticky *sticky, uint32_t *seen) {
    size_t found = find_parameter(word->text);
    if (found == COOKIE_PARAMETERS) {
        return reject_word(call, DIAGNOSTIC_UNKNOWN_PARAMETER, word,
                           "there are expires=, domain=, path=, samesite=, httponly and secure",
                           "\"sticky cookie\" has no parameter \"%.*s\"", SLICE_ARGS(word->text));
    }
    struct slice name = cookie_parameters[found].name;
    if ((*seen >> found & 1) != 0) {
        return reject_word(call, DIAGNOSTIC_CONFLICTING_PARAMETERS, word, "remove one of them",
                           "\"%.*s\" is given twice", SLICE_ARGS(name));
    }
    *seen |= 1u << found;
    struct cookie_setting setting = {
        .call = call,
        .word = word,
        .value = slice_skip(word->text, name.size),
        .offset = (uint32_t)name.size,
        .sticky = sticky,
    };
    return cookie_parameters[found].set(&setting);
}

/* The value of the cookie, as of $cookie_NAME; a name may hold what that of a variable cannot. */
static struct template cookie_value(struct model *model, const struct word *name) {
    struct template value = {.word = name};
    VECTOR_PUSH(model->arena, &value.parts,
                (struct template_part){
                    .kind = PART_BUILTIN,
                    .span = name->span,
                    .text = arena_format(model->arena, "cookie_%.*s", SLICE_ARGS(name->text)),
                    .id = VARIABLE_COOKIE,
                    .suffix = name->text,
                });
    return value;
}

static bool read_cookie(const struct setter_call *call, struct sticky *sticky) {
    const struct word *name = statement_argument(call->statement, 1);
    bool is_read = true;
    if (!values_is_token(name->text)) {
        is_read = reject_word(call, DIAGNOSTIC_INVALID_VALUE, name,
                              "a cookie's name holds letters, digits and some of !#$%&'*+-.^_`|~",
                              "\"%.*s\" is not the name of a cookie", SLICE_ARGS(name->text));
    }
    sticky->cookie = name->text;
    VECTOR_PUSH(call->model->arena, &sticky->lookups, cookie_value(call->model, name));
    uint32_t seen = 0;
    for (uint32_t i = 2; i < statement_argument_count(call->statement); i++) {
        is_read &= read_parameter(call, statement_argument(call->statement, i), sticky, &seen);
    }
    return is_read;
}

/* --- sticky route, sticky learn --- */

/* One variable, as a whole word. */
static bool read_variable(const struct setter_call *call, const struct word *word,
                          struct template *value) {
    *value = template_parse(call->model, word, word->text, 0);
    if (value->parts.count == 1 && value->parts.items[0].kind != PART_TEXT) {
        return true;
    }
    return reject_word(call, DIAGNOSTIC_INVALID_VARIABLE, word,
                       "write one variable for each place to look in: sticky route $route_cookie "
                       "$route_uri;",
                       "\"%.*s\" is not one variable", SLICE_ARGS(word->text));
}

static bool read_route(const struct setter_call *call, struct sticky *sticky) {
    for (uint32_t i = 1; i < statement_argument_count(call->statement); i++) {
        struct template value;
        if (!read_variable(call, statement_argument(call->statement, i), &value)) {
            return false;
        }
        VECTOR_PUSH(call->model->arena, &sticky->lookups, value);
    }
    return true;
}

static bool refuse_learn(const struct setter_call *call, struct sticky *sticky) {
    (void)sticky;
    refuse(call->model, call->statement, statement_argument(call->statement, 0)->span,
           "\"sticky learn\"");
    return true;
}

static const struct {
    struct slice name;
    bool (*read)(const struct setter_call *call, struct sticky *sticky);
} sticky_kinds[] = {
    {SLICE_INIT("cookie"), read_cookie},
    {SLICE_INIT("route"), read_route},
    {SLICE_INIT("learn"), refuse_learn},
};

bool model_set_sticky(const struct setter_call *call) {
    struct upstream *upstream = call->scope->upstream;
    const struct word *kind = statement_argument(call->statement, 0);
    if (upstream->sticky != NULL) {
        structure_report_duplicate(call->model, call->statement, upstream->sticky->statement);
        return false;
    }
    upstream->sticky = arena_require(call->model->arena, sizeof *upstream->sticky);
    upstream->sticky->statement = call->statement;
    for (size_t i = 0; i < sizeof sticky_kinds / sizeof sticky_kinds[0]; i++) {
        if (slice_equals(kind->text, sticky_kinds[i].name)) {
            return sticky_kinds[i].read(call, upstream->sticky);
        }
    }
    return reject_word(call, DIAGNOSTIC_UNKNOWN_PARAMETER, kind,
                       "write \"sticky cookie NAME\" or \"sticky route $variable\"",
                       "\"sticky\" has no method \"%.*s\"", SLICE_ARGS(kind->text));
}

/* --- names of peers --- */

/* RFC 6265, 4.1.1: cookie-octet, so that what a client sends back is what it was told. */
static bool is_cookie_byte(unsigned char byte) {
    return byte > ' ' && byte < 0x7f && byte != '"' && byte != ',' && byte != ';' && byte != '\\';
}

bool sticky_set_route(const struct setter_call *call, const struct word *word, struct peer *peer) {
    struct slice route = slice_skip(word->text, SLICE("route=").size);
    bool is_sound = route.size > 0 && route.size <= TABLE_ROUTE_LIMIT;
    for (size_t i = 0; is_sound && i < route.size; i++) {
        is_sound = is_cookie_byte((unsigned char)route.data[i]);
    }
    peer->route = route;
    return is_sound ||
           reject_word(call, DIAGNOSTIC_INVALID_VALUE, word,
                       "write at most 32 letters, digits and signs, without spaces, quotes, "
                       "commas, semicolons and backslashes",
                       "\"%.*s\" cannot be a route", SLICE_ARGS(route));
}
