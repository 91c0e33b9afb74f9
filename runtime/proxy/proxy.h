/* The proxy: the back side of exchanges. What the worker hands to the HTTP service. */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include "http/exchange.h"

extern const struct http_proxy_hooks proxy_hooks;

#endif
