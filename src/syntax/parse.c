/* The doors to this room: from a path or a text to a tree. */
#include "syntax/parse.h"

#include "syntax/include.h"

#include <string.h>

static struct slice directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return (struct slice){path, slash == NULL ? 0 : (size_t)(slash - path) + 1};
}

static struct slice include_directory(struct arena *arena, const char *path,
                                      const struct parse_options *options) {
    if (options->prefix == NULL) {
        return directory_of(path);
    }
    struct slice prefix = slice_from_string(options->prefix);
    if (prefix.size == 0 || slice_ends_with(prefix, SLICE("/"))) {
        return prefix;
    }
    return arena_format(arena, "%.*s/", SLICE_ARGS(prefix));
}

static struct tree make_tree(struct arena *arena, struct source_set *sources,
                             struct diagnostic_list *diagnostics,
                             const struct parse_options *options) {
    return (struct tree){
        .arena = arena,
        .sources = sources,
        .diagnostics = diagnostics,
        .progress = options->progress,
        .root = arena_require(arena, sizeof(struct block)),
    };
}

int parse_file(struct arena *arena, struct source_set *sources, struct diagnostic_list *diagnostics,
               const char *path, const struct parse_options *options, struct tree *tree) {
    struct open_file file = {.outer = NULL};
    struct slice text;
    bool is_standard_input = strcmp(path, "-") == 0;
    int error = include_load_file(arena, is_standard_input ? NULL : path, &file, &text);
    if (error != 0) {
        return error;
    }
    struct slice name = slice_from_string(is_standard_input ? "<stdin>" : path);
    *tree = make_tree(arena, sources, diagnostics, options);
    file.source = source_add(sources, arena_copy_slice(arena, name), text);
    struct includer includer = {
        .tree = tree,
        .directory = include_directory(arena, path, options),
        .is_disabled = options->ignore_includes,
        .may_lack_stock_files = options->may_lack_stock_files,
    };
    include_read_file(&includer, &file, tree->root);
    return 0;
}

void parse_text(struct arena *arena, struct source_set *sources,
                struct diagnostic_list *diagnostics, struct slice name, struct slice text,
                const struct parse_options *options, struct tree *tree) {
    *tree = make_tree(arena, sources, diagnostics, options);
    bool is_too_large = text.size > INCLUDE_SIZE_LIMIT;
    struct open_file file = {
        .source = source_add(sources, name, is_too_large ? SLICE("") : text),
    };
    if (is_too_large) {
        struct span begin = {file.source->id, 0, 0};
        diagnostic_error(diagnostics, DIAGNOSTIC_TOO_LARGE, begin, "the text is larger than 1 GiB");
    }
    const char *path = arena_copy_slice(arena, name).data;
    struct includer includer = {
        .tree = tree,
        .directory = include_directory(arena, path, options),
        .is_disabled = options->ignore_includes,
        .may_lack_stock_files = options->may_lack_stock_files,
    };
    include_read_file(&includer, &file, tree->root);
}
