/* Rule unanchored-regex: locations for an ending or a beginning of paths that match elsewhere in a
 * path, too. */
#include "check/location_search.h"
#include "check/protection.h"
#include "check/regex_sample.h"
#include "check/rules.h"

#define EXTENSION_LIMIT 6

/* ".php" at the end of the text; empty: it ends in another way. */
static struct slice find_extension(struct slice text) {
    size_t begin = text.size;
    while (begin > 0 &&
           ((text.data[begin - 1] >= '0' && text.data[begin - 1] <= '9') ||
            (byte_lower(text.data[begin - 1]) >= 'a' && byte_lower(text.data[begin - 1]) <= 'z'))) {
        begin--;
    }
    bool is_extension = begin > 0 && text.data[begin - 1] == '.' && begin < text.size &&
                        text.size - begin <= EXTENSION_LIMIT;
    return is_extension ? slice_skip(text, begin - 1) : SLICE("");
}

static bool runs_programs(const struct location *location) {
    static const struct slice passes[] = {SLICE_INIT("fastcgi_pass"), SLICE_INIT("uwsgi_pass"),
                                          SLICE_INIT("scgi_pass"), SLICE_INIT("proxy_pass")};
    for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++) {
        if (site_find_own(location->statement, passes[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* "\.php", which takes "/x.php.txt". */
static void check_end(struct finding_list *findings, const struct location *location,
                      struct slice sample, struct slice extension) {
    struct arena *arena = findings->model->arena;
    bool is_bare = extension.size == sample.size;
    struct slice path = arena_format(arena, "%s%.*s.txt",
                                     sample.data[0] == '/' ? ""
                                     : is_bare             ? "/x"
                                                           : "/",
                                     SLICE_ARGS(sample));
    if (!location_matches(location, path)) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        findings, RULE_unanchored_regex, location->regex->span,
        "\"%.*s\" is in this location, too: nothing says that the path ends behind \"%.*s\"",
        SLICE_ARGS(path), SLICE_ARGS(extension));
    if (!runs_programs(location)) {
        diagnostic->severity = SEVERITY_INFO;
    }
    diagnostic_help(arena, diagnostic, "end the expression with \"$\"");
}

/* "/api/", which takes "/x/api/". */
static void check_begin(struct finding_list *findings, const struct location *location,
                        struct slice sample) {
    struct arena *arena = findings->model->arena;
    struct slice path = arena_format(arena, "/x%.*s", SLICE_ARGS(sample));
    if (sample.size < 2 || sample.data[0] != '/' || !runs_programs(location) ||
        !location_matches(location, sample) || !location_matches(location, path)) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        findings, RULE_unanchored_regex, location->regex->span,
        "\"%.*s\" is in this location, too: nothing says that the path begins with \"%.*s\"",
        SLICE_ARGS(path), SLICE_ARGS(sample));
    diagnostic->severity = SEVERITY_INFO;
    diagnostic_help(arena, diagnostic, "begin the expression with \"^\"");
}

static void check_location(struct finding_list *findings, const struct location *location) {
    const struct regex_tree *tree = dataflow_regex_tree(check_flow(findings), location->regex);
    struct regex_sample sample;
    if (!regex_sample_make(findings->model->arena, tree, &sample) || sample.text.size == 0 ||
        protection_is_closed(findings->model->arena, location)) {
        return;
    }
    struct slice extension = find_extension(sample.text);
    if (extension.size > 0 && !regex_tree_is_anchored_at_end(tree)) {
        check_end(findings, location, sample.text, extension);
    } else if (extension.size == 0 && !regex_tree_is_anchored_at_start(tree)) {
        check_begin(findings, location, sample.text);
    }
}

void check_rule_unanchored_regex(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (!location->is_condition && location->regex != NULL) {
            check_location(findings, location);
        }
    }
}
