/* IP addresses as text. Pure parsing; knows nothing of networks, ports or names. */
#ifndef BASE_IP_H
#define BASE_IP_H

#include "base/slice.h"

enum { IP_V4_SIZE = 4, IP_V6_SIZE = 16 };

/* Four decimal numbers up to 255, leading zeros allowed as nginx does. `bytes` gets them in network
 * order; it may be written to when the result is false. */
bool ip_parse_v4(struct slice text, uint8_t bytes[IP_V4_SIZE]);

/* RFC 4291 2.2, without brackets and zone; the last 32 bits may be written as IPv4. */
bool ip_parse_v6(struct slice text, uint8_t bytes[IP_V6_SIZE]);

enum { IP_TEXT_SIZE = 46 }; /* of the longest, with its end */

/* An address of 4 or 16 bytes as text, as inet_ntop does. Returns its length. */
size_t ip_format(struct slice bytes, char text[IP_TEXT_SIZE]);

/* An address with a port or without, as nginx reads those to bind to: "192.0.2.1:80", "192.0.2.1",
 * "::1", "[::1]:80". `port` is 0 when there is none. Returns the size of the address in `bytes`, or
 * 0.
 */
size_t ip_parse_endpoint(struct slice text, uint8_t bytes[IP_V6_SIZE], uint32_t *port);

#endif
