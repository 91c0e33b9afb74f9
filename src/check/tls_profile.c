/* Rule tls-profile-drift: TLS that differs from what --tls-profile names. */
#include "model/tls_profile.h"

#include "base/phrase.h"
#include "check/ciphers.h"
#include "check/rules.h"

/* What the profile has for a directive, or "". */
static struct slice find_setting(struct slice profile, struct slice directive) {
    bool is_inside = false;
    for (size_t i = 0; i < tls_profile_row_count; i++) {
        const struct tls_profile_row *row = &tls_profile_rows[i];
        if (row->profile != NULL) {
            is_inside = slice_equals(slice_from_string(row->profile), profile);
        } else if (is_inside && slice_equals(slice_from_string(row->directive), directive)) {
            return slice_from_string(row->text);
        }
    }
    return SLICE("");
}

static struct phrase_list split(struct arena *arena, struct slice text) {
    struct phrase_list words = {0};
    while (text.size > 0) {
        size_t end = slice_find_byte(text, ' ');
        VECTOR_PUSH(arena, &words.items, slice_take(text, end));
        text = slice_skip(text, end < text.size ? end + 1 : end);
    }
    return words;
}

/* Those of `left` that `right` has not. */
static struct phrase_list subtract(struct arena *arena, const struct phrase_list *left,
                                   const struct phrase_list *right) {
    struct phrase_list rest = {0};
    for (size_t i = 0; i < left->items.count; i++) {
        if (!phrase_list_has(right, left->items.items[i])) {
            VECTOR_PUSH(arena, &rest.items, left->items.items[i]);
        }
    }
    return rest;
}

/* Where the setting was given, or the server that has the default. */
static struct span place_of(const struct server *server, enum server_setting_id id) {
    const struct statement *origin = server->own_settings->origin[id];
    return origin != NULL && server->own_settings->is_own[id] ? origin->words[0].span
                                                              : server->statement->words[0].span;
}

static void report(struct finding_list *findings, struct span place, const char *verb,
                   const struct phrase_list *names, struct slice directive) {
    struct arena *arena = findings->model->arena;
    const char *profile = findings->options->tls_profile;
    struct slice list = phrase_join_some(arena, names, 4);
    struct diagnostic *diagnostic =
        check_report(findings, RULE_tls_profile_drift, place, "Mozilla's profile \"%s\" %s %.*s",
                     profile, verb, SLICE_ARGS(list));
    diagnostic_help(arena, diagnostic, "write \"tls_profile %s;\", or for nginx \"%.*s %.*s;\"",
                    profile, SLICE_ARGS(directive),
                    SLICE_ARGS(find_setting(slice_from_string(profile), directive)));
}

static bool has_old_version(const struct phrase_list *versions) {
    for (size_t i = 0; i < versions->items.count; i++) {
        if (!slice_equals_nocase(versions->items.items[i], SLICE("TLSv1.3"))) {
            return true;
        }
    }
    return false;
}

/* Lists of suites by their text: making one takes long, and servers have few different ones. */
static const struct phrase_list *find_suites(struct finding_list *findings, struct map *lists,
                                             struct slice text) {
    struct phrase_list *list = map_find(lists, text);
    if (list == NULL) {
        list = arena_require(findings->model->arena, sizeof *list);
        *list = ciphers_list(findings->model->arena, text);
        map_insert(lists, text, list);
    }
    return list;
}

static void check_server(struct finding_list *findings, const struct server *server,
                         struct map *lists) {
    struct arena *arena = findings->model->arena;
    struct slice profile = slice_from_string(findings->options->tls_profile);
    struct phrase_list wanted = split(arena, find_setting(profile, SLICE("ssl_protocols")));
    struct phrase_list versions = {0};
    const struct name_list *list = &server->own_settings->ssl_protocols;
    for (size_t i = 0; i < list->list.count; i++) {
        VECTOR_PUSH(arena, &versions.items, list->list.items[i].text);
    }
    struct span place = place_of(server, SERVER_SETTING_ssl_protocols);
    struct phrase_list more = subtract(arena, &versions, &wanted);
    struct phrase_list less = subtract(arena, &wanted, &versions);
    if (more.items.count > 0) {
        report(findings, place, "does not have", &more, SLICE("ssl_protocols"));
    } else if (less.items.count > 0) {
        report(findings, place, "also has", &less, SLICE("ssl_protocols"));
    }
    /* Suites of TLS 1.3 are not chosen by this list. */
    struct slice suites = find_setting(profile, SLICE("ssl_ciphers"));
    if (suites.size == 0 || !has_old_version(&versions)) {
        return;
    }
    struct phrase_list strange =
        subtract(arena, find_suites(findings, lists, server->own_settings->ssl_ciphers),
                 find_suites(findings, lists, suites));
    if (strange.items.count > 0) {
        report(findings, place_of(server, SERVER_SETTING_ssl_ciphers), "does not have", &strange,
               SLICE("ssl_ciphers"));
    }
}

void check_rule_tls_profile_drift(struct finding_list *findings) {
    struct map lists;
    map_init(&lists, findings->model->arena);
    for (size_t i = 0; findings->options->tls_profile != NULL && i < findings->model->servers.count;
         i++) {
        const struct server *server = findings->model->servers.items[i];
        if (server->statement != NULL && !server->is_implied && server->tls_server == server) {
            check_server(findings, server, &lists);
        }
    }
}
