/* Health checks and match blocks in few words, as in the configuration. */
#include "table/dump_value.h"

#include <inttypes.h>

enum { SHOWN_TESTS = 64 };

static void print_time(FILE *out, const char *name, uint64_t milliseconds) {
    bool is_whole = milliseconds % 1000 == 0;
    fprintf(out, " %s=%" PRIu64 "%s", name, is_whole ? milliseconds / 1000 : milliseconds,
            is_whole ? "s" : "ms");
}

void dump_status_range(const struct dumper *dumper, uint32_t index) {
    const struct table_status_range *range = &dumper->table->status_range[index];
    fprintf(dumper->out, "%u", range->first);
    if (range->last != range->first) {
        fprintf(dumper->out, "-%u", range->last);
    }
}

void dump_header_test(const struct dumper *dumper, uint32_t index) {
    static const char *const operators[TABLE_match_test_COUNT] = {
        [TABLE_MATCH_EQUAL] = "=",
        [TABLE_MATCH_DIFFERENT] = "!=",
        [TABLE_MATCH_MATCHING] = "~",
        [TABLE_MATCH_UNMATCHING] = "!~",
    };
    const struct table *table = dumper->table;
    const struct table_header_test *test = &table->header_test[index];
    fputs(test->test == TABLE_MATCH_ABSENT ? "! " : "", dumper->out);
    dump_text(dumper, table_text(table, test->name));
    if (operators[test->test] != NULL) {
        fprintf(dumper->out, " %s ", operators[test->test]);
        dump_string(dumper,
                    test->regex != TABLE_NONE ? table->regex[test->regex].pattern : test->value);
    }
}

void dump_body_test(const struct dumper *dumper, uint32_t index) {
    const struct table_body_test *test = &dumper->table->body_test[index];
    fputs(test->is_negated ? "!~ " : "~ ", dumper->out);
    dump_string(dumper, dumper->table->regex[test->regex].pattern);
}

static void print_tests(const struct dumper *dumper, const char *word, struct table_range tests,
                        void (*print)(const struct dumper *dumper, uint32_t index)) {
    for (uint32_t i = 0; i < tests.count && i < SHOWN_TESTS; i++) {
        fprintf(dumper->out, "%s ", word);
        print(dumper, tests.first + i);
        fputs("; ", dumper->out);
    }
    fputs(tests.count > SHOWN_TESTS ? "... " : "", dumper->out);
}

void dump_health_match(const struct dumper *dumper, uint32_t index) {
    const struct table_health_match *match = &dumper->table->health_match[index];
    dump_string(dumper, match->name);
    fputs(" { ", dumper->out);
    if (match->statuses.count > 0) {
        fputs(match->is_status_negated ? "status !" : "status", dumper->out);
        for (uint32_t i = 0; i < match->statuses.count && i < SHOWN_TESTS; i++) {
            fputc(' ', dumper->out);
            dump_status_range(dumper, match->statuses.first + i);
        }
        fputs(match->statuses.count > SHOWN_TESTS ? " ...; " : "; ", dumper->out);
    }
    print_tests(dumper, "header", match->headers, dump_header_test);
    print_tests(dumper, "body", match->bodies, dump_body_test);
    fputc('}', dumper->out);
}

void dump_health_check(const struct dumper *dumper, uint32_t index) {
    const struct table_health_check *check = &dumper->table->health_check[index];
    fputs("uri=", dumper->out);
    dump_text(dumper, table_text(dumper->table, check->uri));
    print_time(dumper->out, "interval", check->interval);
    if (check->jitter != 0) {
        print_time(dumper->out, "jitter", check->jitter);
    }
    if (check->keepalive_time != 0) {
        print_time(dumper->out, "keepalive_time", check->keepalive_time);
    }
    fprintf(dumper->out, " fails=%u passes=%u", check->fails, check->passes);
    if (check->port != 0) {
        fprintf(dumper->out, " port=%u", check->port);
    }
    fputs(check->mandatory ? " mandatory" : "", dumper->out);
    if (check->match != TABLE_NONE) {
        fputs(" match=", dumper->out);
        dump_health_match(dumper, check->match);
    }
}
