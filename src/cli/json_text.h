/* Text of configurations in JSON documents. */
#ifndef CLI_JSON_TEXT_H
#define CLI_JSON_TEXT_H

#include "base/slice.h"

#include <jansson.h>

/* A JSON string; bytes that are not UTF-8 become U+FFFD. Running out of memory ends the process. */
json_t *json_text(struct slice text);

/* Adds or appends, taking the reference; running out of memory ends the process. */
void json_put(json_t *object, const char *key, json_t *value);
void json_append(json_t *array, json_t *value);

/* An object or array; running out of memory ends the process. */
json_t *json_require(json_t *value);

/* The document and a line end to standard output. */
void json_print(const json_t *document);

#endif
