/* The tree as JSON, for `rpc parse`:
 *
 *     {"files": ["site.conf", ...],
 *      "statements": [STATEMENT, ...],
 *      "comments": [{"text": "# ...", "span": SPAN, "alone": true}, ...]}
 *
 *     STATEMENT  {"name": "server", "words": [WORD, ...], "span": SPAN}, and for a block
 *                "block": {"open": SPAN, "close": SPAN, "statements": [...]}, and for an include
 *                that was expanded "included": [{"file": 1, "statements": [...]}, ...]
 *     WORD       {"text": "...", "quote": "none" | "single" | "double", "span": SPAN}; when the
 *                text is not UTF-8, "bytes" has it in hexadecimal, and "text" shows it with U+FFFD
 *     SPAN       {"file": 0, "begin": PLACE, "end": PLACE}; file is an index into "files"
 *     PLACE      {"offset": 0, "line": 1, "column": 1}; columns are counted in bytes */
#ifndef SYNTAX_TREE_JSON_H
#define SYNTAX_TREE_JSON_H

#include "syntax/tree.h"

#include <jansson.h>

/* A new reference, for the caller to release. */
json_t *tree_json_build(const struct tree *tree);

#endif
