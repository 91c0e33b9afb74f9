/* A text parsed for a test, with results as short strings to compare with. The text ends at an
 * unmapped page, so that a read beyond it crashes. */
#ifndef PARSED_H
#define PARSED_H

#include "base/text.h"
#include "guard.h"
#include "syntax/parse.h"
#include "unit.h"

struct parsed {
    struct arena arena;
    struct source_set sources;
    struct diagnostic_list diagnostics;
    struct tree tree;
    struct guard guard; /* the text */
};

static inline void parsed_init(struct parsed *parsed) {
    *parsed = (struct parsed){.guard.mapping = NULL};
    arena_init(&parsed->arena, 4096);
    source_set_init(&parsed->sources, &parsed->arena);
    diagnostic_list_init(&parsed->diagnostics, &parsed->arena);
}

static inline void parsed_read(struct parsed *parsed, struct slice text) {
    const struct parse_options options = {.ignore_includes = true};
    parsed_init(parsed);
    parsed->guard = guard_copy(text.data, text.size);
    parse_text(&parsed->arena, &parsed->sources, &parsed->diagnostics, SLICE("t.conf"),
               (struct slice){parsed->guard.data, text.size}, &options, &parsed->tree);
}

static inline void parsed_release(struct parsed *parsed) {
    arena_release(&parsed->arena);
    if (parsed->guard.mapping != NULL) {
        guard_release(&parsed->guard);
    }
}

/* Statements as "a<b c>;d<e>{f;}", words within <> separated by '|'. */
static inline void parsed_write_block(struct text *out, struct block *block) {
    struct tree_walk walk = tree_walk_begin(block);
    for (struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        text_add(out, statement_name(s));
        for (uint32_t i = 0; i < statement_argument_count(s); i++) {
            text_format(out, "%s%.*s", i == 0 ? "<" : "|",
                        SLICE_ARGS(statement_argument(s, i)->text));
        }
        text_add(out, statement_argument_count(s) > 0 ? SLICE(">") : SLICE(""));
        if (s->block == NULL) {
            text_add_byte(out, ';');
            continue;
        }
        text_add_byte(out, '{');
        parsed_write_block(out, s->block);
        text_add_byte(out, '}');
    }
}

static inline const char *parsed_tree(struct parsed *parsed) {
    struct text out;
    text_init(&out, &parsed->arena);
    text_add(&out, SLICE(""));
    parsed_write_block(&out, parsed->tree.root);
    return out.data;
}

/* Diagnostics in order as "RPC0004 1:5, RPC0001 2:1". */
static inline const char *parsed_errors(struct parsed *parsed) {
    struct text out;
    text_init(&out, &parsed->arena);
    text_add(&out, SLICE(""));
    diagnostic_sort(parsed->diagnostics.all.items, parsed->diagnostics.all.count);
    for (size_t i = 0; i < parsed->diagnostics.all.count; i++) {
        const struct diagnostic *d = parsed->diagnostics.all.items[i];
        struct position at = source_locate(&parsed->sources, d->span.source, d->span.begin);
        text_format(&out, "%s%.*s %u:%u", i == 0 ? "" : ", ", SLICE_ARGS(d->label), at.line,
                    at.column);
    }
    return out.data;
}

/* Checks tree and errors of a text. */
static inline void parsed_expect(struct slice text, const char *tree, const char *errors) {
    struct parsed parsed;
    parsed_read(&parsed, text);
    bool is_same = strcmp(parsed_tree(&parsed), tree) == 0;
    CU_ASSERT_TRUE(is_same);
    if (!is_same) {
        printf("\n%.*s\n  tree:     %s\n  expected: %s\n", SLICE_ARGS(text), parsed_tree(&parsed),
               tree);
    }
    is_same = strcmp(parsed_errors(&parsed), errors) == 0;
    CU_ASSERT_TRUE(is_same);
    if (!is_same) {
        printf("\n%.*s\n  errors:   %s\n  expected: %s\n", SLICE_ARGS(text), parsed_errors(&parsed),
               errors);
    }
    parsed_release(&parsed);
}

#define EXPECT(text, tree, errors) parsed_expect(SLICE(text), (tree), (errors))

#endif
