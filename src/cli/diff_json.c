/* Differences as one JSON document:
 *
 *     {"version": 1,
 *      "old": "a.rpt", "new": "b.rpt",
 *      "differences": [
 *        {"change": "changed", "what": "weight", "old": "1", "new": "3",
 *         "things": [{"path": [{"kind": "upstream", "name": "app", "port": 0},
 *                              {"kind": "peer", "name": "127.0.0.1:3000"}],
 *                     "label": "upstream \"app\", peer \"127.0.0.1:3000\"",
 *                     "old": {"file": "site.conf", "line": 4},
 *                     "new": {"file": "site.conf", "line": 4}}]}],
 *      "summary": {"differences": 1, "things": 1}}
 *
 * change    added, removed, changed, or reordered: the same entries in another order
 * what      the field or list of the things; empty when they themselves were added or removed
 * old, new  the values in the configuration's notation; null where there is none. Changed with
 *           equal values: the difference is beyond what is shown of a value
 * things    all that it applies to; their old and new say where they were written, or null. A
 *           block of a location is of the kind "if", and named by its condition, or
 *           "limit_except". A location's name is followed by "match": prefix, exact,
 * prefix-no-regex, regex, regex-nocase or named; an upstream's by "port", which is 0 for a named
 * group
 *
 * The version changes when a member changes its meaning or goes; members may be added. */
#include "cli/diff.h"
#include "cli/json_text.h"
#include "table/dump_memory.h"

#define FORMAT_VERSION 1

static json_t *place_value(const struct table_diff *diff, const struct diff_thing *thing,
                           enum diff_side side) {
    struct table_place place = diff_thing_place(diff, thing, side);
    if (place.source == TABLE_NONE) {
        return json_null();
    }
    const struct table *table = diff->tables[side];
    json_t *object = json_require(json_object());
    json_put(object, "file", json_text(table_text(table, table->source[place.source].name)));
    json_put(object, "line", json_require(json_integer(place.line)));
    return object;
}

static const char *match_word(const struct table_diff *diff, const struct diff_thing *thing) {
    enum diff_side side = diff_thing_side(thing);
    const struct table_location *location = &diff->tables[side]->location[thing->records[side]];
    return table_records[TABLE_SECTION_location].fields[1].words[location->kind];
}

static uint32_t upstream_port(const struct table_diff *diff, const struct diff_thing *thing) {
    enum diff_side side = diff_thing_side(thing);
    return diff->tables[side]->upstream[thing->records[side]].port;
}

static void append_path(json_t *path, const struct table_diff *diff,
                        const struct diff_thing *thing) {
    if (thing->outer != NULL) {
        append_path(path, diff, thing->outer);
    }
    json_t *object = json_require(json_object());
    json_put(object, "kind", json_text(slice_from_string(diff_thing_word(thing))));
    json_put(object, "name", json_text(diff_thing_name(diff, thing)));
    if (thing->section == TABLE_SECTION_location && thing->block == NULL) {
        json_put(object, "match", json_require(json_string(match_word(diff, thing))));
    } else if (thing->section == TABLE_SECTION_upstream) {
        json_put(object, "port", json_require(json_integer(upstream_port(diff, thing))));
    }
    json_append(path, object);
}

static json_t *label_value(const struct table_diff *diff, const struct diff_thing *thing) {
    struct dump_memory memory;
    dump_memory_open(&memory);
    diff_thing_print(memory.out, diff, thing);
    json_t *label = json_text(dump_memory_close(&memory));
    dump_memory_release(&memory);
    return label;
}

static json_t *thing_value(const struct table_diff *diff, const struct diff_thing *thing) {
    json_t *object = json_require(json_object());
    json_t *path = json_require(json_array());
    append_path(path, diff, thing);
    json_put(object, "path", path);
    json_put(object, "label", label_value(diff, thing));
    json_put(object, "old", place_value(diff, thing, DIFF_OLD));
    json_put(object, "new", place_value(diff, thing, DIFF_NEW));
    return object;
}

/* By enum diff_kind: its word, and the values that there are. */
static const struct {
    const char *word;
    bool has[2];
} kinds[] = {
    [DIFF_ADDED] = {"added", {false, true}},
    [DIFF_REMOVED] = {"removed", {true, false}},
    [DIFF_CHANGED] = {"changed", {true, true}},
    [DIFF_REORDERED] = {"reordered", {false, false}},
};

static json_t *side_value(const struct diff_change *change, enum diff_side side) {
    bool has_value = change->what.size > 0 && kinds[change->kind].has[side];
    return has_value ? json_text(change->values[side]) : json_null();
}

/* A failed write leaves its mark on the stream; main looks at it. */
static void print_value(json_t *value) {
    (void)json_dumpf(value, stdout, JSON_ENCODE_ANY);
    json_decref(value);
}

static void print_member(const char *before, const char *key, json_t *value) {
    printf("%s\"%s\": ", before, key);
    print_value(value);
}

/* A thing a line: an inherited setting may apply to a million of them. */
static void print_change(const struct table_diff *diff, const struct diff_change *change) {
    print_member("    {", "change", json_require(json_string(kinds[change->kind].word)));
    print_member(", ", "what", json_text(change->what));
    print_member(", ", "old", side_value(change, DIFF_OLD));
    print_member(", ", "new", side_value(change, DIFF_NEW));
    fputs(", \"things\": [", stdout);
    for (size_t i = 0; i < change->things.count; i++) {
        fputs(i == 0 ? "\n      " : ",\n      ", stdout);
        print_value(thing_value(diff, change->things.items[i]));
    }
    fputs("\n    ]}", stdout);
}

void diff_json_print(const struct diff_report *report) {
    const struct table_diff *diff = report->diff;
    size_t thing_count = 0;
    printf("{\n  \"version\": %d", FORMAT_VERSION);
    print_member(",\n  ", "old", json_text(slice_from_string(report->paths[DIFF_OLD])));
    print_member(",\n  ", "new", json_text(slice_from_string(report->paths[DIFF_NEW])));
    fputs(",\n  \"differences\": [", stdout);
    for (size_t i = 0; i < diff->changes.count; i++) {
        fputs(i == 0 ? "\n" : ",\n", stdout);
        print_change(diff, diff->changes.items[i]);
        thing_count += diff->changes.items[i]->things.count;
    }
    printf("%s],\n  \"summary\": {\"differences\": %zu, \"things\": %zu}\n}\n",
           diff->changes.count > 0 ? "\n  " : "", diff->changes.count, thing_count);
}
