/* Tests of real_address.c and forwarded.c: which address of which field is the client's. What nginx
 * makes of the same is compared in tests/e2e/test_real_address.py. */
#include "decision.h"

static struct decision decision;

/* The inside of a server whose location says who the client is, "ADDRESS PORT of PEER". */
#define SITE(settings)                                                                             \
    "server { " settings                                                                           \
    " location / { return 200 \"$remote_addr $remote_port of $realip_remote_addr\"; } }"

static const char *ask(const char *site, const struct engine_header *headers, uint32_t count) {
    static char said[256];
    decision_open(&decision, site);
    decision_begin(&decision, "GET /");
    decision.request.headers = headers;
    decision.request.header_count = count;
    decision.request.remote_port = 9;
    snprintf(said, sizeof said, "%s", decision_make(&decision));
    decision_close(&decision);
    return said;
}

#define FIELD(name, value)                                                                         \
    { SLICE_INIT(name), SLICE_INIT(value) }

static void believes_whom_it_trusts(void) {
    static const struct engine_header one[] = {FIELD("x-real-ip", "192.0.2.7")};
    CU_ASSERT_STRING_EQUAL(ask(SITE("set_real_ip_from 127.0.0.1;"), one, 1),
                           "200 192.0.2.7  of 127.0.0.1");
    CU_ASSERT_STRING_EQUAL(ask(SITE("set_real_ip_from 127.0.0.2;"), one, 1),
                           "200 127.0.0.1 9 of 127.0.0.1");
    CU_ASSERT_STRING_EQUAL(ask(SITE("set_real_ip_from unix:;"), one, 1),
                           "200 127.0.0.1 9 of 127.0.0.1");
    CU_ASSERT_STRING_EQUAL(ask(SITE("set_real_ip_from 127.0.0.0/8;"), one, 0),
                           "200 127.0.0.1 9 of 127.0.0.1");
    CU_ASSERT_STRING_EQUAL(ask(SITE(""), one, 1), "200 127.0.0.1 9 of 127.0.0.1");
}

#define LIST                                                                                       \
    "set_real_ip_from 127.0.0.1; set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For; "

static void steps_back_through_proxies(void) {
    static const struct engine_header fields[] = {
        FIELD("X-Forwarded-For", "198.51.100.1, [2001:db8::7]:77"),
        FIELD("x-forwarded-for", "10.0.0.1:5,10.0.0.2"),
    };
    CU_ASSERT_STRING_EQUAL(ask(SITE(LIST), fields, 2), "200 10.0.0.2  of 127.0.0.1");
    CU_ASSERT_STRING_EQUAL(ask(SITE(LIST "real_ip_recursive on;"), fields, 2),
                           "200 2001:db8::7 77 of 127.0.0.1");
    static const struct engine_header unknown[] = {
        FIELD("X-Forwarded-For", "unknown, 10.0.0.1:5, 10.0.0.2"),
    };
    CU_ASSERT_STRING_EQUAL(ask(SITE(LIST "real_ip_recursive on;"), unknown, 1),
                           "200 10.0.0.1 5 of 127.0.0.1");
}

static void takes_what_the_proxy_protocol_says(void) {
    decision_open(&decision, SITE("set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;"));
    decision_begin(&decision, "GET /");
    decision.request.announced_addr = SLICE("2001:DB8::7");
    decision.request.announced_port = 5;
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "200 2001:db8::7 5 of 127.0.0.1");
    decision_begin(&decision, "GET /");
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "200 127.0.0.1  of 127.0.0.1");
    decision_close(&decision);
}

/* Long fields and many networks count as work. */
static void gives_up_what_takes_too_much(void) {
    enum { NETWORKS = 20000, ADDRESSES = 40000 };
    static char site[NETWORKS * 48];
    static char list[ADDRESSES * 10 + 1];
    size_t used = (size_t)snprintf(site, sizeof site, "%s",
                                   "server { set_real_ip_from 127.0.0.0/8; real_ip_recursive on; ");
    for (int i = 0; i < NETWORKS; i++) {
        used += (size_t)snprintf(site + used, sizeof site - used,
                                 "set_real_ip_from 10.%d.%d.0/24; ", i / 256, i % 256);
    }
    snprintf(site + used, sizeof site - used, "location / { return 204; } }");
    size_t size = 0;
    for (int i = 0; i < ADDRESSES; i++) {
        size += (size_t)snprintf(list + size, sizeof list - size, "127.0.0.1,");
    }
    const struct engine_header field = {SLICE("X-Real-IP"), {list, size}};
    decision_open(&decision, site);
    decision_begin(&decision, "GET /");
    decision.request.headers = &field;
    decision.request.header_count = 1;
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "500 page");
    decision_close(&decision);
}

UNIT_TESTS("engine/real_address", {"believes whom it trusts", believes_whom_it_trusts},
           {"steps back through proxies", steps_back_through_proxies},
           {"takes what the PROXY protocol says", takes_what_the_proxy_protocol_says},
           {"gives up what takes too much", gives_up_what_takes_too_much})
