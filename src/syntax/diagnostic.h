/* Diagnostics: records with one or several places, queued by whoever sees the problem and printed
 * by one function. What a run printed of itself (usage, missing files) is not here but in cli/. */
#ifndef SYNTAX_DIAGNOSTIC_H
#define SYNTAX_DIAGNOSTIC_H

#include "syntax/source.h"

#include <stdio.h>

enum severity { SEVERITY_NOTE, SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };

/* Every diagnostic kind has a number that never changes; the list is grammar/diagnostics.def. */
enum diagnostic_code {
#define DIAGNOSTIC(number, name, summary) DIAGNOSTIC_##name = (number),
#include "diagnostics.def"
#undef DIAGNOSTIC
};

struct diagnostic_note {
    bool has_span;
    struct span span;
    struct slice message;
};

/* A replacement of source text: of a span by a text, either of which may be empty. */
struct diagnostic_edit {
    struct span span;
    struct slice text;
};

struct diagnostic {
    enum severity severity;
    struct slice label; /* "RPC0012", or the slug of a rule */
    bool has_span;
    struct span span;
    struct slice message;
    struct slice help; /* what to write instead; may be empty */
    VECTOR_OF(struct diagnostic_note) notes;
    /* What to write instead, for a program to do; all or none of them. Only when what is meant is
     * beyond doubt, and nothing else changes. */
    VECTOR_OF(struct diagnostic_edit) edits;
};

struct diagnostic_list {
    struct arena *arena;
    VECTOR_OF(struct diagnostic *) all;
    size_t error_count;
    size_t limit; /* errors beyond it are counted and dropped; 0 is no limit */
};

void diagnostic_list_init(struct diagnostic_list *list, struct arena *arena);

/* Queues an error and returns it, so that notes and help can be added. Never NULL. */
__attribute__((format(printf, 4, 5))) struct diagnostic *
diagnostic_error(struct diagnostic_list *list, enum diagnostic_code code, struct span span,
                 const char *format, ...);

/* The same with a severity, e.g. a warning that does not stop the compilation. */
__attribute__((format(printf, 5, 6))) struct diagnostic *
diagnostic_add(struct diagnostic_list *list, enum severity severity, enum diagnostic_code code,
               struct span span, const char *format, ...);

/* A diagnostic labelled by a rule's slug; used by check/. */
struct diagnostic *diagnostic_create(struct arena *arena, enum severity severity,
                                     struct slice label, struct span span, struct slice message);

__attribute__((format(printf, 4, 5))) void diagnostic_note(struct arena *arena,
                                                           struct diagnostic *diagnostic,
                                                           struct span span, const char *format,
                                                           ...);
__attribute__((format(printf, 3, 4))) void
diagnostic_help(struct arena *arena, struct diagnostic *diagnostic, const char *format, ...);

/* Adds an edit: "what stands at `span` becomes this text". */
__attribute__((format(printf, 4, 5))) void diagnostic_edit(struct arena *arena,
                                                           struct diagnostic *diagnostic,
                                                           struct span span, const char *format,
                                                           ...);

/* Order of printing: by source, offset, then order of queueing. */
void diagnostic_sort(struct diagnostic **items, size_t count);

/* One diagnostic as text:
 *
 *     site.conf:3:5: error[RPC0012]: unknown directive "proxy_pas"
 *        3 |     proxy_pas http://app;
 *          |     ^~~~~~~~~
 *     site.conf:1:1: note: …
 *     help: write "proxy_pass"
 */
void diagnostic_print(FILE *out, struct source_set *sources, const struct diagnostic *diagnostic,
                      bool colour);

const char *severity_name(enum severity severity);

/* Nearest of `count` names by edit distance, or an empty slice when none is near enough to be
 * what was meant. */
struct slice nearest_name(struct slice name, const struct slice *names, size_t count);

#endif
