/* $invalid_referer: whether a request comes from elsewhere than valid_referers say
 * (ngx_http_referer_module). */
#include "engine/hash_slot.h"
#include "engine/kept.h"
#include "engine/program.h"
#include "engine/state.h"

/* As in nginx no longer host is valid, nor any shorter Referer than the shortest URL. */
enum { LONGEST_HOST = 256, SHORTEST_REFERER = 11 };

enum verdict { VALID, INVALID, FAILED };

/* A Referer behind its scheme, and its host. */
struct origin {
    struct slice rest;
    struct slice host; /* in lower case */
    struct slice path; /* behind host and port */
    char lower[LONGEST_HOST];
};

static bool skip_scheme(struct slice referer, struct slice *rest) {
    static const struct slice schemes[] = {SLICE_INIT("http://"), SLICE_INIT("https://")};
    for (size_t i = 0; referer.size >= SHORTEST_REFERER && i < 2; i++) {
        if (slice_starts_with_nocase(referer, schemes[i])) {
            *rest = slice_skip(referer, schemes[i].size);
            return true;
        }
    }
    return false;
}

/* False when the host is too long. */
static bool find_host(struct origin *origin) {
    size_t size = 0;
    while (size < origin->rest.size && origin->rest.data[size] != '/' &&
           origin->rest.data[size] != ':') {
        if (size == LONGEST_HOST) {
            return false;
        }
        origin->lower[size] = byte_lower(origin->rest.data[size]);
        size++;
    }
    origin->host = (struct slice){origin->lower, size};
    origin->path = slice_skip(origin->rest, slice_find_byte(origin->rest, '/'));
    return true;
}

/* The first that matches decides; names of servers go first. */
static enum verdict match_regexes(struct engine_request *request,
                                  const struct table_referers *referers,
                                  const struct origin *origin, bool is_name) {
    struct engine *engine = request->engine;
    for (uint32_t i = 0; i < referers->regexes.count; i++) {
        const struct table_referer_regex *regex =
            &engine->table->referer_regex[referers->regexes.first + i];
        struct slice subject = is_name ? origin->host : origin->rest;
        if ((regex->is_name != 0) != is_name) {
            continue;
        }
        if (!engine_spend(request, ENGINE_REGEX_EFFORT + subject.size)) {
            return FAILED;
        }
        switch (engine_regex_test(&engine->regexes, request, regex->regex, subject)) {
        case ENGINE_REGEX_MATCHED:
            return VALID;
        case ENGINE_REGEX_UNMATCHED:
            break;
        case ENGINE_REGEX_FAILED:
            return FAILED;
        }
    }
    return INVALID;
}

static enum verdict judge_origin(struct engine_request *request,
                                 const struct table_referers *referers,
                                 const struct origin *origin) {
    const struct table *table = request->engine->table;
    const struct engine_keys keys = {.table = table,
                                     .slots = table_referer_slots(table, referers),
                                     .has_leading = referers->has_leading != 0,
                                     .has_trailing = referers->has_trailing != 0};
    uint64_t effort = origin->host.size;
    uint32_t path =
        keys.slots.count == 0 ? TABLE_NONE : engine_find_key(&keys, origin->host, &effort);
    if (!engine_spend(request, effort)) {
        return FAILED;
    }
    if (path != TABLE_NONE) {
        return slice_starts_with(origin->path, table_text(table, table->name[path].text)) ? VALID
                                                                                          : INVALID;
    }
    enum verdict verdict = match_regexes(request, referers, origin, true);
    return verdict != INVALID ? verdict : match_regexes(request, referers, origin, false);
}

static enum verdict judge(struct engine_request *request, const struct table_referers *referers) {
    struct slice referer;
    struct origin origin;
    if (referers->slots.count == 0 && referers->regexes.count == 0) {
        return VALID;
    }
    if (!engine_find_header(request, SLICE("referer"), &referer)) {
        return referers->none ? VALID : INVALID;
    }
    if (!skip_scheme(referer, &origin.rest)) {
        return referers->blocked ? VALID : INVALID;
    }
    return find_host(&origin) ? judge_origin(request, referers, &origin) : INVALID;
}

static enum engine_value find(struct engine_request *request, struct slice suffix,
                              struct slice *value) {
    (void)suffix;
    uint32_t record = request->settings == NULL ? TABLE_NONE : request->settings->valid_referers;
    enum verdict verdict =
        record == TABLE_NONE ? VALID : judge(request, &request->engine->table->referers[record]);
    *value = verdict == VALID ? SLICE("") : SLICE("1");
    return verdict == FAILED ? ENGINE_VALUE_NO_MEMORY : ENGINE_VALUE_FOUND;
}

enum engine_value engine_variable_invalid_referer(struct engine_request *request,
                                                  struct slice suffix, struct slice *value) {
    (void)suffix;
    return engine_keep(request, ENGINE_KEPT_INVALID_REFERER, find, value);
}
