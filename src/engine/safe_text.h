/* Texts made safe for their place in a message. */
#ifndef ENGINE_SAFE_TEXT_H
#define ENGINE_SAFE_TEXT_H

#include "base/arena.h"

/* Percent-encodes the bytes up to `last` and DEL. Borrowed when nothing changes; without data: no
 * memory, or none was passed. */
struct slice engine_escape_controls(struct arena *arena, struct slice text, unsigned char last);

/* Replaces CR, LF and NUL in a field value by spaces (RFC 9110 5.5); such values can only come from
 * variables. False without memory. */
__attribute__((warn_unused_result)) bool engine_make_value_safe(struct arena *arena,
                                                                struct slice *value);

#endif
