/* Status codes: reason phrases and the pages sent with errors. */
#ifndef ENGINE_HTTP_STATUS_H
#define ENGINE_HTTP_STATUS_H

#include "base/slice.h"

/* "Not Found"; empty for a code without a phrase. */
struct slice http_status_phrase(uint32_t status);

/* "404 Not Found", as error pages show it; the bare number when there is no phrase. `text` must
 * hold at least HTTP_STATUS_TEXT bytes. */
enum { HTTP_STATUS_TEXT = 64 };
struct slice http_status_text(uint32_t status, char text[HTTP_STATUS_TEXT]);

/* nginx has codes of its own for what clients are told is a 400: that, or the status itself. */
uint32_t http_status_sent(uint32_t status);

/* The heading of the page: mostly the status text, for some codes a sentence as in nginx. Empty
 * when nginx has no page for this code. */
struct slice http_status_page_note(uint32_t status);
bool http_status_has_page(uint32_t status);

/* Whether a browser, by its User-Agent, shows a page of its own instead of one of an error that is
 * shorter than some hundred bytes: old ones of Microsoft's, and Chrome, as nginx tells them. */
bool http_status_is_hidden_by(struct slice user_agent);

#endif
