/* proxy_bind. What is taken and what is not agrees with nginx 1.22 -t. */
#include "site.h"

static const struct binding_setting *binding_of(struct site *site, const char *inside) {
    static char text[256];
    snprintf(text, sizeof text, "proxy_bind 192.0.2.1; server { %s }", inside);
    site_read(site, text);
    return &site->model.servers.items[0]->settings->proxy_bind;
}

static void binds_inherits_and_ends(void) {
    struct site site;
    const struct binding_setting *binding = binding_of(&site, "");
    CU_ASSERT_PTR_NOT_NULL(binding->statement);
    CU_ASSERT_FALSE(binding->is_transparent);
    site_release(&site);
    CU_ASSERT_TRUE(binding_of(&site, "proxy_bind $remote_addr transparent;")->is_transparent);
    site_release(&site);
    CU_ASSERT_PTR_NULL(binding_of(&site, "proxy_bind off;")->statement);
    site_release(&site);
}

static void takes_addresses(void) {
    static const char *const texts[] = {
        "proxy_bind 192.0.2.1:80;", "proxy_bind ::1;",   "proxy_bind [::1]:80;",
        "proxy_bind 0.0.0.0;",      "proxy_bind $host;", "proxy_bind 1.2.3.4:80 transparent;",
    };
    CHECK_CLEAN(texts);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"proxy_bind name;", DIAGNOSTIC_INVALID_ADDRESS, "name"},
        {"proxy_bind \"\";", DIAGNOSTIC_INVALID_ADDRESS, "\"\""},
        {"proxy_bind *;", DIAGNOSTIC_INVALID_ADDRESS, "*"},
        {"proxy_bind unix:/a;", DIAGNOSTIC_INVALID_ADDRESS, "unix:/a"},
        {"proxy_bind [::1];", DIAGNOSTIC_INVALID_ADDRESS, "[::1]"},
        {"proxy_bind 1.2.3.4:99999;", DIAGNOSTIC_INVALID_ADDRESS, "1.2.3.4:99999"},
        {"proxy_bind off transparent;", DIAGNOSTIC_INVALID_ADDRESS, "off"},
        {"proxy_bind 1.2.3.4 opaque;", DIAGNOSTIC_UNKNOWN_PARAMETER, "opaque"},
        {"proxy_bind 1.2.3.4; proxy_bind off;", DIAGNOSTIC_DUPLICATE_DIRECTIVE, "proxy_bind"},
    };
    CHECK_FAILURES(rows);
}

UNIT_TESTS("model/binding", {"binds, inherits and ends", binds_inherits_and_ends},
           {"takes addresses", takes_addresses}, {"reports mistakes", reports_mistakes})
