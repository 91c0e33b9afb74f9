/* Times of HTTP (RFC 9110 5.6.7) as seconds since 1970. */
#ifndef ENGINE_HTTP_DATE_H
#define ENGINE_HTTP_DATE_H

#include "base/slice.h"

enum { HTTP_DATE_SIZE = 29 };

/* Reads the three forms: IMF-fixdate, RFC 850's with two digits of the year, asctime's. As nginx,
 * it does not look at the day of the week, nor at what follows. False for anything else. */
bool http_date_parse(struct slice text, int64_t *seconds);

/* IMF-fixdate, into `text`. Times before 1970 and after 9999, which it has no room for, are written
 * as the nearest it has. */
struct slice http_date_format(int64_t seconds, char text[HTTP_DATE_SIZE]);

#endif
