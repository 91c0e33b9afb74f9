/* The rules of gzip, gzip_types, gzip_proxied and so on, in nginx's order. */
#include "engine/compression.h"

#include "engine/accept_encoding.h"
#include "engine/http_date.h"
#include "engine/state.h"

/* Positions among the words of gzip_proxied. */
enum proxied {
    PROXIED_OFF,
    PROXIED_EXPIRED,
    PROXIED_NO_CACHE,
    PROXIED_NO_STORE,
    PROXIED_PRIVATE,
    PROXIED_NO_LAST_MODIFIED,
    PROXIED_NO_ETAG,
    PROXIED_AUTH,
    PROXIED_ANY,
};

/* --- fields --- */

/* The first of that name, or NULL. */
static const struct engine_header *find(const struct engine_header *fields, uint32_t count,
                                        struct slice name) {
    for (uint32_t i = 0; i < count; i++) {
        if (slice_equals_nocase(fields[i].name, name)) {
            return &fields[i];
        }
    }
    return NULL;
}

static const struct engine_header *find_asked(const struct engine_request *request,
                                              struct slice name) {
    return find(request->headers, request->header_count, name);
}

static const struct engine_header *find_own(const struct engine_response_head *head,
                                            struct slice name) {
    return find(head->fields, head->own_count, name);
}

static const struct engine_header *find_any(const struct engine_response_head *head,
                                            struct slice name) {
    return find(head->fields, head->field_count, name);
}

/* --- what is compressed --- */

/* nginx cuts a backend's type off where its charset begins, and nowhere else. */
static struct slice cut_charset(struct slice type) {
    static const struct slice charset = SLICE_INIT("charset=");
    for (size_t i = 0; i < type.size; i++) {
        if (type.data[i] != ';') {
            continue;
        }
        struct slice rest = slice_skip(type, i + 1);
        while (rest.size > 0 && rest.data[0] == ' ') {
            rest = slice_skip(rest, 1);
        }
        if (rest.size >= charset.size &&
            slice_equals_nocase(slice_take(rest, charset.size), charset)) {
            return slice_take(type, i);
        }
    }
    return type;
}

static bool is_type_listed(const struct engine_request *request,
                           const struct engine_response_head *head) {
    const struct table *table = request->engine->table;
    struct table_range types = request->settings->gzip_types;
    const struct engine_header *field = find_own(head, SLICE("Content-Type"));
    struct slice type = field == NULL ? SLICE("") : field->value;
    type = head->is_from_back ? cut_charset(type) : type;
    for (uint32_t i = types.first; i < types.first + types.count; i++) {
        struct slice listed = table_text(table, table->name[i].text);
        if (slice_equals(listed, SLICE("*")) ||
            (type.size > 0 && slice_equals_nocase(listed, type))) {
            return true;
        }
    }
    return false;
}

static bool is_encoded(const struct engine_response_head *head) {
    for (uint32_t i = 0; i < head->field_count; i++) {
        if (slice_equals_nocase(head->fields[i].name, SLICE("Content-Encoding")) &&
            head->fields[i].value.size > 0) {
            return true;
        }
    }
    return false;
}

static bool is_compressible(const struct engine_request *request,
                            const struct engine_response_head *head) {
    const struct table_settings *settings = request->settings;
    bool is_status = head->status == 200 || head->status == 403 || head->status == 404;
    bool is_long = !head->has_length || head->length >= settings->gzip_min_length;
    return settings->gzip != 0 && is_status && is_long && !is_encoded(head) &&
           is_type_listed(request, head);
}

/* The last Content-Encoding is the outermost. */
static bool is_gzipped(const struct engine_response_head *head) {
    for (uint32_t i = head->own_count; i > 0; i--) {
        if (slice_equals_nocase(head->fields[i - 1].name, SLICE("Content-Encoding"))) {
            return slice_equals_nocase(head->fields[i - 1].value, SLICE("gzip"));
        }
    }
    return false;
}

/* --- for whom: requests that came through a proxy --- */

static bool has_word(const struct engine_request *request, enum proxied word) {
    return (request->settings->gzip_proxied >> word & 1) != 0;
}

static bool has_expired(const struct engine_response_head *head, struct slice expires) {
    int64_t end;
    int64_t now = head->now;
    const struct engine_header *date = head->is_from_back ? find_own(head, SLICE("Date")) : NULL;
    return http_date_parse(expires, &end) && (date == NULL || http_date_parse(date->value, &now)) &&
           end < now;
}

/* As nginx takes lists apart: at semicolons, too, but a word that one follows is none. */
static bool has_directive(struct slice value, struct slice word) {
    for (size_t at = 0; at < value.size;) {
        struct slice rest = slice_skip(value, at);
        if (rest.size >= word.size && slice_equals_nocase(slice_take(rest, word.size), word)) {
            size_t end = word.size;
            while (end < rest.size && rest.data[end] == ' ') {
                end++;
            }
            if (end == rest.size || rest.data[end] == ',') {
                return true;
            }
        }
        while (at < value.size && value.data[at] != ',' && value.data[at] != ';') {
            at++;
        }
        at++;
        while (at < value.size && value.data[at] == ' ') {
            at++;
        }
    }
    return false;
}

