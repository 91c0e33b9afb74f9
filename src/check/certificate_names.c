/* The rule about the names of servers and of their certificates. */
#include "certificate/certificate_facts.h"
#include "check/rules.h"

#include "base/phrase.h"

/* More names than this are counted, not told. */
#define NAMED_NAMES 4

struct name_group {
    VECTOR_OF(const struct server_name *) list;
};

/* --- which names clients ask for --- */

/* Whether it can be the name of a host: "_" and the like stand for "none of the others", and names
 * without a dot are for those who know them. */
static bool is_asked_for(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        char byte = byte_lower(text.data[i]);
        bool is_host_byte = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
                            byte == '-' || byte == '.' || byte == ':' || byte == '[' || byte == ']';
        if (!is_host_byte) {
            return false;
        }
    }
    struct slice inside = slice_skip(text, 1);
    return text.size > 0 && (slice_find_byte(inside, '.') < inside.size || text.data[0] == '[');
}

/* IPv6 addresses stand in brackets. */
static struct slice without_brackets(struct slice text) {
    return slice_starts_with(text, SLICE("[")) && slice_ends_with(text, SLICE("]"))
               ? slice_take(slice_skip(text, 1), text.size - 2)
               : text;
}

/* Of *.example.com the part behind the star, of .example.com itself, too. */
static bool is_covered(struct arena *arena, X509 *certificate, const struct server_name *name) {
    struct slice text = name->text;
    if (name->kind == SERVER_NAME_EXACT) {
        return certificate_covers(arena, certificate, without_brackets(text));
    }
    struct slice wildcard = arena_format(arena, "*%.*s", SLICE_ARGS(text));
    return certificate_covers(arena, certificate, wildcard) &&
           (name->kind == SERVER_NAME_LEADING ||
            certificate_covers(arena, certificate, slice_skip(text, 1)));
}

static struct name_group find_uncovered(struct arena *arena, X509 *certificate,
                                        const struct server *server) {
    struct name_group uncovered = {0};
    for (size_t i = 0; i < server->names.count; i++) {
        const struct server_name *name = server->names.items[i];
        bool is_certified = name->word != NULL && name->kind != SERVER_NAME_TRAILING &&
                            name->kind != SERVER_NAME_REGEX && is_asked_for(name->text);
        if (is_certified && !is_covered(arena, certificate, name)) {
            VECTOR_PUSH(arena, &uncovered.list, name);
        }
    }
    return uncovered;
}

/* --- reporting --- */

static struct slice list_names(struct arena *arena, const struct name_group *names) {
    struct phrase_list texts = {0};
    for (size_t i = 0; i < names->list.count; i++) {
        struct slice name = names->list.items[i]->word->text;
        VECTOR_PUSH(arena, &texts.items, arena_format(arena, "\"%.*s\"", SLICE_ARGS(name)));
    }
    return phrase_join_some(arena, &texts, NAMED_NAMES);
}

static void report(struct finding_list *findings, const struct name_setting *setting,
                   const struct certificate_pair *pair, const struct name_group *uncovered) {
    struct arena *arena = findings->model->arena;
    X509 *certificate = pair->file->certificates.items[0];
    struct slice missing = list_names(arena, uncovered);
    struct slice names = certificate_names(arena, certificate);
    struct diagnostic *diagnostic =
        check_report(findings, RULE_certificate_name, uncovered->list.items[0]->word->span,
                     "the certificate \"%.*s\" does not hold for %.*s",
                     SLICE_ARGS(pair->certificate.path), SLICE_ARGS(missing));
    if (setting->word != NULL) {
        diagnostic_note(arena, diagnostic, setting->word->span, "the certificate is named here");
    }
    if (names.size > 0) {
        diagnostic_help(arena, diagnostic, "it holds for %.*s", SLICE_ARGS(names));
    } else {
        diagnostic_help(arena, diagnostic,
                        "it has no names but the common one, which clients do not look at");
    }
}

/* With certificates of several kinds a client is shown the one that it can check, so each has to
 * have the names. */
static void check_server(struct finding_list *findings, const struct server *server) {
    const struct server_settings *settings = server->tls_server->own_settings;
    if (server->own_settings->ssl_reject_handshake != 0) {
        return;
    }
    for (size_t i = 0; i < settings->ssl_certificate.list.count; i++) {
        const struct name_setting *setting = &settings->ssl_certificate.list.items[i];
        const struct certificate_pair *pair =
            certificates_find(findings->certificates, settings, i);
        if (pair == NULL || pair->file->problem.size > 0 || pair->owner != 0) {
            continue;
        }
        X509 *certificate = pair->file->certificates.items[0];
        struct name_group uncovered = find_uncovered(findings->model->arena, certificate, server);
        if (uncovered.list.count > 0) {
            report(findings, setting, pair, &uncovered);
        }
    }
}

void check_rule_certificate_name(struct finding_list *findings) {
    for (size_t i = 0; findings->certificates != NULL && i < findings->model->servers.count; i++) {
        const struct server *server = findings->model->servers.items[i];
        if (server->tls_server != NULL) {
            check_server(findings, server);
        }
    }
}
