/* Blocks of Lua in a configuration, as of content_by_lua_block: where they end. */
#ifndef SYNTAX_LUA_H
#define SYNTAX_LUA_H

#include "base/slice.h"

/* Whether a block of the directive holds Lua instead of statements. */
bool lua_is_block_of(struct slice directive);

/* How many bytes of Lua stand before the '}' that ends a block, of which `text` is all that follows
 * its
 * '{'; `text.size` when there is none. Braces in strings and comments do not count (Lua 5.1
 * manual, 2.1). */
size_t lua_measure_block(struct slice text);

#endif
