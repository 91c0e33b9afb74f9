/* Whether clients can take gzip, as nginx finds it out. */
#ifndef ENGINE_ACCEPT_ENCODING_H
#define ENGINE_ACCEPT_ENCODING_H

#include "base/slice.h"

/* Whether a value of Accept-Encoding names gzip, and not with a weight of 0 (RFC 9110 12.5.3). As
 * in nginx, "*" alone does not, the first "gzip" in it decides, and a weight that is malformed is
 * one of 0. */
bool engine_accepts_gzip(struct slice accept_encoding);

/* Whether a User-Agent is one that nginx calls msie6: Internet Explorer 4 to 6, but not 6 with
 * "SV1", which is Service Pack 2 of Windows XP. */
bool engine_is_msie6(struct slice user_agent);

#endif
