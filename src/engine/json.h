/* Bytes within a string of JSON (RFC 8259 7), as nginx writes them. */
#ifndef ENGINE_JSON_H
#define ENGINE_JSON_H

#include <stddef.h>

enum { ENGINE_JSON_LONGEST = 6 };

/* How long the byte becomes. */
size_t engine_json_measure(unsigned char byte);

/* Writes it; returns the end. */
char *engine_json_write(char *out, unsigned char byte);

#endif
