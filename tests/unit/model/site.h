/* A model of a text, for tests of the model room. */
#ifndef SITE_H
#define SITE_H

#include "model/model.h"
#include "syntax/parse.h"
#include "unit.h"

#include <string.h>

struct site {
    struct arena arena;
    struct source_set sources;
    struct diagnostic_list diagnostics;
    struct tree tree;
    struct model model;
};

static inline void site_read(struct site *site, const char *text) {
    arena_init(&site->arena, 4096);
    source_set_init(&site->sources, &site->arena);
    diagnostic_list_init(&site->diagnostics, &site->arena);
    const struct parse_options options = {.ignore_includes = true};
    parse_text(&site->arena, &site->sources, &site->diagnostics, SLICE("site.conf"),
               slice_from_string(text), &options, &site->tree);
    model_build(&site->model, &site->tree);
}

static inline void site_release(struct site *site) {
    arena_release(&site->arena);
}

/* The source text under a diagnostic. */
static inline struct slice site_underlined(const struct site *site,
                                           const struct diagnostic *diagnostic) {
    const struct source *source = site->sources.all.items[diagnostic->span.source];
    return slice_take(slice_skip(source->text, diagnostic->span.begin),
                      diagnostic->span.end - diagnostic->span.begin);
}

static inline void site_print(const struct site *site, const char *text) {
    printf("\n  %s\n", text);
    for (size_t i = 0; i < site->diagnostics.all.count; i++) {
        const struct diagnostic *diagnostic = site->diagnostics.all.items[i];
        printf("    %.*s at \"%.*s\": %.*s\n", SLICE_ARGS(diagnostic->label),
               SLICE_ARGS(site_underlined(site, diagnostic)), SLICE_ARGS(diagnostic->message));
    }
}

static inline bool site_has(const struct site *site, const struct diagnostic *diagnostic,
                            enum diagnostic_code code, const char *underlined) {
    char label[16];
    snprintf(label, sizeof label, "RPC%04d", (int)code);
    return slice_equals(diagnostic->label, slice_from_string(label)) &&
           slice_equals(site_underlined(site, diagnostic), slice_from_string(underlined));
}

/* Whether the text gives just one diagnostic, of that kind and severity, under those words, whose
 * help holds `help` (NULL: whatever it says). */
static inline bool site_says(const char *text, enum severity severity, enum diagnostic_code code,
                             const char *underlined, const char *help) {
    struct site site;
    site_read(&site, text);
    bool is_right = site.diagnostics.all.count == 1;
    if (is_right) {
        const struct diagnostic *diagnostic = site.diagnostics.all.items[0];
        struct slice said = arena_copy_slice(&site.arena, diagnostic->help);
        is_right = site_has(&site, diagnostic, code, underlined) &&
                   diagnostic->severity == severity &&
                   (help == NULL || (said.size > 0 && strstr(said.data, help) != NULL));
    }
    if (!is_right) {
        site_print(&site, text);
    }
    site_release(&site);
    return is_right;
}

static inline bool site_fails(const char *text, enum diagnostic_code code, const char *underlined) {
    return site_says(text, SEVERITY_ERROR, code, underlined, NULL);
}

/* Whether the text is understood without a word of complaint. */
static inline bool site_is_clean(const char *text) {
    struct site site;
    site_read(&site, text);
    bool is_clean = site.diagnostics.all.count == 0;
    if (!is_clean) {
        site_print(&site, text);
    }
    site_release(&site);
    return is_clean;
}

/* Whether compiling the text would refuse just this, e.g. directive "gzip". */
static inline bool site_refuses(const char *text, const char *what) {
    struct site site;
    site_read(&site, text);
    bool is_right = site.diagnostics.all.count == 0 && site.model.refusals.count == 1 &&
                    slice_equals(site.model.refusals.items[0].what, slice_from_string(what));
    if (!is_right) {
        site_print(&site, text);
        for (size_t i = 0; i < site.model.refusals.count; i++) {
            printf("    refused: %.*s\n", SLICE_ARGS(site.model.refusals.items[i].what));
        }
    }
    site_release(&site);
    return is_right;
}

static inline bool text_is(struct slice text, const char *expected) {
    return slice_equals(text, slice_from_string(expected));
}

/* A row of tests about what is wrong with a text. */
struct site_failure {
    const char *text;
    enum diagnostic_code code;
    const char *underlined;
};

#define CHECK_FAILURES(rows)                                                                       \
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows)[0]; row++) {                            \
        CU_ASSERT_TRUE(site_fails((rows)[row].text, (rows)[row].code, (rows)[row].underlined));    \
    }

#define CHECK_CLEAN(texts)                                                                         \
    for (size_t row = 0; row < sizeof(texts) / sizeof(texts)[0]; row++) {                          \
        CU_ASSERT_TRUE(site_is_clean((texts)[row]));                                               \
    }

#endif
