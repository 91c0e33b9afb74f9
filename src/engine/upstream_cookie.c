/* Cookies of backends, as clients get them: proxy_cookie_domain, proxy_cookie_path and
 * proxy_cookie_flags. A Set-Cookie that none of them fits stays as it came, byte for byte. */
#include "engine/decide.h"
#include "engine/replacement.h"
#include "engine/state.h"
#include "engine/upstream.h"

/* "name=value" or "name". The first is the cookie itself. */
struct attribute {
    struct slice name;
    struct slice value; /* without data: none */
    bool is_removed;
};

struct cookie {
    struct engine_request *request;
    struct attribute *attributes;
    uint32_t count;
    bool is_changed;
};

/* --- taking it apart and putting it together --- */

static struct slice trim(struct slice text) {
    while (slice_starts_with(text, SLICE(" "))) {
        text = slice_skip(text, 1);
    }
    while (slice_ends_with(text, SLICE(" "))) {
        text = slice_take(text, text.size - 1);
    }
    return text;
}

static struct attribute parse_attribute(struct slice text) {
    size_t sign = slice_find_byte(text, '=');
    struct attribute attribute = {.name = trim(slice_take(text, sign))};
    if (sign < text.size) {
        attribute.value = trim(slice_skip(text, sign + 1));
    }
    return attribute;
}

enum { ADDED_ATTRIBUTES = 3 }; /* Secure, HttpOnly, SameSite */

static bool parse(struct cookie *cookie, struct slice text) {
    uint32_t limit = 1 + ADDED_ATTRIBUTES;
    for (size_t i = 0; i < text.size; i++) {
        limit += text.data[i] == ';';
    }
    cookie->attributes = arena_allocate(cookie->request->arena, limit * sizeof *cookie->attributes);
    if (cookie->attributes == NULL) {
        return false;
    }
    for (;;) {
        size_t end = slice_find_byte(text, ';');
        cookie->attributes[cookie->count++] = parse_attribute(slice_take(text, end));
        if (end == text.size) {
            return true;
        }
        text = slice_skip(text, end + 1);
    }
}

static bool join(const struct cookie *cookie, struct slice *text) {
    enum { PARTS = 4 };
    struct slice *parts =
        arena_allocate(cookie->request->arena, (size_t)PARTS * cookie->count * sizeof *parts);
    uint32_t count = 0;
    if (parts == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < cookie->count; i++) {
        const struct attribute *attribute = &cookie->attributes[i];
        if (!attribute->is_removed) {
            parts[count++] = i > 0 ? SLICE("; ") : SLICE("");
            parts[count++] = attribute->name;
            parts[count++] = attribute->value.data != NULL ? SLICE("=") : SLICE("");
            parts[count++] = attribute->value;
        }
    }
    return engine_join(cookie->request, parts, count, text);
}

/* --- domain and path --- */

/* The domain as a whole; a dot before it stays. */
static bool is_domain(struct slice subject, struct slice pattern, struct slice *part) {
    *part = slice_skip(subject, slice_starts_with(subject, SLICE(".")) ? 1 : 0);
    return slice_equals_nocase(*part, pattern);
}

static bool replace_value(struct cookie *cookie, struct table_range list,
                          engine_replacement_fit *fit, struct slice *value) {
    const struct table *table = cookie->request->engine->table;
    enum engine_replaced result = ENGINE_REPLACED_NOT;
    for (uint32_t i = 0; i < list.count && result == ENGINE_REPLACED_NOT; i++) {
        const struct table_replacement *replacement = &table->replacement[list.first + i];
        if (replacement->text != TABLE_NONE) { /* "default" means nothing here */
            result = engine_replace(cookie->request, replacement, fit, value);
        }
    }
    cookie->is_changed = cookie->is_changed || result == ENGINE_REPLACED;
    return result != ENGINE_REPLACED_FAILED;
}

static bool replace_values(struct cookie *cookie) {
    const struct table_settings *settings = cookie->request->settings;
    for (uint32_t i = 1; i < cookie->count; i++) {
        struct attribute *attribute = &cookie->attributes[i];
        bool is_done = true;
        if (attribute->value.data == NULL) {
            continue;
        }
        if (slice_equals_nocase(attribute->name, SLICE("domain"))) {
            is_done =
                replace_value(cookie, settings->proxy_cookie_domain, is_domain, &attribute->value);
        } else if (slice_equals_nocase(attribute->name, SLICE("path"))) {
            is_done = replace_value(cookie, settings->proxy_cookie_path, engine_replacement_begins,
                                    &attribute->value);
        }
        if (!is_done) {
            return false;
        }
    }
    return true;
}

/* --- flags --- */

