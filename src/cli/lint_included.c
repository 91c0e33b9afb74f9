/* Files of a run that others of it include are linted with those, and not once more on their own,
 * where what they rely on is missing. A file that is named twice is linted once. */
#include "cli/lint.h"

#include "base/text.h"

#include <string.h>
#include <sys/stat.h>

struct identity {
    dev_t device;
    ino_t inode;
};

struct includers {
    VECTOR_OF(size_t) items; /* positions of files */
};

/* What tells whether two names mean one file; empty for standard input. */
static struct slice identify(struct arena *arena, const struct source *source) {
    struct stat status;
    if (slice_starts_with(source->name, SLICE("<")) || stat(source->name.data, &status) != 0) {
        return SLICE("");
    }
    struct identity *identity = arena_require(arena, sizeof *identity);
    identity->device = status.st_dev;
    identity->inode = status.st_ino;
    return (struct slice){(const char *)identity, sizeof *identity};
}

/* Who includes each file, by identity. */
static void index_file(struct arena *arena, const struct lint_file *file, size_t position,
                       struct map *included) {
    const struct source_set *sources = &file->input->sources;
    for (size_t i = 1; i < sources->all.count; i++) {
        struct slice key = identify(arena, sources->all.items[i]);
        struct includers *includers =
            map_insert(included, key, arena_require(arena, sizeof *includers));
        size_t count = includers->items.count;
        if (key.size > 0 && (count == 0 || includers->items.items[count - 1] != position)) {
            VECTOR_PUSH(arena, &includers->items, position);
        }
    }
}

static bool includes(const struct map *included, size_t position, struct slice key) {
    const struct includers *includers = map_find(included, key);
    for (size_t i = 0; includers != NULL && i < includers->items.count; i++) {
        if (includers->items.items[i] == position) {
            return true;
        }
    }
    return false;
}

/* Of files that include each other the first one is linted. */
static bool is_covered(const struct map *included, const struct slice *keys, size_t position) {
    const struct includers *includers = map_find(included, keys[position]);
    for (size_t i = 0; includers != NULL && i < includers->items.count; i++) {
        size_t other = includers->items.items[i];
        if (other != position && (other < position || !includes(included, position, keys[other]))) {
            return true;
        }
    }
    return false;
}

void lint_drop_included(struct lint_report *report) {
    struct map included;
    struct map named;
    map_init(&included, report->arena);
    map_init(&named, report->arena);
    size_t count = report->files.count;
    if (count < 2) {
        return;
    }
    struct slice *keys = arena_require(report->arena, count * sizeof *keys);
    for (size_t i = 0; i < count; i++) {
        const struct lint_file *file = report->files.items[i];
        keys[i] = identify(report->arena, file->input->sources.all.items[0]);
        index_file(report->arena, file, i, &included);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct lint_file *file = report->files.items[i];
        if (keys[i].size > 0 &&
            (map_insert(&named, keys[i], file) != file || is_covered(&included, keys, i))) {
            input_release(file->input);
        } else {
            report->files.items[kept++] = file;
        }
    }
    report->files.count = kept;
}
