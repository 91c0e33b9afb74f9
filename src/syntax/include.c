/* Expands include statements. It happens after the file they stand in was parsed, so that the
 * parser need not be entered from its own actions. */
#include "syntax/include.h"

#include "base/file.h"
#include "base/text.h"
#include "syntax/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files named in the notes of one error. */
enum { CHAIN_LIMIT = 10 };

/* One include statement at work. */
/* Far above what anybody writes by hand. */
enum { INCLUDE_COUNT_LIMIT = 100000 };

struct expansion {
    const struct includer *includer;
    const struct open_file *file; /* in which it stands */
    struct statement *statement;
    struct block *last; /* what it brought in last */
};

static struct diagnostic *report(const struct expansion *expansion, enum diagnostic_code code,
                                 struct slice path, const char *problem) {
    return diagnostic_error(expansion->includer->tree->diagnostics, code,
                            statement_argument(expansion->statement, 0)->span,
                            "cannot include \"%.*s\": %s", SLICE_ARGS(path), problem);
}

int include_load_file(struct arena *arena, const char *path, struct open_file *file,
                      struct slice *content) {
    int descriptor = path == NULL ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno;
    }
    struct stat status;
    int error = fstat(descriptor, &status) != 0
                    ? errno
                    : file_read_descriptor(arena, descriptor, INCLUDE_SIZE_LIMIT, content);
    if (path != NULL) {
        close(descriptor);
    }
    if (error == 0) {
        file->has_identity = true;
        file->device = status.st_dev;
        file->inode = status.st_ino;
    }
    return error;
}

/* The open file that is the same one, or NULL. */
static const struct open_file *find_open(const struct open_file *innermost,
                                         const struct open_file *file) {
    for (const struct open_file *open = innermost; open != NULL; open = open->outer) {
        if (open->has_identity && open->device == file->device && open->inode == file->inode) {
            return open;
        }
    }
    return NULL;
}

/* Notes how `innermost` came to be read, from there outwards up to `outermost`. */
static void note_chain(const struct expansion *expansion, struct diagnostic *error,
                       const struct open_file *outermost) {
    const struct open_file *file = expansion->file;
    for (int i = 0; i < CHAIN_LIMIT && file != outermost && file->outer != NULL; i++) {
        diagnostic_note(expansion->includer->tree->arena, error, file->source->included_at,
                        "\"%.*s\" is included here", SLICE_ARGS(file->source->name));
        file = file->outer;
    }
}

static uint32_t count_blocks_around(const struct statement *statement) {
    uint32_t count = 0;
    while ((statement = statement_owner(statement)) != NULL) {
        count++;
    }
    return count;
}

static void append_block(struct expansion *expansion, struct block *block) {
    block->included_into = expansion->statement->parent;
    block->included_by = expansion->statement;
    if (expansion->last == NULL) {
        expansion->statement->included = block;
    } else {
        expansion->last->next = block;
    }
    expansion->last = block;
}

/* Files that come with nginx, whose contents decide nothing about the rest of a configuration: a
 * copy of that is often without them. */
static bool is_stock_file(struct slice path) {
    static const struct slice names[] = {
        SLICE_INIT("mime.types"),   SLICE_INIT("fastcgi.conf"), SLICE_INIT("fastcgi_params"),
        SLICE_INIT("uwsgi_params"), SLICE_INIT("scgi_params"),  SLICE_INIT("koi-utf"),
        SLICE_INIT("koi-win"),      SLICE_INIT("win-utf"),
    };
    for (size_t at; (at = slice_find_byte(path, '/')) < path.size;) {
        path = slice_skip(path, at + 1);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_equals(path, names[i])) {
            return true;
        }
    }
    return false;
}

static void append_empty(struct expansion *expansion) {
    struct block *block = arena_require(expansion->includer->tree->arena, sizeof *block);
    struct span end = expansion->statement->span;
    end.begin = end.end;
    block->open = end;
    block->close = end;
    append_block(expansion, block);
}

static void include_path(struct expansion *expansion, struct slice path) {
    struct tree *tree = expansion->includer->tree;
    struct open_file file = {.outer = expansion->file, .depth = expansion->file->depth + 1};
    struct slice text = {NULL, 0};
    int error = include_load_file(tree->arena, path.data, &file, &text);
    if (error == ENOENT && expansion->includer->may_lack_stock_files && is_stock_file(path)) {
        append_empty(expansion);
        return;
    }
    if (error != 0) {
        enum diagnostic_code code =
            error == EFBIG ? DIAGNOSTIC_TOO_LARGE : DIAGNOSTIC_INCLUDE_UNREADABLE;
        report(expansion, code, path, strerror(error));
        return;
    }
    const struct open_file *same = find_open(expansion->file, &file);
    if (same != NULL) {
        struct diagnostic *cycle =
            report(expansion, DIAGNOSTIC_INCLUDE_CYCLE, path, "the file would include itself");
        note_chain(expansion, cycle, same);
        return;
    }
    struct source *source = source_add(tree->sources, path, text);
    source->is_included = true;
    source->included_at = expansion->statement->span;
    file.source = source;
    struct block *block = arena_require(tree->arena, sizeof *block);
    append_block(expansion, block);
    include_read_file(expansion->includer, &file, block);
}

