/* Parsing the command line. */
#include "options.h"

#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

const char options_usage[] =
    "usage: rpcd [-t] [-p PREFIX] [-e ERRLOG] [-s SIGNAL] [--require-signature PUBKEY] TABLE\n"
    "Runs the reverse proxy that TABLE, made by rpc compile, describes.\n"
    "\n"
    "  -t            validate the table, try its certificates, and exit\n"
    "  -p PREFIX     folder that relative paths in the table start from (the current one)\n"
    "  -e ERRLOG     where errors go that no error_log covers (standard error)\n"
    "  -s SIGNAL     tell the running rpcd, found by the table's pid file:\n"
    "                stop, quit (gracefully), reload or reopen (log files)\n"
    "      --reload  the same as -s reload\n"
    "      --require-signature PUBKEY.pem\n"
    "                take only tables that rpc sign has signed with this Ed25519 key\n"
    "  -v, --version\n"
    "  -h, --help\n"
    "\n"
    "Signals: HUP reload, QUIT stop gracefully, TERM and INT stop, USR1 reopen log files.\n";

enum { RELOAD_OPTION = 256, SIGNATURE_OPTION };

static bool parse_signal(struct options *options, const char *name, struct failure *failure) {
    static const struct {
        const char *name;
        int number;
    } signals[] = {
        {"stop", SIGTERM},
        {"quit", SIGQUIT},
        {"reload", SIGHUP},
        {"reopen", SIGUSR1},
    };
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (strcmp(name, signals[i].name) == 0) {
            options->action = OPTIONS_SIGNAL;
            options->signal = signals[i].number;
            return true;
        }
    }
    return failure_set(failure, "-s takes stop, quit, reload or reopen, not \"%s\"", name);
}

static bool take_option(struct options *options, int option, struct failure *failure) {
    switch (option) {
    case 't':
        options->action = OPTIONS_TEST;
        return true;
    case 'p':
        options->prefix = optarg;
        return true;
    case 'e':
        options->error_log = optarg;
        return true;
    case 's':
        return parse_signal(options, optarg, failure);
    case RELOAD_OPTION:
        return parse_signal(options, "reload", failure);
    case SIGNATURE_OPTION:
        options->key_file = optarg;
        return true;
    case 'v':
        options->action = OPTIONS_VERSION;
        return true;
    case 'h':
        options->action = OPTIONS_HELP;
        return true;
    case ':':
        return optopt == SIGNATURE_OPTION
                   ? failure_set(failure, "option --require-signature needs a value")
                   : failure_set(failure, "option -%c needs a value", optopt);
    default:
        return failure_set(failure, "there is no such option");
    }
}

bool options_parse(struct options *options, int count, char **arguments, struct failure *failure) {
    static const struct option long_options[] = {
        {"reload", no_argument, NULL, RELOAD_OPTION},
        {"require-signature", required_argument, NULL, SIGNATURE_OPTION},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    memset(options, 0, sizeof *options);
    opterr = 0;
    int option;
    while ((option = getopt_long(count, arguments, ":tp:e:s:vh", long_options, NULL)) != -1) {
        if (option == '?') {
            return failure_set(failure, "there is no option %s", arguments[optind - 1]);
        }
        if (!take_option(options, option, failure)) {
            return false;
        }
    }
    if (options->action == OPTIONS_HELP || options->action == OPTIONS_VERSION) {
        return true;
    }
    if (count - optind != 1) {
        return failure_set(failure, "%s", count == optind ? "which table?" : "one table at a time");
    }
    options->table = arguments[optind];
    return true;
}

const struct table_keys *options_trusted_keys(const struct options *options) {
    return options->key_file != NULL ? &options->trusted_keys : NULL;
}
