/* rpc graph: the map of a site, from listeners to peers, for Graphviz or as a picture. */
#include "cli/graph.h"

#include "cli/output.h"
#include "cli/site_input.h"
#include "table/dump_memory.h"

#include <string.h>

static const char help[] =
    "FILE is a table, or a configuration, which is compiled to memory first; \"-\" is standard\n"
    "input. The map leads from listeners to servers, locations, upstream groups and peers. The\n"
    "SVG picture is complete as it is; what it has no room for are its tooltips.\n"
    "\n"
    "  -f, --format dot|svg  for Graphviz, or a picture (default: svg for an output whose name\n"
    "                        ends with .svg, else dot)\n"
    "  -o, --output FILE     where to write it (default: standard output)\n"
    "  -s, --server NAME     only servers of that name, and what they lead to; may be repeated\n"
    "  -l, --limit NUMBER    most nodes to draw (default: 1000)\n"
    "  -p, --prefix DIR      where relative include patterns begin (default: the directory of\n"
    "                        the file)\n"
    "  -h, --help            this text\n";

enum graph_format { GRAPH_DOT, GRAPH_SVG, GRAPH_FORMAT_COUNT };

static const char *const formats[] = {[GRAPH_DOT] = "dot", [GRAPH_SVG] = "svg"};

/* What fits on a wall; and what a reader of pictures still opens. */
enum { DEFAULT_LIMIT = 1000, HIGHEST_LIMIT = 1000000 };

struct graph_options {
    int format; /* enum graph_format, or GRAPH_FORMAT_COUNT: by the output's name */
    const char *output;
    const char *prefix;
    uint64_t limit;
    VECTOR_OF(const char *) servers;
};

/* Chooses the servers that are named, all when none is. */
static enum outcome choose(const struct command *command, struct graph_server *servers,
                           const struct table *table, const struct graph_options *options) {
    for (size_t i = 0; i < options->servers.count; i++) {
        const char *name = options->servers.items[i];
        if (!graph_choose_servers(servers, table, slice_from_string(name))) {
            return cli_error(command, "no server has the name \"%s\"", name);
        }
    }
    for (uint32_t i = 0; options->servers.count == 0 && i < table->server_count; i++) {
        servers[i].is_chosen = true;
    }
    return OUTCOME_CLEAN;
}

static enum outcome write_graph(const struct command *command, const struct graph *graph,
                                const char *path, const struct graph_options *options) {
    struct dump_memory memory;
    struct slice name = slice_from_string(strcmp(path, "-") == 0 ? "<stdin>" : path);
    dump_memory_open(&memory);
    if (options->format == GRAPH_SVG) {
        graph_print_svg(memory.out, graph, name);
    } else {
        graph_print_dot(memory.out, graph, name);
    }
    enum outcome outcome = output_write(command, options->output, dump_memory_close(&memory));
    dump_memory_release(&memory);
    return outcome;
}

static enum outcome draw(const struct command *command, struct arena *arena,
                         const struct table *table, const char *path,
                         const struct graph_options *options) {
    struct graph graph;
    struct graph_server *servers = graph_find_names(arena, table);
    enum outcome outcome = choose(command, servers, table, options);
    if (outcome != OUTCOME_CLEAN) {
        return outcome;
    }
    bool is_whole = options->servers.count == 0;
    graph_build(&graph, arena, table, servers, is_whole, (size_t)options->limit);
    if (graph.is_too_large) {
        return cli_error(command,
                         "more than %llu nodes would be drawn; choose servers by --server, or "
                         "raise --limit",
                         (unsigned long long)options->limit);
    }
    return write_graph(command, &graph, path, options);
}

static enum outcome run(const struct command *command, const char *path,
                        const struct graph_options *options) {
    struct site_input site;
    enum outcome outcome = site_input_read(&site, command, path, options->prefix);
    if (outcome == OUTCOME_CLEAN) {
        outcome = draw(command, &site.input.arena, &site.table, path, options);
    }
    site_input_release(&site);
    return outcome;
}

static void choose_format(struct graph_options *options) {
    if (options->format == GRAPH_FORMAT_COUNT) {
        bool is_svg = slice_ends_with(slice_from_string(options->output), SLICE(".svg"));
        options->format = is_svg ? GRAPH_SVG : GRAPH_DOT;
    }
}

/* One option with its value; OUTCOME_CLEAN when it was understood. */
static enum outcome read_option(const struct command *command, struct arena *arena, int option,
                                struct graph_options *options) {
    switch (option) {
    case 'f':
        return cli_read_choice(optarg, formats, GRAPH_FORMAT_COUNT, &options->format)
                   ? OUTCOME_CLEAN
                   : cli_usage_error(command, "unknown format \"%s\" (dot or svg)", optarg);
    case 'l':
        return slice_parse_u64(slice_from_string(optarg), HIGHEST_LIMIT, &options->limit)
                   ? OUTCOME_CLEAN
                   : cli_usage_error(command, "\"%s\" is no number of nodes up to %d", optarg,
                                     HIGHEST_LIMIT);
    case 'o':
        options->output = optarg;
        break;
    case 'p':
        options->prefix = optarg;
        break;
    default:
        VECTOR_PUSH(arena, &options->servers, optarg);
        break;
    }
    return OUTCOME_CLEAN;
}

/* OUTCOME_CLEAN when there is something to draw; `done` when there is nothing left to do. */
static enum outcome read_options(const struct command *command, struct arena *arena, int argc,
                                 char **argv, struct graph_options *options, bool *done) {
    static const struct option known[] = {{"format", required_argument, NULL, 'f'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"server", required_argument, NULL, 's'},
                                          {"limit", required_argument, NULL, 'l'},
                                          {"prefix", required_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *options =
        (struct graph_options){.format = GRAPH_FORMAT_COUNT, .output = "-", .limit = DEFAULT_LIMIT};
    *done = true;
    int option;
    while ((option = getopt_long(argc, argv, ":f:o:s:l:p:h", known, NULL)) != -1) {
        if (option == 'h') {
            return cli_print_help(command, help);
        }
        if (option == '?' || option == ':') {
            return cli_option_error(command, option, argv);
        }
        enum outcome outcome = read_option(command, arena, option, options);
        if (outcome != OUTCOME_CLEAN) {
            return outcome;
        }
    }
    if (optind + 1 != argc) {
        return cli_usage_error(command,
                               optind == argc ? "no file is named" : "more than one file is named");
    }
    choose_format(options);
    *done = false;
    return OUTCOME_CLEAN;
}

enum outcome command_graph(const struct command *command, int argc, char **argv) {
    struct arena arena;
    struct graph_options options;
    bool done;
    arena_init(&arena, 4096);
    enum outcome outcome = read_options(command, &arena, argc, argv, &options, &done);
    if (!done) {
        outcome = run(command, argv[optind], &options);
    }
    arena_release(&arena);
    return outcome;
}
