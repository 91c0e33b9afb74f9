/* The rule about the way from a certificate to one that clients trust. */
#include "certificate/certificate_facts.h"
#include "check/rules.h"

#include "base/phrase.h"

#include <string.h>

/* One file while it is judged. */
struct judging {
    struct finding_list *findings;
    const struct certificate_shown *shown;
    const struct certificate_chain *chain;
};

static struct slice title(const struct judging *judging, size_t position) {
    return certificate_title(judging->findings->model->arena,
                             judging->shown->file->certificates.items[position]);
}

static struct diagnostic *report(const struct judging *judging, struct slice message) {
    return check_report(judging->findings, RULE_certificate_chain, judging->shown->place.word->span,
                        "%.*s", SLICE_ARGS(message));
}

/* --- order --- */

/* "www.example.com", "Issuing CA" and "Root CA" */
static struct slice list_way(const struct judging *judging) {
    struct arena *arena = judging->findings->model->arena;
    struct phrase_list names = {0};
    for (size_t i = 0; i < judging->chain->way.count; i++) {
        struct slice name = title(judging, judging->chain->way.items[i]);
        VECTOR_PUSH(arena, &names.items, arena_format(arena, "\"%.*s\"", SLICE_ARGS(name)));
    }
    return phrase_join(arena, &names);
}

/* At most one finding, as one leads to another. */
static void check_order(const struct judging *judging) {
    struct arena *arena = judging->findings->model->arena;
    const struct certificate_chain *chain = judging->chain;
    struct slice path = judging->shown->place.path;
    if (chain->repeated != CERTIFICATE_NONE) {
        struct slice name = title(judging, chain->repeated);
        report(judging, arena_format(arena, "\"%.*s\" stands in \"%.*s\" twice", SLICE_ARGS(name),
                                     SLICE_ARGS(path)));
    } else if (chain->misplaced != CERTIFICATE_NONE) {
        struct slice name = title(judging, chain->misplaced);
        struct slice way = list_way(judging);
        struct diagnostic *diagnostic = report(
            judging, arena_format(arena, "\"%.*s\" stands in \"%.*s\" before what it has issued",
                                  SLICE_ARGS(name), SLICE_ARGS(path)));
        diagnostic_help(arena, diagnostic, "the order is %.*s", SLICE_ARGS(way));
    } else if (chain->unrelated != CERTIFICATE_NONE) {
        struct slice name = title(judging, chain->unrelated);
        struct diagnostic *diagnostic = report(
            judging, arena_format(arena, "\"%.*s\" in \"%.*s\" has issued none of the others",
                                  SLICE_ARGS(name), SLICE_ARGS(path)));
        diagnostic_help(arena, diagnostic, "take it out of the file");
    }
}

/* --- completeness --- */

static void check_end(const struct judging *judging) {
    struct arena *arena = judging->findings->model->arena;
    const struct certificate_chain *chain = judging->chain;
    size_t last = chain->way.items[chain->way.count - 1];
    struct slice path = judging->shown->place.path;
    struct slice name = title(judging, last);
    struct slice issuer =
        certificate_issuer_title(arena, judging->shown->file->certificates.items[last]);
    if (chain->lacks_an_issuer) {
        struct diagnostic *diagnostic =
            report(judging, arena_format(arena,
                                         "\"%.*s\" lacks the certificate of \"%.*s\", which issued "
                                         "\"%.*s\"",
                                         SLICE_ARGS(path), SLICE_ARGS(issuer), SLICE_ARGS(name)));
        diagnostic_help(arena, diagnostic,
                        "append it to the file; certbot writes both to fullchain.pem");
    } else if (!chain->is_complete && judging->shown->is_for_clients) {
        struct diagnostic *diagnostic =
            report(judging, arena_format(arena,
                                         "\"%.*s\" was issued by \"%.*s\", which this machine "
                                         "does not know",
                                         SLICE_ARGS(name), SLICE_ARGS(issuer)));
        diagnostic->severity = SEVERITY_INFO;
        diagnostic_help(
            arena, diagnostic,
            "if clients do not trust it themselves, append its certificate to the file");
    }
}

/* --- by its name --- */

/* certbot keeps the certificate alone in live/NAME/cert.pem, and in fullchain.pem what to serve. */
static bool is_alone_by_name(struct slice path) {
    static const struct slice folder = SLICE_INIT("/letsencrypt/live/");
    static const struct slice file = SLICE_INIT("/cert.pem");
    return slice_ends_with(path, file) &&
           memmem(path.data, path.size, folder.data, folder.size) != NULL;
}

static void check_name(struct finding_list *findings, const struct name_setting *setting) {
    if (!is_alone_by_name(setting->text)) {
        return;
    }
    struct arena *arena = findings->model->arena;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_certificate_chain, setting->word->span,
                     "this is the certificate alone: certbot keeps what leads from it to an "
                     "authority in other files");
    diagnostic_help(arena, diagnostic, "write \"%.*sfullchain.pem\"",
                    SLICE_ARGS(slice_take(setting->text, setting->text.size - strlen("cert.pem"))));
}

/* Without a look into files. */
static void check_names(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.server_settings.count; i++) {
        const struct name_list *names = &findings->site.server_settings.items[i]->ssl_certificate;
        for (size_t j = 0; j < names->list.count; j++) {
            check_name(findings, &names->list.items[j]);
        }
    }
}

void check_rule_certificate_chain(struct finding_list *findings) {
    const struct certificate_set *set = findings->certificates;
    if (set == NULL) {
        check_names(findings);
    }
    for (size_t i = 0; set != NULL && i < set->shown.count; i++) {
        const struct certificate_shown *shown = set->shown.items[i];
        /* Of a file that begins with another certificate the rule about keys tells enough. */
        if (shown->file->problem.size == 0 && shown->has_key) {
            struct certificate_chain chain =
                certificate_chain_follow(findings->model->arena, shown->file, set->trust);
            const struct judging judging = {findings, shown, &chain};
            check_order(&judging);
            check_end(&judging);
        }
    }
}
