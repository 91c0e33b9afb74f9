/* Making, collecting and ordering diagnostics. How they look is in diagnostic_print.c. */
#include "syntax/diagnostic.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>

void diagnostic_list_init(struct diagnostic_list *list, struct arena *arena) {
    *list = (struct diagnostic_list){.arena = arena};
}

struct diagnostic *diagnostic_create(struct arena *arena, enum severity severity,
                                     struct slice label, struct span span, struct slice message) {
    struct diagnostic *diagnostic = arena_require(arena, sizeof *diagnostic);
    diagnostic->severity = severity;
    diagnostic->label = label;
    diagnostic->has_span = true;
    diagnostic->span = span;
    diagnostic->message = message;
    return diagnostic;
}

/* One beyond the limit is made all the same, so that the caller can add to it, but not kept. */
static struct diagnostic *queue(struct diagnostic_list *list, struct diagnostic *diagnostic) {
    if (diagnostic->severity == SEVERITY_ERROR) {
        list->error_count++;
        if (list->limit != 0 && list->error_count > list->limit) {
            return diagnostic;
        }
    }
    VECTOR_PUSH(list->arena, &list->all, diagnostic);
    return diagnostic;
}

__attribute__((format(printf, 2, 0))) static struct slice
format_message(struct arena *arena, const char *format, va_list arguments) {
    struct text text;
    text_init(&text, arena);
    text_format_list(&text, format, arguments);
    return text_slice(&text);
}

__attribute__((format(printf, 5, 0))) static struct diagnostic *
add(struct diagnostic_list *list, enum severity severity, enum diagnostic_code code,
    struct span span, const char *format, va_list arguments) {
    struct slice label = arena_format(list->arena, "RPC%04d", (int)code);
    struct slice message = format_message(list->arena, format, arguments);
    return queue(list, diagnostic_create(list->arena, severity, label, span, message));
}

struct diagnostic *diagnostic_add(struct diagnostic_list *list, enum severity severity,
                                  enum diagnostic_code code, struct span span, const char *format,
                                  ...) {
    va_list arguments;
    va_start(arguments, format);
    struct diagnostic *diagnostic = add(list, severity, code, span, format, arguments);
    va_end(arguments);
    return diagnostic;
}

struct diagnostic *diagnostic_error(struct diagnostic_list *list, enum diagnostic_code code,
                                    struct span span, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    struct diagnostic *diagnostic = add(list, SEVERITY_ERROR, code, span, format, arguments);
    va_end(arguments);
    return diagnostic;
}

void diagnostic_note(struct arena *arena, struct diagnostic *diagnostic, struct span span,
                     const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    struct slice message = format_message(arena, format, arguments);
    va_end(arguments);
    struct diagnostic_note note = {.has_span = true, .span = span, .message = message};
    VECTOR_PUSH(arena, &diagnostic->notes, note);
}

void diagnostic_help(struct arena *arena, struct diagnostic *diagnostic, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    diagnostic->help = format_message(arena, format, arguments);
    va_end(arguments);
}

void diagnostic_edit(struct arena *arena, struct diagnostic *diagnostic, struct span span,
                     const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    struct diagnostic_edit edit = {span, format_message(arena, format, arguments)};
    va_end(arguments);
    VECTOR_PUSH(arena, &diagnostic->edits, edit);
}

struct ranked {
    struct diagnostic *diagnostic;
    size_t rank; /* order of queueing: qsort is not stable */
};

static int compare_numbers(size_t a, size_t b) {
    return (a > b) - (a < b);
}

static int compare_ranked(const void *left, const void *right) {
    const struct ranked *a = left;
    const struct ranked *b = right;
    const struct diagnostic *first = a->diagnostic;
    const struct diagnostic *second = b->diagnostic;
    int order = compare_numbers(first->has_span, second->has_span);
    if (order == 0 && first->has_span) {
        order = span_compare(first->span, second->span);
    }
    return order != 0 ? order : compare_numbers(a->rank, b->rank);
}

void diagnostic_sort(struct diagnostic **items, size_t count) {
    if (count < 2) {
        return;
    }
    struct ranked *ranked = calloc(count, sizeof *ranked);
    if (ranked == NULL) {
        memory_exhausted();
    }
    for (size_t i = 0; i < count; i++) {
        ranked[i] = (struct ranked){items[i], i};
    }
    qsort(ranked, count, sizeof *ranked, compare_ranked);
    for (size_t i = 0; i < count; i++) {
        items[i] = ranked[i].diagnostic;
    }
    free(ranked);
}

const char *severity_name(enum severity severity) {
    static const char *const names[] = {
        [SEVERITY_NOTE] = "note",
        [SEVERITY_INFO] = "info",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_ERROR] = "error",
    };
    return names[severity];
}
