/* Rules about single certificates: how long they hold, and how strong they are. */
#include "certificate/certificate_facts.h"
#include "check/rules.h"

#define DAY ((int64_t)24 * 60 * 60)
/* Less is too short to renew a certificate in time, when whoever is to do it has to be found. */
#define DAYS_LEFT 21

/* Calls the function for every certificate that is shown to somebody. */
static void for_each(struct finding_list *findings,
                     void (*look)(struct finding_list *, const struct certificate_place *,
                                  X509 *)) {
    const struct certificate_set *set = findings->certificates;
    for (size_t i = 0; set != NULL && i < set->shown.count; i++) {
        const struct certificate_shown *shown = set->shown.items[i];
        for (size_t j = 0; j < shown->file->certificates.count; j++) {
            look(findings, &shown->place, shown->file->certificates.items[j]);
        }
    }
}

/* "certificate "www.example.com" in "site.pem"" */
static struct slice describe(struct arena *arena, const struct certificate_place *place,
                             X509 *certificate) {
    struct slice title = certificate_title(arena, certificate);
    return arena_format(arena, "certificate \"%.*s\" in \"%.*s\"", SLICE_ARGS(title),
                        SLICE_ARGS(place->path));
}

/* --- certificate-expiry --- */

/* "less than a day", "1 day", "12 days" */
static struct slice count_days(struct arena *arena, int64_t seconds) {
    int64_t days = seconds / DAY;
    return days == 0 ? SLICE("less than a day")
                     : arena_format(arena, "%lld day%s", (long long)days, days == 1 ? "" : "s");
}

static void report_end(struct finding_list *findings, const struct certificate_place *place,
                       X509 *certificate, int64_t left) {
    struct arena *arena = findings->model->arena;
    struct slice which = describe(arena, place, certificate);
    struct slice day = certificate_day(arena, certificate_end(certificate));
    struct slice days = count_days(arena, left < 0 ? -left : left);
    struct diagnostic *diagnostic =
        check_report(findings, RULE_certificate_expiry, place->word->span,
                     left < 0 ? "%.*s expired on %.*s, %.*s ago" : "%.*s expires on %.*s, in %.*s",
                     SLICE_ARGS(which), SLICE_ARGS(day), SLICE_ARGS(days));
    diagnostic->severity = left < 0 ? SEVERITY_ERROR : SEVERITY_WARNING;
}

static void look_at_time(struct finding_list *findings, const struct certificate_place *place,
                         X509 *certificate) {
    struct arena *arena = findings->model->arena;
    int64_t now = findings->certificates->options.now;
    int64_t left = certificate_end(certificate) - now;
    if (left < DAYS_LEFT * DAY) {
        report_end(findings, place, certificate, left);
    }
    if (certificate_begin(certificate) > now) {
        struct slice which = describe(arena, place, certificate);
        struct slice day = certificate_day(arena, certificate_begin(certificate));
        check_report(findings, RULE_certificate_expiry, place->word->span,
                     "%.*s does not hold before %.*s", SLICE_ARGS(which), SLICE_ARGS(day))
            ->severity = SEVERITY_ERROR;
    }
}

void check_rule_certificate_expiry(struct finding_list *findings) {
    for_each(findings, look_at_time);
}

/* --- weak-certificate --- */

static void look_at_strength(struct finding_list *findings, const struct certificate_place *place,
                             X509 *certificate) {
    struct arena *arena = findings->model->arena;
    struct slice key = certificate_weak_key(arena, certificate);
    struct slice digest = certificate_weak_signature(arena, certificate);
    if (key.size == 0 && digest.size == 0) {
        return;
    }
    struct slice which = describe(arena, place, certificate);
    if (key.size > 0) {
        struct diagnostic *diagnostic = check_report(
            findings, RULE_weak_certificate, place->word->span,
            "%.*s has a key that is too short: %.*s", SLICE_ARGS(which), SLICE_ARGS(key));
        diagnostic_help(arena, diagnostic,
                        "make a new key: RSA of 2048 bits, or EC on the curve prime256v1");
    }
    if (digest.size > 0) {
        check_report(findings, RULE_weak_certificate, place->word->span, "%.*s is signed with %.*s",
                     SLICE_ARGS(which), SLICE_ARGS(digest));
    }
}

void check_rule_weak_certificate(struct finding_list *findings) {
    for_each(findings, look_at_strength);
}