static bool is_private(const struct engine_request *request,
                       const struct engine_response_head *head) {
    static const struct {
        enum proxied word;
        struct slice directive;
    } rows[] = {
        {PROXIED_NO_CACHE, SLICE_INIT("no-cache")},
        {PROXIED_NO_STORE, SLICE_INIT("no-store")},
        {PROXIED_PRIVATE, SLICE_INIT("private")},
    };
    for (uint32_t i = 0; i < head->field_count; i++) {
        if (!slice_equals_nocase(head->fields[i].name, SLICE("Cache-Control"))) {
            continue;
        }
        for (size_t j = 0; j < sizeof rows / sizeof rows[0]; j++) {
            if (has_word(request, rows[j].word) &&
                has_directive(head->fields[i].value, rows[j].directive)) {
                return true;
            }
        }
    }
    return false;
}

/* gzip_proxied: whether a proxy in between may get what only some of its clients can take. */
static bool suits_proxy(const struct engine_request *request,
                        const struct engine_response_head *head) {
    const struct engine_header *expires = find_own(head, SLICE("Expires"));
    if (has_word(request, PROXIED_OFF)) {
        return false;
    }
    if (has_word(request, PROXIED_ANY) ||
        (has_word(request, PROXIED_AUTH) && find_asked(request, SLICE("Authorization")) != NULL)) {
        return true;
    }
    if (expires != NULL) {
        return has_word(request, PROXIED_EXPIRED) && has_expired(head, expires->value);
    }
    if (find_any(head, SLICE("Cache-Control")) != NULL) {
        return is_private(request, head);
    }
    bool is_dated = has_word(request, PROXIED_NO_LAST_MODIFIED) &&
                    find_any(head, SLICE("Last-Modified")) != NULL;
    bool is_tagged = has_word(request, PROXIED_NO_ETAG) && find_any(head, SLICE("ETag")) != NULL;
    return !is_dated && !is_tagged;
}

/* --- for whom: clients --- */

/* gzip_disable. A regex that exceeds its limits has not matched, as elsewhere in such lists. */
static bool is_disabled(struct engine_request *request) {
    const struct table *table = request->engine->table;
    struct table_range range = request->settings->gzip_disable;
    const struct engine_header *agent =
        range.count == 0 ? NULL : find_asked(request, SLICE("User-Agent"));
    for (uint32_t i = range.first; agent != NULL && i < range.first + range.count; i++) {
        uint32_t regex = table->expression[i].regex;
        if (regex == TABLE_NONE
                ? engine_is_msie6(agent->value)
                : engine_regex_would_match(&request->engine->regexes, regex, agent->value)) {
            return true;
        }
    }
    return false;
}

static bool suits_client(struct engine_request *request, const struct engine_response_head *head) {
    const struct engine_header *accepted = find_asked(request, SLICE("Accept-Encoding"));
    if (accepted == NULL || !engine_accepts_gzip(accepted->value) ||
        (head->is_http10 && request->settings->gzip_http_version != 0)) {
        return false;
    }
    return (find_asked(request, SLICE("Via")) == NULL || suits_proxy(request, head)) &&
           !is_disabled(request);
}

bool engine_accepts_precompressed(struct engine_request *request, bool is_http10,
                                  enum engine_gzip_verdict *verdict) {
    const struct engine_response_head nothing = {.is_http10 = is_http10};
    if (*verdict == ENGINE_GZIP_UNKNOWN) {
        *verdict = suits_client(request, &nothing) ? ENGINE_GZIP_ACCEPTED : ENGINE_GZIP_REFUSED;
    }
    return *verdict == ENGINE_GZIP_ACCEPTED;
}

struct engine_compression engine_choose_compression(struct engine_request *request,
                                                    const struct engine_response_head *head,
                                                    enum engine_gzip_verdict verdict) {
    struct engine_compression chosen = {ENGINE_AS_IT_IS, false};
    /* A part of what is compressed cannot be opened. */
    bool opens = request->settings->gunzip != 0 && head->status != 206 && is_gzipped(head);
    if (!opens && !is_compressible(request, head)) {
        return chosen;
    }
    bool suits = verdict == ENGINE_GZIP_UNKNOWN ? suits_client(request, head)
                                                : verdict == ENGINE_GZIP_ACCEPTED;
    chosen.varies = true;
    if (opens) {
        chosen.coding = suits ? ENGINE_AS_IT_IS : ENGINE_GUNZIP;
    } else {
        chosen.coding = suits ? ENGINE_GZIP : ENGINE_AS_IT_IS;
    }
    return chosen;
}
