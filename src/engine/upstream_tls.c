/* Who a backend behind https:// should be. */
#include "engine/decide.h"
#include "engine/state.h"
#include "engine/upstream.h"

/* A name that comes from $proxy_host or $http_host may have a port, which no certificate has. */
static struct slice without_port(struct slice name) {
    size_t bracket = name.size > 0 && name.data[0] == '[' ? slice_find_byte(name, ']') : 0;
    size_t from = bracket < name.size ? bracket : 0;
    return slice_take(name, from + slice_find_byte(slice_skip(name, from), ':'));
}

bool engine_make_tls_name(struct engine_request *request, struct slice host, struct slice *name) {
    const struct table_settings *settings = request->settings;
    *name = SLICE("");
    if (settings->proxy_ssl_server_name == 0 && settings->proxy_ssl_verify == 0) {
        return true;
    }
    *name = host;
    if (settings->proxy_ssl_name != TABLE_NONE &&
        !engine_run_template(request, settings->proxy_ssl_name, name)) {
        return false;
    }
    *name = without_port(*name);
    return true;
}
