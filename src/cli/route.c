/* rpc route: what becomes of one request, and why. */
#include "cli/route.h"

#include "cli/site_input.h"

static const char help[] =
    "FILE is a configuration or a table, \"-\" standard input. URL is what a client would ask\n"
    "for: http://HOST[:PORT]/PATH, or /PATH alone when a Host field is given. Nothing is looked\n"
    "up, connected to or read but FILE; the engine that decides is the one of rpcd.\n"
    "\n"
    "  -H, --header 'NAME: VALUE'  a field of the request; may be repeated\n"
    "  -X, --method METHOD         the method (default: GET)\n"
    "      --from ADDRESS[:PORT]   the client's address, or unix: (default: this machine)\n"
    "      --to ADDRESS:PORT       the address that it connects to, or a port, or unix:PATH,\n"
    "                              where the URL does not say which\n"
    "      --body-size SIZE        the request has a body of that size\n"
    "      --file PATH             a file that is there; a folder with a slash behind it; may be\n"
    "                              repeated\n"
    "      --json                  print a JSON document\n"
    "  -p, --prefix DIR            where relative include patterns begin (default: the folder of\n"
    "                              the file); also rpcd's prefix, where relative roots begin\n"
    "  -h, --help                  this text\n";

struct route_options {
    struct question question;
    const char *prefix;
    bool wants_json;
};

enum { OPTION_FROM = 256, OPTION_TO, OPTION_BODY_SIZE, OPTION_FILE, OPTION_JSON };

static const struct option known[] = {
    {"header", required_argument, NULL, 'H'},
    {"method", required_argument, NULL, 'X'},
    {"from", required_argument, NULL, OPTION_FROM},
    {"to", required_argument, NULL, OPTION_TO},
    {"body-size", required_argument, NULL, OPTION_BODY_SIZE},
    {"file", required_argument, NULL, OPTION_FILE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"prefix", required_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char *take_file(struct question *question, struct slice path) {
    question_add_file(question, path);
    return NULL;
}

/* What an option adds to the question, or NULL when it is about something else. */
static const char *(*find_setter(int option))(struct question *, struct slice) {
    switch (option) {
    case 'H':
        return question_add_header_line;
    case 'X':
        return question_set_method;
    case OPTION_FROM:
        return question_set_from;
    case OPTION_TO:
        return question_set_to;
    case OPTION_BODY_SIZE:
        return question_set_body_size;
    case OPTION_FILE:
        return take_file;
    default:
        return NULL;
    }
}

/* OUTCOME_CLEAN when there is a question; `done` when there is nothing left to do. */
static enum outcome read_options(const struct command *command, int argc, char **argv,
                                 struct route_options *options, bool *done) {
    int option;
    *done = true;
    while ((option = getopt_long(argc, argv, ":H:X:p:h", known, NULL)) != -1) {
        const char *(*set)(struct question *, struct slice) = find_setter(option);
        const char *problem =
            set != NULL ? set(&options->question, slice_from_string(optarg)) : NULL;
        if (problem != NULL) {
            return cli_usage_error(command, "%s", problem);
        }
        if (option == OPTION_JSON) {
            options->wants_json = true;
        } else if (option == 'p') {
            options->prefix = optarg;
        } else if (option == 'h') {
            return cli_print_help(command, help);
        } else if (set == NULL) {
            return cli_option_error(command, option, argv);
        }
    }
    if (optind + 2 != argc) {
        return cli_usage_error(command, optind + 2 > argc ? "a file and a URL are needed"
                                                          : "more than a file and a URL are named");
    }
    *done = false;
    return OUTCOME_CLEAN;
}

static enum outcome print(const struct command *command, const struct route_options *options,
                          const struct table *table) {
    struct engine *engine = engine_create(table);
    struct route route;
    if (engine == NULL) {
        memory_exhausted();
    }
    const char *problem = route_ask(&route, options->question.arena, engine, &options->question);
    enum outcome outcome = OUTCOME_CLEAN;
    if (problem != NULL) {
        outcome = cli_error(command, "%s", problem);
    } else if (options->wants_json) {
        route_print_json(&route);
    } else {
        route_print_text(stdout, &route, cli_wants_colour(stdout));
    }
    engine_destroy(engine);
    return outcome;
}

static enum outcome route(const struct command *command, char **arguments,
                          struct route_options *options) {
    question_set_prefix(&options->question, options->prefix);
    const char *problem = question_set_url(&options->question, slice_from_string(arguments[1]));
    if (problem == NULL) {
        problem = question_check(&options->question);
    }
    if (problem != NULL) {
        return cli_usage_error(command, "%s", problem);
    }
    struct site_input site;
    enum outcome outcome = site_input_read(&site, command, arguments[0], options->prefix);
    if (outcome == OUTCOME_CLEAN) {
        outcome = print(command, options, &site.table);
    }
    site_input_release(&site);
    return outcome;
}

enum outcome command_route(const struct command *command, int argc, char **argv) {
    struct arena arena;
    struct route_options options = {0};
    bool done;
    arena_init(&arena, 1u << 16);
    question_init(&options.question, &arena);
    enum outcome outcome = read_options(command, argc, argv, &options, &done);
    if (!done) {
        outcome = route(command, argv + optind, &options);
    }
    arena_release(&arena);
    return outcome;
}