/* In the order in which they count when several for one attribute are given. */
static const struct flag {
    struct slice word;
    struct slice name;
    struct slice value;
    bool removes;
} flags[] = {
    {SLICE_INIT("secure"), SLICE_INIT("Secure"), {NULL, 0}, false},
    {SLICE_INIT("nosecure"), SLICE_INIT("Secure"), {NULL, 0}, true},
    {SLICE_INIT("httponly"), SLICE_INIT("HttpOnly"), {NULL, 0}, false},
    {SLICE_INIT("nohttponly"), SLICE_INIT("HttpOnly"), {NULL, 0}, true},
    {SLICE_INIT("samesite=strict"), SLICE_INIT("SameSite"), SLICE_INIT("Strict"), false},
    {SLICE_INIT("samesite=lax"), SLICE_INIT("SameSite"), SLICE_INIT("Lax"), false},
    {SLICE_INIT("samesite=none"), SLICE_INIT("SameSite"), SLICE_INIT("None"), false},
    {SLICE_INIT("nosamesite"), SLICE_INIT("SameSite"), {NULL, 0}, true},
};
enum { FLAG_COUNT = sizeof flags / sizeof flags[0] };

static uint32_t find_flag(struct slice word) {
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        if (slice_equals_nocase(flags[i].word, word)) {
            return 1u << i;
        }
    }
    return 0;
}

/* The first that is for this cookie; NULL: none is. False when one failed. */
static bool find_flags(struct cookie *cookie, const struct table_cookie_rule **found) {
    const struct table *table = cookie->request->engine->table;
    struct table_range list = cookie->request->settings->proxy_cookie_flags;
    struct slice own = cookie->attributes[0].name;
    *found = NULL;
    for (uint32_t i = list.first; i < list.first + list.count && *found == NULL; i++) {
        const struct table_cookie_rule *candidate = &table->cookie_rule[i];
        enum engine_replaced result = ENGINE_REPLACED_NOT;
        struct slice name;
        if (candidate->regex != TABLE_NONE) {
            result = engine_replacement_match(cookie->request, candidate->regex, own);
        } else if (!engine_run_template(cookie->request, candidate->name, &name)) {
            result = ENGINE_REPLACED_FAILED;
        } else if (slice_equals_nocase(name, own)) {
            result = ENGINE_REPLACED;
        }
        if (result == ENGINE_REPLACED_FAILED) {
            return false;
        }
        *found = result == ENGINE_REPLACED ? candidate : NULL;
    }
    return true;
}

static bool read_flags(struct cookie *cookie, struct table_range list, uint32_t *wanted) {
    const struct table *table = cookie->request->engine->table;
    *wanted = 0;
    for (uint32_t i = list.first; i < list.first + list.count; i++) {
        struct slice word;
        if (!engine_run_template(cookie->request, table->cookie_flag[i].flag, &word)) {
            return false;
        }
        *wanted |= find_flag(word);
    }
    return true;
}

/* What an attribute that is there already becomes. A flag that it fulfils is done with. */
static void apply_flags(struct attribute *attribute, uint32_t *wanted) {
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        const struct flag *flag = &flags[i];
        if ((*wanted & 1u << i) == 0 || !slice_equals_nocase(flag->name, attribute->name)) {
            continue;
        }
        attribute->is_removed = flag->removes;
        if (!flag->removes) {
            *wanted &= ~(1u << i);
        }
        if (flag->value.data != NULL && !slice_equals_nocase(attribute->value, flag->value)) {
            attribute->name = flag->name;
            attribute->value = flag->value;
        }
        return;
    }
}

static void add_flags(struct cookie *cookie, uint32_t wanted) {
    struct slice added = {NULL, 0};
    for (uint32_t i = 0; i < FLAG_COUNT; i++) {
        const struct flag *flag = &flags[i];
        bool is_wanted = (wanted & 1u << i) != 0 && !flag->removes;
        if (is_wanted && !slice_equals(flag->name, added)) {
            cookie->attributes[cookie->count++] =
                (struct attribute){flag->name, flag->value, false};
            added = flag->name;
        }
    }
}

static bool edit_flags(struct cookie *cookie) {
    const struct table_cookie_rule *found;
    uint32_t wanted;
    if (!find_flags(cookie, &found)) {
        return false;
    }
    if (found == NULL) {
        return true;
    }
    if (!read_flags(cookie, found->flags, &wanted)) {
        return false;
    }
    cookie->is_changed = cookie->is_changed || wanted != 0;
    for (uint32_t i = 1; i < cookie->count; i++) {
        apply_flags(&cookie->attributes[i], &wanted);
    }
    add_flags(cookie, wanted);
    return true;
}

bool engine_rewrite_cookie(struct engine_request *request, struct slice *value) {
    const struct table_settings *settings = request->settings;
    struct cookie cookie = {.request = request};
    if (settings->proxy_cookie_domain.count == 0 && settings->proxy_cookie_path.count == 0 &&
        settings->proxy_cookie_flags.count == 0) {
        return true;
    }
    if (!parse(&cookie, *value)) {
        return false;
    }
    if (cookie.attributes[0].value.data == NULL) {
        return true; /* no cookie */
    }
    return replace_values(&cookie) && edit_flags(&cookie) &&
           (!cookie.is_changed || join(&cookie, value));
}
