/* Which settings are limits of a request, for its printers. */
#include "cli/route.h"

const struct route_limit route_limits[] = {
    {"client_max_body_size", false},
    {"client_body_timeout", false},
    {"send_timeout", false},
    {"proxy_connect_timeout", true},
    {"proxy_send_timeout", true},
    {"proxy_read_timeout", true},
    {NULL, false},
};

bool route_limit_applies(const struct route *route, const struct route_limit *limit) {
    return !limit->is_of_backend || route->outcome.kind == ENGINE_PROXY;
}
