/* The parts of a question, checked as a client and rpcd's front would; see question.h. */
#include "cli/question.h"

#include "engine/http_byte.h"
#include "engine/http_field.h"
#include "model/address.h"
#include "model/quantity.h"

#include <string.h>

enum { USUAL_PORT = 80, USUAL_TLS_PORT = 443 };

void question_init(struct question *question, struct arena *arena) {
    *question = (struct question){.arena = arena, .method = SLICE("GET"), .target = SLICE("/")};
}

/* Whether it has bytes, and all of them are of the class. */
static bool consists_of(struct slice text, uint8_t class) {
    for (size_t i = 0; i < text.size; i++) {
        if (!http_byte_is(text.data[i], class)) {
            return false;
        }
    }
    return text.size > 0;
}

const char *question_set_method(struct question *question, struct slice method) {
    if (!consists_of(method, HTTP_BYTE_METHOD)) {
        return arena_format(
                   question->arena,
                   "\"%.*s\" is no method: rpcd answers 400 to anything but capitals, \"-\" "
                   "and \"_\"",
                   SLICE_ARGS(method))
            .data;
    }
    if (slice_equals(method, SLICE("CONNECT")) || slice_equals(method, SLICE("TRACE"))) {
        return arena_format(question->arena, "rpcd answers 405 to %.*s whatever the configuration",
                            SLICE_ARGS(method))
            .data;
    }
    question->method = method;
    return NULL;
}

/* --- the URL --- */

static const char *take_target(struct question *question, struct slice rest) {
    rest = slice_take(rest, slice_find_byte(rest, '#'));
    if (rest.size > 0 && !consists_of(rest, HTTP_BYTE_TARGET)) {
        return "the URL has a space or a control character, which must be percent-encoded";
    }
    question->target = rest;
    if (rest.size == 0 || rest.data[0] != '/') {
        question->target = arena_format(question->arena, "/%.*s", SLICE_ARGS(rest));
    }
    return NULL;
}

static size_t find_authority_end(struct slice text) {
    size_t end = 0;
    while (end < text.size && text.data[end] != '/' && text.data[end] != '?' &&
           text.data[end] != '#') {
        end++;
    }
    return end;
}

const char *question_set_url(struct question *question, struct slice url) {
    question->url = url;
    question->authority = SLICE("");
    if (slice_starts_with(url, SLICE("/"))) {
        return take_target(question, url);
    }
    struct slice scheme = SLICE("http://");
    question->is_tls = slice_starts_with_nocase(url, SLICE("https://"));
    if (question->is_tls) {
        scheme = SLICE("https://");
    } else if (!slice_starts_with_nocase(url, scheme)) {
        return arena_format(question->arena,
                            "\"%.*s\" is no URL: write http://HOST/PATH, https://HOST/PATH, or "
                            "/PATH with a Host field",
                            SLICE_ARGS(url))
            .data;
    }
    struct slice rest = slice_skip(url, scheme.size);
    size_t end = find_authority_end(rest);
    struct slice authority = slice_take(rest, end);
    struct address_parts parts;
    if (slice_find_byte(authority, '@') < authority.size) {
        return "the URL has a user name: write an Authorization field instead";
    }
    const char *problem = consists_of(authority, HTTP_BYTE_TARGET)
                              ? address_parse(authority, ADDRESS_TO_CONNECT, USUAL_PORT, &parts)
                              : "no host";
    if (problem != NULL) {
        return arena_format(question->arena, "%s in the URL", problem).data;
    }
    if (parts.family == TABLE_FAMILY_UNIX) {
        return "no client asks for a unix socket by its URL: say where to with \"to\" (--to)";
    }
    question->authority = authority;
    return take_target(question, slice_skip(rest, end));
}

const struct slice *question_host(const struct question *question) {
    for (size_t i = 0; i < question->headers.count; i++) {
        if (slice_equals_nocase(question->headers.items[i].name, SLICE("Host"))) {
            return &question->headers.items[i].value;
        }
    }
    return question->authority.size > 0 ? &question->authority : NULL;
}

uint32_t question_port(const struct question *question) {
    struct address_parts parts;
    const struct slice *host = question_host(question);
    struct slice authority = question->authority;
    if (authority.size == 0 && host != NULL) {
        authority = *host;
    }
    uint32_t usual = question->is_tls ? USUAL_TLS_PORT : USUAL_PORT;
    return address_parse(authority, ADDRESS_TO_CONNECT, usual, &parts) == NULL ? parts.port : usual;
}

/* --- fields --- */

const char *question_add_header(struct question *question, struct slice name, struct slice value) {
    value = slice_trim(value);
    if (!consists_of(name, HTTP_BYTE_TOKEN)) {
        return arena_format(question->arena, "\"%.*s\" is no name of a header field",
                            SLICE_ARGS(name))
            .data;
    }
    if (value.size > 0 && !consists_of(value, HTTP_BYTE_TEXT)) {
        return "a header field cannot hold control characters";
    }
    enum http_field id = http_field_find(name);
    if (id == HTTP_FIELD_CONTENT_LENGTH || id == HTTP_FIELD_TRANSFER_ENCODING) {
        return arena_format(question->arena,
                            "%.*s follows from the size of the body: give that instead",
                            SLICE_ARGS(name))
            .data;
    }
    VECTOR_PUSH(question->arena, &question->headers, (struct engine_header){name, value});
    return NULL;
}

