/* The examples of rules; the rows are written by scripts/rule-examples.awk. */
#include "cli/rule_example.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *slug;
    const char *name;
    const char *text;
} examples[] = {
#define EXAMPLE(slug, name, text) {slug, name, text},
#include "rule_examples.inc"
#undef EXAMPLE
};

const char *rule_example_find(const char *slug, const char *name) {
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        if (strcmp(examples[i].slug, slug) == 0 && strcmp(examples[i].name, name) == 0) {
            return examples[i].text;
        }
    }
    return NULL;
}
