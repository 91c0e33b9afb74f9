/* TLS to backends: files, commands, and what belongs together. */
#include "model/reading.h"
#include "site.h"

#define PROXIED(directives)                                                                        \
    "server { location / { proxy_pass https://a; " directives " } "                                \
    "location /b { proxy_pass http://a; } }"

static struct site site;

static const struct settings *settings_of(const char *directives) {
    static char text[512];
    snprintf(text, sizeof text, "server { %s }", directives);
    site_read(&site, text);
    return site.model.servers.items[0]->settings;
}

static void has_defaults(void) {
    const struct settings *settings = settings_of("");
    CU_ASSERT_EQUAL(settings->proxy_ssl_verify, 0);
    CU_ASSERT_EQUAL(settings->proxy_ssl_verify_depth, 1);
    CU_ASSERT_EQUAL(settings->proxy_ssl_server_name, 0);
    CU_ASSERT_EQUAL(settings->proxy_ssl_session_reuse, 1);
    CU_ASSERT_TRUE(text_is(settings->proxy_ssl_ciphers, "DEFAULT"));
    CU_ASSERT_EQUAL_FATAL(settings->proxy_ssl_protocols.list.count, 2);
    CU_ASSERT_TRUE(text_is(settings->proxy_ssl_protocols.list.items[0].text, "TLSv1.2"));
    CU_ASSERT_TRUE(text_is(settings->proxy_ssl_protocols.list.items[1].text, "TLSv1.3"));
    site_release(&site);
}

static void joins_commands(void) {
    const struct settings *settings =
        settings_of("proxy_ssl_conf_command Groups X25519:P-256;"
                    "proxy_ssl_conf_command Options \"SessionTicket, Bugs\";");
    CU_ASSERT_EQUAL_FATAL(settings->proxy_ssl_conf_command.list.count, 2);
    CU_ASSERT_TRUE(
        text_is(settings->proxy_ssl_conf_command.list.items[0].text, "Groups X25519:P-256"));
    CU_ASSERT_TRUE(text_is(settings->proxy_ssl_conf_command.list.items[1].text,
                           "Options SessionTicket, Bugs"));
    site_release(&site);
}

/* Making a context for each occurrence takes seconds on a large site. */
static void asks_openssl_once(void) {
    site_read(&site, "proxy_ssl_conf_command Groups X25519; "
                     "server { proxy_ssl_conf_command Groups X25519; "
                     "proxy_ssl_conf_command Options x; proxy_ssl_conf_command Options x; "
                     "ssl_conf_command Options Bugs; ssl_conf_command Groups X25519; "
                     "ssl_conf_command DHParameters a; ssl_conf_command DHParameters a; }");
    CU_ASSERT_EQUAL(site.model.reading->command_verdicts.count, 5);
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 2);
    CU_ASSERT_EQUAL(site.model.refusals.count, 2);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"proxy_ssl_conf_command Nothing x;", DIAGNOSTIC_INVALID_VALUE, "Nothing"},
        {"proxy_ssl_conf_command \"\" x;", DIAGNOSTIC_INVALID_VALUE, "\"\""},
        {"proxy_ssl_protocols TLSv1.3 TLS;", DIAGNOSTIC_INVALID_VALUE, "TLS"},
        {"server { if ($uri) { proxy_ssl_verify on; } }", DIAGNOSTIC_WRONG_CONTEXT,
         "proxy_ssl_verify"},
        {PROXIED("proxy_ssl_verify on;"), DIAGNOSTIC_INCOMPLETE_TLS, "proxy_ssl_verify on;"},
        {PROXIED("proxy_ssl_certificate a;"), DIAGNOSTIC_INCOMPLETE_TLS,
         "proxy_ssl_certificate a;"},
        {"server { location / { if ($uri) { proxy_pass https://a; } proxy_ssl_verify on; } }",
         DIAGNOSTIC_INCOMPLETE_TLS, "proxy_ssl_verify on;"},
        /* Once, however many inherit it. */
        {"proxy_ssl_verify on; server { location /a { proxy_pass https://a; } "
         "location /b { proxy_pass $scheme://a; } }",
         DIAGNOSTIC_INCOMPLETE_TLS, "proxy_ssl_verify on;"},
        /* As nginx, whatever the scheme of a target with variables. */
        {"server { proxy_ssl_verify on; location / { proxy_pass http://$host; } }",
         DIAGNOSTIC_INCOMPLETE_TLS, "proxy_ssl_verify on;"},
    };
    CHECK_FAILURES(rows);
}

/* Nobody needs what is missing. */
static void takes_what_is_whole(void) {
    static const char *const texts[] = {
        "proxy_ssl_verify on; proxy_ssl_certificate a; "
        "server { location / { proxy_pass http://a; } }",
        "proxy_ssl_verify on; server { location / { proxy_ssl_verify off; proxy_pass https://a; } "
        "}",
        "proxy_ssl_certificate a; "
        "server { location / { proxy_ssl_certificate \"\"; proxy_pass https://a; } }",
        PROXIED("proxy_ssl_verify on; proxy_ssl_trusted_certificate a;"),
        PROXIED("proxy_ssl_certificate a; proxy_ssl_certificate_key b;"),
        PROXIED("proxy_ssl_trusted_certificate $no_variable_here;"),
    };
    CHECK_CLEAN(texts);
}

