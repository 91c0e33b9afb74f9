/* A route as text for people. What comes from the configuration or the request is shown so that it
 * cannot control the terminal. */
#include "cli/route.h"

#include "cli/notation.h"
#include "engine/http_status.h"
#include "syntax/glyph.h"
#include "table/dump.h"

#include <string.h>

enum { KIND_WIDTH = 12, NAME_WIDTH_LIMIT = 32, SHOWN_LOSERS = 8, LINE_WIDTH = 100 };

static const char colour_kind[] = "\033[1m";
static const char colour_winner[] = "\033[1;32m";
static const char colour_place[] = "\033[36m";
static const char colour_lost[] = "\033[2m";
static const char colour_warning[] = "\033[33m";
static const char colour_off[] = "\033[0m";

struct printer {
    FILE *out;
    const struct route *route;
    const char *indent; /* before each line */
    bool colour;
};

static void set_colour(const struct printer *printer, const char *colour) {
    if (printer->colour) {
        fputs(colour, printer->out);
    }
}

static void print_coloured(const struct printer *printer, const char *colour, struct slice text) {
    set_colour(printer, colour);
    glyph_print(printer->out, text);
    set_colour(printer, colour_off);
}

static void print_place(const struct printer *printer, struct table_place place) {
    struct slice text = notation_place(printer->route->arena, printer->route->table, place);
    if (text.size > 0) {
        fputs("  (", printer->out);
        print_coloured(printer, colour_place, text);
        fputc(')', printer->out);
    }
}

/* The beginning of a line: what it is about, or nothing for one that goes on. */
static void print_kind(const struct printer *printer, const char *kind) {
    fprintf(printer->out, "%s", printer->indent);
    print_coloured(printer, colour_kind, slice_from_string(kind));
    int missing = KIND_WIDTH - (int)strlen(kind);
    fprintf(printer->out, "%*s", missing > 1 ? missing : 1, "");
}

static void print_more(const struct printer *printer, unsigned depth) {
    fprintf(printer->out, "%s%*s", printer->indent, (int)(KIND_WIDTH + 2 * depth), "");
}

/* --- steps --- */

static int name_width(const struct route_step *step) {
    uint32_t width = 0;
    for (size_t i = 0; i < step->considered.count; i++) {
        uint32_t own = glyph_measure(step->considered.items[i].name);
        width = own > width ? own : width;
    }
    return (int)(width < NAME_WIDTH_LIMIT ? width : NAME_WIDTH_LIMIT);
}

static void print_candidate(const struct printer *printer, const struct route_candidate *candidate,
                            int width) {
    print_more(printer, 1);
    set_colour(printer, candidate->matches ? "" : colour_lost);
    int used = (int)glyph_print(printer->out, candidate->name);
    fprintf(printer->out, "%*s  ", used < width ? width - used : 0, "");
    glyph_print(printer->out, candidate->why);
    set_colour(printer, colour_off);
    print_place(printer, candidate->place);
    fputc('\n', printer->out);
}

/* All that match, and some of the others. */
static void print_considered(const struct printer *printer, const struct route_step *step) {
    int width = name_width(step);
    size_t others = 0;
    for (size_t i = 0; i < step->considered.count; i++) {
        const struct route_candidate *candidate = &step->considered.items[i];
        others += !candidate->matches;
        if (candidate->matches || others <= SHOWN_LOSERS) {
            print_candidate(printer, candidate, width);
        }
    }
    if (others > SHOWN_LOSERS) {
        print_more(printer, 1);
        fprintf(printer->out, "and %zu more that do not match\n", others - SHOWN_LOSERS);
    }
}

static void print_step(const struct printer *printer, const struct route_step *step) {
    bool is_choice = strcmp(step->kind, "server") == 0 || strcmp(step->kind, "location") == 0;
    print_kind(printer, step->kind);
    print_coloured(printer, is_choice ? colour_winner : "", step->title);
    print_place(printer, step->place);
    fputc('\n', printer->out);
    if (step->note.size > 0) {
        print_more(printer, 0);
        glyph_print(printer->out, step->note);
        fputc('\n', printer->out);
    }
    if (step->is_uncertain) {
        print_more(printer, 0);
        print_coloured(printer, colour_warning,
                       SLICE("depends on a value that only a running rpcd knows"));
        fputc('\n', printer->out);
    }
    print_considered(printer, step);
}

