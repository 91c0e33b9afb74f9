/* Networks of a geo block: what is left of them when the whole block is read. nginx keeps them in
 * a radix tree; what it warns of there is found here by sorting. */
#include "model/geo.h"
#include "model/reading.h"

#include <stdlib.h>
#include <string.h>

void geo_network_add(struct model *model, struct geo_lines *lines,
                     const struct client_network *network, const struct statement *statement,
                     bool is_deletion) {
    VECTOR_PUSH(model->arena, &lines->list,
                (struct geo_line){.network = *network,
                                  .statement = statement,
                                  .order = (uint32_t)lines->list.count,
                                  .is_deletion = is_deletion});
}

static int compare_networks(const struct client_network *a, const struct client_network *b) {
    if (a->match != b->match) {
        return a->match < b->match ? -1 : 1;
    }
    int order = memcmp(a->bytes, b->bytes, sizeof a->bytes);
    if (order != 0 || a->prefix == b->prefix) {
        return order;
    }
    return a->prefix < b->prefix ? -1 : 1;
}

static int compare_lines(const void *a, const void *b) {
    const struct geo_line *first = a;
    const struct geo_line *second = b;
    int order = compare_networks(&first->network, &second->network);
    return order != 0 ? order : first->order < second->order ? -1 : 1;
}

static bool is_default(const struct geo_line *line) {
    return slice_equals(statement_name(line->statement), SLICE("default"));
}

/* The default stands for all networks of both families; one warning will do. */
static void report_repeated(struct model *model, const struct geo_line *line,
                            const struct geo_line *earlier) {
    if (line->network.match == TABLE_CLIENT_IPV6 && is_default(line) && is_default(earlier)) {
        return;
    }
    const struct word *word = &line->statement->words[0];
    struct diagnostic *diagnostic =
        diagnostic_add(model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_DUPLICATE_KEY, word->span,
                       "%s \"%.*s\" is given twice; this value counts",
                       is_default(line) ? "the" : "network", SLICE_ARGS(word->text));
    diagnostic_note(model->arena, diagnostic, earlier->statement->words[0].span, "not this one");
}

static void report_missing(struct model *model, const struct geo_line *line) {
    const struct word *word = &line->statement->words[1];
    diagnostic_add(model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE, word->span,
                   "there is no network \"%.*s\" above to delete", SLICE_ARGS(word->text));
}

/* What stands after all lines about one network; NULL: nothing. */
static const struct geo_line *settle(struct model *model, const struct geo_line *lines,
                                     size_t count) {
    const struct geo_line *current = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!lines[i].is_deletion) {
            if (current != NULL) {
                report_repeated(model, &lines[i], current);
            }
            current = &lines[i];
        } else if (current != NULL) {
            current = NULL;
        } else {
            report_missing(model, &lines[i]);
        }
    }
    return current;
}

void geo_network_finish(struct model *model, struct geo_lines *lines,
                        struct geo_definition *definition) {
    struct geo_line *list = lines->list.items;
    size_t count = lines->list.count;
    if (count > 0) {
        qsort(list, count, sizeof *list, compare_lines);
    }
    for (size_t i = 0, next; i < count; i = next) {
        next = i + 1;
        while (next < count && compare_networks(&list[i].network, &list[next].network) == 0) {
            next++;
        }
        const struct geo_line *line = settle(model, &list[i], next - i);
        if (line != NULL) {
            VECTOR_PUSH(model->arena, &definition->networks,
                        (struct geo_network){line->network, line->statement->words[1].text});
        }
    }
}