static void names_what_does_not_run(void) {
    CU_ASSERT_TRUE(site_refuses("proxy_ssl_certificate /etc/$host;",
                                "variables in \"proxy_ssl_certificate\""));
    CU_ASSERT_TRUE(site_refuses("proxy_ssl_certificate_key data:x;",
                                "\"data:\" in \"proxy_ssl_certificate_key\""));
    CU_ASSERT_TRUE(
        site_refuses("proxy_ssl_certificate store:x;", "\"store:\" in \"proxy_ssl_certificate\""));
    CU_ASSERT_TRUE(site_refuses("proxy_ssl_conf_command VerifyCAPath /etc/ssl;",
                                "command \"VerifyCAPath\" of \"proxy_ssl_conf_command\""));
    CU_ASSERT_TRUE(site_refuses("server { ssl_certificate store:x; ssl_certificate_key k; }",
                                "\"store:\" in \"ssl_certificate\""));
}

static void inherits_from_http(void) {
    site_read(&site, "ssl_certificate a; ssl_certificate b; ssl_session_timeout 1m; "
                     "server { ssl_certificate c; server_name a; } server { server_name b; }");
    const struct server_settings *http = site.model.http_own_settings;
    const struct server_settings *own = site.model.servers.items[0]->own_settings;
    CU_ASSERT_PTR_EQUAL(site.model.servers.items[1]->own_settings, http);
    CU_ASSERT_EQUAL(http->ssl_certificate.list.count, 2);
    CU_ASSERT_EQUAL_FATAL(own->ssl_certificate.list.count, 1);
    CU_ASSERT_TRUE(text_is(own->ssl_certificate.list.items[0].text, "c"));
    CU_ASSERT_EQUAL(own->ssl_session_timeout, 60000);
    CU_ASSERT_FALSE(own->is_own[SERVER_SETTING_ssl_session_timeout]);
    CU_ASSERT_PTR_NOT_NULL(own->origin[SERVER_SETTING_ssl_session_timeout]);
    site_release(&site);
    static const struct site_failure rows[] = {
        {"server { location / { ssl_buffer_size 1k; } }", DIAGNOSTIC_WRONG_CONTEXT,
         "ssl_buffer_size"},
        {"server { ssl_buffer_size 1k; ssl_buffer_size 2k; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "ssl_buffer_size"},
        {"ssl_buffer_size 1k; ssl_buffer_size 2k;", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "ssl_buffer_size"},
    };
    CHECK_FAILURES(rows);
    static const char *const fine[] = {
        "ssl_buffer_size 1k; server { ssl_buffer_size 2k; server_name a; } "
        "server { ssl_buffer_size 2k; server_name b; }",
    };
    CHECK_CLEAN(fine);
}

#define CERTIFICATE " ssl_certificate a; ssl_certificate_key b; "

/* As nginx -t: ngx_http_ssl_init. */
static void wants_certificates(void) {
    static const struct site_failure rows[] = {
        {"server { listen 1 ssl; }", DIAGNOSTIC_INCOMPLETE_TLS, "listen 1 ssl;"},
        {"server { listen 1; server_name a; } "
         "server { listen 1 ssl; server_name b;" CERTIFICATE "}",
         DIAGNOSTIC_INCOMPLETE_TLS, "listen 1;"},
        {"server { listen 1 ssl; server_name a; ssl_reject_handshake on; } "
         "server { listen 1; server_name b; }",
         DIAGNOSTIC_INCOMPLETE_TLS, "listen 1;"},
        {"server { ssl_certificate a; }", DIAGNOSTIC_INCOMPLETE_TLS, "ssl_certificate a;"},
        {"ssl_certificate a; ssl_certificate b; ssl_certificate_key k; "
         "server { server_name a; ssl_ciphers HIGH; } server { server_name b; }",
         DIAGNOSTIC_INCOMPLETE_TLS, "ssl_certificate b;"},
    };
    CHECK_FAILURES(rows);
    static const char *const fine[] = {
        "server { listen 1 ssl;" CERTIFICATE "}",
        CERTIFICATE "server { listen 1 ssl; }",
        "server { listen 1 ssl; server_name a; ssl_reject_handshake on; } "
        "server { listen 1; server_name b;" CERTIFICATE "}",
        "server { listen 1 ssl; server_name a;" CERTIFICATE "} "
        "server { listen 1 ssl; server_name b; }",
        "listen 443 ssl; server_name a;", /* a snippet */
    };
    CHECK_CLEAN(fine);
}

UNIT_TESTS("model/tls", {"has defaults", has_defaults}, {"joins commands", joins_commands},
           {"asks OpenSSL once", asks_openssl_once}, {"inherits from http", inherits_from_http},
           {"reports mistakes", reports_mistakes}, {"takes what is whole", takes_what_is_whole},
           {"wants certificates", wants_certificates},
           {"names what does not run", names_what_does_not_run})