static void print_steps(const struct printer *printer) {
    for (size_t i = 0; i < printer->route->steps.count; i++) {
        print_step(printer, &printer->route->steps.items[i]);
    }
}

/* --- what was asked --- */

static void print_end(const struct printer *printer, const struct arrival_end *end) {
    bool is_ipv6 = end->family == TABLE_FAMILY_IPV6;
    fputs(is_ipv6 ? "[" : "", printer->out);
    glyph_print(printer->out, end->text);
    fputs(is_ipv6 ? "]" : "", printer->out);
    if (end->port != 0) {
        fprintf(printer->out, ":%u", end->port);
    }
}

static void print_request(const struct printer *printer) {
    const struct route *route = printer->route;
    print_kind(printer, "request");
    glyph_print(printer->out, route->question->method);
    fputc(' ', printer->out);
    glyph_print(printer->out, route->question->url);
    fputs("\n", printer->out);
    print_more(printer, 0);
    fputs("from ", printer->out);
    print_end(printer, &route->arrival.remote);
    fputs(" to ", printer->out);
    print_end(printer, &route->arrival.local);
    fputc('\n', printer->out);
}

/* --- what comes of it --- */

static void print_header(const struct printer *printer, struct slice name, struct slice value) {
    print_more(printer, 1);
    glyph_print(printer->out, name);
    fputs(": ", printer->out);
    glyph_print(printer->out, value);
}

static void print_peers(const struct printer *printer, const struct table_upstream *upstream) {
    const struct table *table = printer->route->table;
    for (uint32_t i = 0; i < upstream->peers.count; i++) {
        const struct table_peer *peer = &table->peer[upstream->peers.first + i];
        print_more(printer, 1);
        glyph_print(printer->out, table_text(table, peer->name));
        table_dump_peer_parameters(printer->out, peer);
        print_place(printer, peer->place);
        fputc('\n', printer->out);
    }
}

static void print_upstream(const struct printer *printer) {
    const struct route *route = printer->route;
    print_kind(printer, "upstream");
    print_coloured(printer, colour_winner, route_upstream_name(route));
    if (route->status != 0) {
        fprintf(printer->out, ", answering with status %u", route->status);
    }
    if (route->upstream.group == TABLE_NONE) {
        fputc('\n', printer->out);
        return;
    }
    const struct table_upstream *upstream = &route->table->upstream[route->upstream.group];
    if (upstream->method != TABLE_BALANCE_ROUND_ROBIN) {
        fprintf(printer->out, ", %s", table_balance_method_word(upstream->method));
    }
    print_place(printer, upstream->place);
    fputc('\n', printer->out);
    print_peers(printer, upstream);
}

static void print_body(const struct printer *printer, struct slice body) {
    struct slice word = notation_word(printer->route->arena, body);
    print_more(printer, 0);
    fputs("body ", printer->out);
    glyph_print(printer->out, word);
    fputc('\n', printer->out);
}

static void print_backend_body(const struct printer *printer) {
    const struct route *route = printer->route;
    if (route->head.body.data != NULL) {
        print_body(printer, route->head.body);
    } else if (route->question->has_body && !engine_passes_body(route->request.settings)) {
        print_more(printer, 0);
        fputs("the client's body is not passed on\n", printer->out);
    }
}

static void print_source(const struct printer *printer) {
    const struct engine_source *source = &printer->route->source;
    if (source->is_bound) {
        print_more(printer, 0);
        fputs("from ", printer->out);
        glyph_print(printer->out, source->text);
        fputs(source->is_transparent ? ", which need not be an address of this machine\n" : "\n",
              printer->out);
    }
}

