/* Compression of responses, between what handlers send and what fronts get: the head is changed,
 * the body goes through a stream. Exchanges without one have exchange->filter NULL, and pay a test.
 */
#ifndef HTTP_RESPONSE_FILTER_H
#define HTTP_RESPONSE_FILTER_H

#include "http/exchange.h"

struct http_filter;

/* Decides by gzip and gunzip, and changes the head accordingly. `own_count` fields at the beginning
 * are not of add_header. False without memory for the head; without memory for compression the
 * response goes as it is. */
__attribute__((warn_unused_result)) bool http_filter_head(struct exchange *exchange,
                                                          uint32_t own_count);

/* Whether it would be compressed or decompressed, without any change. */
bool http_filter_would_recode(struct exchange *exchange, uint32_t own_count);

/* front_operations.send_body through the filter. What was taken may have gone into the stream only;
 * the end is the front's when all of it has come out. */
size_t http_filter_body(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                        bool last);

/* Nothing follows for now. `is_needed`: the client is to get all that it stands for. */
void http_filter_flush(struct exchange *exchange, bool is_needed);

/* The front has room. Returns whether the handler may go on, too. */
bool http_filter_resume(struct exchange *exchange);

/* Lets go of all memory; what is still to be sent is lost. */
void http_filter_release(struct exchange *exchange);

/* Sizes of the whole body before and after compression, for $gzip_ratio; false when it was not
 * compressed to its end. */
bool http_filter_sizes(const struct exchange *exchange, uint64_t *before, uint64_t *after);

#endif
