/* Files as answers: opened, compared with what the client has, cut into ranges, sent. What the
 * worker hands to the HTTP service; which file it is the engine decides (src/engine/content.c). */
#ifndef FILE_FILE_H
#define FILE_FILE_H

#include "http/exchange.h"

extern const struct http_file_hooks file_hooks;

#endif