static void print_head(const struct printer *printer) {
    const struct route *route = printer->route;
    print_kind(printer, "backend");
    glyph_print(printer->out, route->head.method);
    fputc(' ', printer->out);
    glyph_print(printer->out, route->upstream.uri);
    fputc(' ', printer->out);
    glyph_print(printer->out, route->head.protocol);
    fputc('\n', printer->out);
    print_source(printer);
    for (uint32_t i = 0; i < route->head.count; i++) {
        print_header(printer, route->head.fields[i].name, route->head.fields[i].value);
        fputc('\n', printer->out);
    }
    print_backend_body(printer);
}

static void print_reply(const struct printer *printer) {
    const struct engine_reply *reply = &printer->route->reply;
    char status[HTTP_STATUS_TEXT];
    print_kind(printer, "answer");
    if (reply->is_silent) {
        fprintf(printer->out, "none: the connection is closed (%u)\n", reply->status);
        return;
    }
    print_coloured(printer, colour_winner, http_status_text(reply->status, status));
    fputs(reply->has_page ? ", with its page\n" : "\n", printer->out);
    if (reply->text.size > 0) {
        print_body(printer, reply->text);
    }
}

static void print_response(const struct printer *printer) {
    const struct route *route = printer->route;
    if (route->response.count == 0) {
        return;
    }
    print_kind(printer, "response");
    fputs(route->outcome.kind == ENGINE_PROXY ? "the backend's, and added to it\n"
                                              : "with these fields\n",
          printer->out);
    for (size_t i = 0; i < route->response.count; i++) {
        const struct route_header *header = &route->response.items[i];
        print_header(printer, header->name, header->value);
        fputs(route->status == 0 && !header->is_always ? "  (not to errors)\n" : "\n",
              printer->out);
    }
}

/* --- limits --- */

static void print_limits(const struct printer *printer) {
    const struct route *route = printer->route;
    uint32_t column = LINE_WIDTH;
    print_kind(printer, "limits");
    for (const struct route_limit *limit = route_limits; limit->name != NULL; limit++) {
        if (!route_limit_applies(route, limit)) {
            continue;
        }
        struct slice value = notation_setting(route->arena, route->table, TABLE_SECTION_settings,
                                              limit->name, route->request.settings);
        uint32_t width = (uint32_t)(strlen(limit->name) + 1 + value.size + 2);
        bool is_first = limit == route_limits;
        if (!is_first && column + width > LINE_WIDTH) {
            fputs(",\n", printer->out);
            print_more(printer, 0);
            column = KIND_WIDTH;
        } else {
            fputs(is_first ? "" : ", ", printer->out);
            column = is_first ? KIND_WIDTH : column;
        }
        fprintf(printer->out, "%s %.*s", limit->name, SLICE_ARGS(value));
        column += width;
    }
    fputc('\n', printer->out);
}

static void print_caveats(const struct printer *printer) {
    const struct route *route = printer->route;
    for (size_t i = 0; i < route->unknown.count; i++) {
        print_kind(printer, i == 0 ? "unknown" : "");
        print_coloured(printer, colour_warning, route->unknown.items[i]);
        fputs(": only a running rpcd knows the value; its name stands for it\n", printer->out);
    }
    if (route->looked_at_files) {
        print_kind(printer, "files");
        fprintf(printer->out, "no folder is looked into: %s\n",
                route->question->files.count > 0 ? "only what --file names is there"
                                                 : "no file is there, unless --file names it");
    }
}

void route_print_briefly(FILE *out, const struct route *route, const char *indent, bool colour,
                         bool shows_backend, bool shows_response) {
    struct printer printer = {out, route, indent, colour};
    bool is_proxied = route->outcome.kind == ENGINE_PROXY;
    print_steps(&printer);
    if (is_proxied) {
        print_upstream(&printer);
    } else {
        print_reply(&printer);
    }
    if (shows_backend && is_proxied) {
        print_head(&printer);
    }
    if (shows_response) {
        print_response(&printer);
    }
}

void route_print_text(FILE *out, const struct route *route, bool colour) {
    struct printer printer = {out, route, "", colour};
    print_request(&printer);
    route_print_briefly(out, route, "", colour, true, true);
    print_limits(&printer);
    print_caveats(&printer);
}
