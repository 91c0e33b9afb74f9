/* Header fields: what a proxy has to know of them by name, which names it lets through, and values
 * that are lists. Shared by the parsers of the runtime and by what is made for backends. */
#ifndef ENGINE_HTTP_FIELD_H
#define ENGINE_HTTP_FIELD_H

#include "engine/engine.h"

enum http_field {
#define HTTP_FIELD(id, name, request, response) HTTP_FIELD_##id,
#include "engine/http_field.def"
#undef HTTP_FIELD
    HTTP_FIELD_COUNT
};

enum http_field_passage { HTTP_PASS, HTTP_HOP, HTTP_OURS };
extern const enum http_field_passage http_field_in_request[HTTP_FIELD_COUNT];
extern const enum http_field_passage http_field_in_response[HTTP_FIELD_COUNT];

/* Classifies a field name, which is a token, ignoring case. O(1): by length and letters, not by a
 * list of compares. */
enum http_field http_field_find(struct slice name);

struct http_header_rules {
    bool allow_underscores; /* underscores_in_headers */
    bool drop_invalid;      /* ignore_invalid_headers: names with other than letters, digits and
                               hyphens (and underscores, if allowed) are left out; otherwise they
                               are passed. What is not even a token is always refused. */
};

struct http_header_rules http_header_rules(const struct table_settings *settings);

/* Whether a name is let through; `classes` is what all its bytes have in common, of http_byte.h. */
bool http_header_is_wanted(const struct http_header_rules *rules, uint8_t classes);

/* Elements of a comma-separated list, trimmed, empty ones included. `*rest` is the list at first;
 * false when it is used up. */
bool http_list_next(struct slice *rest, struct slice *element);

/* Whether a comma-separated field value has `token` as an element, ignoring case. */
bool http_list_has_token(struct slice value, struct slice token);

/* Whether some Connection field names `name`, so that it must not be passed on. `ids` are the
 * fields' http_field, one each. */
bool http_fields_connection_names(const struct engine_header *fields, const uint8_t *ids,
                                  uint32_t count, struct slice name);

#endif