const char *question_add_header_line(struct question *question, struct slice line) {
    size_t colon = slice_find_byte(line, ':');
    if (colon == line.size) {
        return arena_format(question->arena, "\"%.*s\" has no colon: write \"Name: value\"",
                            SLICE_ARGS(line))
            .data;
    }
    return question_add_header(question, slice_take(line, colon), slice_skip(line, colon + 1));
}

void question_remove_header(struct question *question, struct slice name) {
    size_t kept = 0;
    for (size_t i = 0; i < question->headers.count; i++) {
        if (!slice_equals_nocase(question->headers.items[i].name, name)) {
            question->headers.items[kept++] = question->headers.items[i];
        }
    }
    question->headers.count = kept;
}

const char *question_check(const struct question *question) {
    uint32_t hosts = 0;
    for (size_t i = 0; i < question->headers.count; i++) {
        hosts += slice_equals_nocase(question->headers.items[i].name, SLICE("Host"));
    }
    if (hosts > 1) {
        return "there are two Host fields, which rpcd answers 400";
    }
    if (question_host(question) == NULL) {
        return "the URL names no host, and no Host field does";
    }
    return NULL;
}

/* --- addresses --- */

static const char *take_address(struct question *question, struct slice text,
                                struct address_parts *parts, struct question_address *address) {
    if (parts->family == TABLE_FAMILY_NAME || parts->last_port != parts->port) {
        return arena_format(question->arena, "\"%.*s\" is no address", SLICE_ARGS(text)).data;
    }
    *address = (struct question_address){
        .is_given = true,
        .family = parts->family,
        .is_any = parts->is_wildcard,
        .port = parts->has_port ? parts->port : 0,
        .path = parts->family == TABLE_FAMILY_UNIX ? parts->host : SLICE(""),
    };
    memcpy(address->bytes, parts->bytes, sizeof address->bytes);
    return NULL;
}

/* An IPv6 address may go without its brackets when no port follows. */
static const char *parse_address(struct question *question, struct slice text, enum address_use use,
                                 struct question_address *address) {
    struct address_parts parts;
    struct slice bracketed = arena_format(question->arena, "[%.*s]", SLICE_ARGS(text));
    const char *problem = address_parse(bracketed, use, 0, &parts);
    if (problem != NULL) {
        problem = address_parse(text, use, 0, &parts);
    }
    if (problem != NULL) {
        return arena_format(question->arena, "%s in \"%.*s\"", problem, SLICE_ARGS(text)).data;
    }
    return take_address(question, text, &parts, address);
}

const char *question_set_from(struct question *question, struct slice text) {
    if (slice_equals(text, SLICE("unix:"))) {
        question->from = (struct question_address){.is_given = true, .family = TABLE_FAMILY_UNIX};
        return NULL;
    }
    return parse_address(question, text, ADDRESS_TO_CONNECT, &question->from);
}

const char *question_set_to(struct question *question, struct slice text) {
    return parse_address(question, text, ADDRESS_TO_LISTEN, &question->to);
}

/* --- files and the body --- */

/* The same path for "a//b/" and "a/b". */
static struct slice tidy_path(struct arena *arena, struct slice path) {
    char *bytes = arena_require(arena, path.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < path.size; i++) {
        if (path.data[i] != '/' || size == 0 || bytes[size - 1] != '/') {
            bytes[size++] = path.data[i];
        }
    }
    return (struct slice){bytes, size > 1 && bytes[size - 1] == '/' ? size - 1 : size};
}

void question_add_file(struct question *question, struct slice path) {
    VECTOR_PUSH(question->arena, &question->files, path);
}

uint32_t question_find_file(const struct question *question, struct slice path) {
    const uint32_t file = ENGINE_FILE_EXISTS | ENGINE_FILE_REGULAR | ENGINE_FILE_EXECUTABLE;
    const uint32_t folder = ENGINE_FILE_EXISTS | ENGINE_FILE_DIRECTORY | ENGINE_FILE_EXECUTABLE;
    struct slice wanted = tidy_path(question->arena, path);
    for (size_t i = 0; i < question->files.count; i++) {
        struct slice given = question->files.items[i];
        struct slice known = tidy_path(question->arena, given);
        if (slice_equals(known, wanted)) {
            return slice_ends_with(given, SLICE("/")) ? folder : file;
        }
        bool is_around = slice_equals(wanted, SLICE("/")) ||
                         (known.size > wanted.size && known.data[wanted.size] == '/');
        if (is_around && slice_starts_with(known, wanted)) {
            return folder;
        }
    }
    return ENGINE_FILE_NONE;
}

void question_set_prefix(struct question *question, const char *prefix) {
    if (prefix != NULL) {
        question->prefix = tidy_path(question->arena, slice_from_string(prefix));
    }
}

const char *question_set_body_size(struct question *question, struct slice text) {
    if (!quantity_parse_size(text, true, &question->body_size)) {
        return arena_format(question->arena, "\"%.*s\" is no size, such as 512, 8k or 1m",
                            SLICE_ARGS(text))
            .data;
    }
    question->has_body = true;
    return NULL;
}