static bool is_glob_special(char byte) {
    return byte == '*' || byte == '?' || byte == '[';
}

static bool is_glob(struct slice pattern) {
    for (size_t i = 0; i < pattern.size; i++) {
        if (is_glob_special(pattern.data[i])) {
            return true;
        }
    }
    return false;
}

/* A directory as part of a pattern, standing for itself whatever its name. */
static void add_escaped(struct text *pattern, struct slice directory) {
    for (size_t i = 0; i < directory.size; i++) {
        if (is_glob_special(directory.data[i]) || directory.data[i] == '\\') {
            text_add_byte(pattern, '\\');
        }
        text_add_byte(pattern, directory.data[i]);
    }
}

/* That a directory does not exist means that nothing in it matches; what else keeps it from being
 * read must not hide files silently. */
static int is_serious(const char *path, int error) {
    (void)path;
    return error != ENOENT;
}

static int compare_paths(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void include_matches(struct expansion *expansion, struct slice pattern) {
    struct arena *arena = expansion->includer->tree->arena;
    glob_t matches = {0};
    int result = glob(pattern.data, GLOB_NOSORT, is_serious, &matches);
    if (result == GLOB_NOSPACE) {
        memory_exhausted();
    }
    if (result == GLOB_ABORTED) {
        report(expansion, DIAGNOSTIC_INCLUDE_UNREADABLE,
               statement_argument(expansion->statement, 0)->text,
               "a directory on its way can not be read");
    }
    if (result == 0) {
        qsort(matches.gl_pathv, matches.gl_pathc, sizeof *matches.gl_pathv, compare_paths);
        for (size_t i = 0; i < matches.gl_pathc; i++) {
            struct slice path = slice_from_string(matches.gl_pathv[i]);
            include_path(expansion, arena_copy_slice(arena, path));
        }
    }
    globfree(&matches);
}

static void expand_pattern(struct expansion *expansion, struct slice argument) {
    const struct includer *includer = expansion->includer;
    bool is_absolute = slice_starts_with(argument, SLICE("/"));
    struct slice directory = is_absolute ? SLICE("") : includer->directory;
    struct text path;
    text_init(&path, includer->tree->arena);
    if (is_glob(argument)) {
        add_escaped(&path, directory);
        text_add(&path, argument);
        include_matches(expansion, text_slice(&path));
    } else {
        text_add(&path, directory);
        text_add(&path, argument);
        include_path(expansion, text_slice(&path));
    }
}

static void expand_statement(const struct includer *includer, const struct open_file *file,
                             struct statement *statement) {
    struct expansion expansion = {includer, file, statement, NULL};
    struct diagnostic_list *diagnostics = includer->tree->diagnostics;
    if (statement_argument_count(statement) != 1) {
        struct diagnostic *error =
            diagnostic_error(diagnostics, DIAGNOSTIC_INCLUDE_ARGUMENTS, statement->span,
                             "\"include\" takes one argument, a file or a pattern");
        diagnostic_help(includer->tree->arena, error, "write one include per file");
        return;
    }
    struct slice argument = statement_argument(statement, 0)->text;
    if (file->depth == INCLUDE_DEPTH_LIMIT) {
        struct diagnostic *error = report(&expansion, DIAGNOSTIC_INCLUDE_TOO_DEEP, argument,
                                          "files are included too deeply in each other already");
        note_chain(&expansion, error, NULL);
    } else if (includer->tree->sources->all.count >= INCLUDE_COUNT_LIMIT) {
        /* Files that include each other's folder multiply; one error is enough. */
        if (includer->tree->sources->all.count == INCLUDE_COUNT_LIMIT) {
            (void)report(&expansion, DIAGNOSTIC_INCLUDE_TOO_DEEP, argument,
                         "more than 100000 files are included already");
        }
    } else {
        expand_pattern(&expansion, argument);
    }
}

void include_read_file(const struct includer *includer, const struct open_file *file,
                       struct block *block) {
    struct config_reader reader;
    uint32_t depth = block->included_by == NULL ? 0 : count_blocks_around(block->included_by);
    reader_read(&reader, includer->tree, file->source, block, depth);
    for (size_t i = 0; !includer->is_disabled && i < reader.includes.count; i++) {
        expand_statement(includer, file, reader.includes.items[i]);
    }
}
