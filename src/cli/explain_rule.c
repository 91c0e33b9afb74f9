/* What rpc explain says of a rule of rpc lint, for a terminal and as a page of docs/rules. */
#include "cli/explain.h"

#include "cli/rule_example.h"

#define PAGE_WIDTH 78

void explain_wrapped(struct slice text, int indent) {
    size_t column = 0;
    while (text.size > 0) {
        size_t size = slice_find_byte(text, ' ');
        if (column > 0 && column + 1 + size > (size_t)(PAGE_WIDTH - indent)) {
            putchar('\n');
            column = 0;
        }
        printf("%*s%.*s", column == 0 ? indent : 1, "", (int)size, text.data);
        column += size + (column > 0);
        text = slice_skip(text, size + 1);
    }
    putchar('\n');
}

static void print_part(const char *title, const char *text) {
    printf("\n%s:\n", title);
    explain_wrapped(slice_from_string(text), 2);
}

static void print_indented(struct slice text, int indent) {
    while (text.size > 0) {
        size_t size = slice_find_byte(text, '\n');
        printf("%*s%.*s\n", size == 0 ? 0 : indent, "", (int)size, text.data);
        text = slice_skip(text, size + 1);
    }
}

static void print_example(const struct rule *rule, const char *title, const char *name) {
    const char *text = rule_example_find(rule->slug, name);
    if (text != NULL) {
        printf("\n%s:\n", title);
        print_indented(slice_from_string(text), 2);
    }
}

static enum rule_family family_of(const struct rule *rule) {
    return check_rule_family((enum rule_id)(rule - check_rules));
}

/* Takes the next of the rule's references off `rest`; empty at the end. */
static struct slice next_reference(struct slice *rest) {
    struct slice reference = slice_take(*rest, slice_find_byte(*rest, ' '));
    *rest = slice_skip(*rest, reference.size + 1);
    return reference;
}

void explain_rule(const struct rule *rule) {
    printf("%s (rule of rpc lint, %s, family %s)\n", rule->slug, severity_name(rule->severity),
           check_families[family_of(rule)].name);
    explain_wrapped(slice_from_string(rule->summary), 2);
    print_part("Why it matters", rule->rationale);
    print_example(rule, "Wrong", "bad");
    print_part("What to do", rule->fix);
    print_example(rule, "Right", "good");
    printf("\nTo turn it off beside or directly above a statement:\n  # rpc:disable=%s\n",
           rule->slug);
    struct slice rest = slice_from_string(rule->references);
    for (bool is_first = true; rest.size > 0; is_first = false) {
        struct slice reference = next_reference(&rest);
        printf("%s  %.*s\n", is_first ? "\nSee also:\n" : "", SLICE_ARGS(reference));
    }
}

void explain_rule_list(void) {
    for (size_t i = 0; i < RULE_COUNT; i++) {
        printf("%-27s %-8s %s\n", check_rules[i].slug, severity_name(check_rules[i].severity),
               check_rules[i].summary);
    }
}

/* --- pages --- */

/* Text for Markdown: names with underscores, stars and angle brackets stay what they are. */
static void print_escaped(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (strchr("\\`*_<>[]|", text.data[i]) != NULL) {
            putchar('\\');
        }
        putchar(text.data[i]);
    }
}

static void print_section(const char *title, const char *text) {
    printf("\n## %s\n\n", title);
    print_escaped(slice_from_string(text));
    putchar('\n');
}

static void print_example_section(const struct rule *rule, const char *title, const char *name) {
    const char *text = rule_example_find(rule->slug, name);
    if (text != NULL) {
        printf("\n## %s\n\n```nginx\n%s```\n", title, text);
    }
}

void explain_rule_page(const struct rule *rule) {
    const struct rule_family_row *family = &check_families[family_of(rule)];
    printf("# %s\n\n", rule->slug);
    print_escaped(slice_from_string(rule->summary));
    printf("\n\nSeverity: %s. Family: [%s](README.md#%s).\n", severity_name(rule->severity),
           family->title, family->name);
    print_section("Why it matters", rule->rationale);
    print_example_section(rule, "Wrong", "bad");
    print_section("What to do", rule->fix);
    print_example_section(rule, "Right", "good");
    printf("\n## Turning it off\n\nBeside a statement, or directly above it:\n\n"
           "    # rpc:disable=%s\n",
           rule->slug);
    struct slice rest = slice_from_string(rule->references);
    for (bool is_first = true; rest.size > 0; is_first = false) {
        struct slice reference = next_reference(&rest);
        printf("%s- <%.*s>\n", is_first ? "\n## See also\n\n" : "", SLICE_ARGS(reference));
    }
}

void explain_rules_page(void) {
    printf("# Rules of rpc lint\n\n"
           "These pages are written by `make rule-pages` from the registry of rules. `rpc explain "
           "RULE` prints\nthe same on a terminal; [linting.md](../linting.md) tells how rules are "
           "chosen and turned off.\n");
    for (size_t family = 0; family < FAMILY_COUNT; family++) {
        printf("\n<a id=\"%s\"></a>\n\n## %s\n\nFamily `%s`.\n\n| rule | severity | finds |\n"
               "| --- | --- | --- |\n",
               check_families[family].name, check_families[family].title,
               check_families[family].name);
        for (size_t i = 0; i < RULE_COUNT; i++) {
            if (check_rule_family((enum rule_id)i) != (enum rule_family)family) {
                continue;
            }
            printf("| [%s](%s.md) | %s | ", check_rules[i].slug, check_rules[i].slug,
                   severity_name(check_rules[i].severity));
            print_escaped(slice_from_string(check_rules[i].summary));
            printf(" |\n");
        }
    }
}
