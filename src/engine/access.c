/* allow, deny and satisfy: whether a client may come in. Who its user is: auth_basic.c; what an
 * auth_request says: subrequest.c. */
#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/state.h"

#include <string.h>

enum { IPV4_SIZE = 4, IPV6_SIZE = 16 };

enum { STATUS_UNAUTHORIZED = 401, STATUS_FORBIDDEN = 403 };

/* The words of satisfy. */
enum { SATISFY_ALL, SATISFY_ANY };

/* An IPv4 client of an IPv6 socket is an IPv4 client. */
struct slice engine_unmap_address(struct slice address) {
    static const char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\xff', '\xff'};
    bool is_mapped = address.size == IPV6_SIZE && memcmp(address.data, mapped, sizeof mapped) == 0;
    return is_mapped ? slice_skip(address, sizeof mapped) : address;
}

static bool has_prefix(const char *address, const uint8_t *network, uint32_t prefix) {
    uint32_t whole = prefix / 8;
    if (memcmp(address, network, whole) != 0) {
        return false;
    }
    uint8_t mask = (uint8_t)(0xff00u >> prefix % 8);
    return prefix % 8 == 0 || (((uint8_t)address[whole] ^ network[whole]) & mask) == 0;
}

static bool is_in_network(struct slice address, enum table_client_match match,
                          const struct table_bytes16 *network, uint32_t prefix) {
    switch (match) {
    case TABLE_CLIENT_ALL:
        return true;
    case TABLE_CLIENT_IPV4:
        return address.size == IPV4_SIZE && has_prefix(address.data, network->bytes, prefix);
    case TABLE_CLIENT_IPV6:
        return address.size == IPV6_SIZE && has_prefix(address.data, network->bytes, prefix);
    case TABLE_CLIENT_UNIX:
        break;
    }
    return address.size != IPV4_SIZE && address.size != IPV6_SIZE;
}

bool engine_address_matches(struct slice address, enum table_client_match match,
                            const struct table_bytes16 *network, uint32_t prefix) {
    return is_in_network(engine_unmap_address(address), match, network, prefix);
}

/* nginx keeps the rules of each family apart. Where there are none for IPv4, those for IPv6 are
 * asked about the mapped address: "deny ::/0" alone keeps such clients out, too. */
static struct slice find_client(const struct engine_request *request) {
    struct table_range rules = request->settings->allow;
    for (uint32_t i = rules.first; i < rules.first + rules.count; i++) {
        uint32_t match = request->engine->table->access_rule[i].match;
        if (match == TABLE_CLIENT_IPV4 || match == TABLE_CLIENT_ALL) {
            return engine_unmap_address(request->binary_remote_addr);
        }
    }
    return request->binary_remote_addr;
}

/* nginx speaks of a rule at once where rules alone decide, else when nothing else has let the
 * client in. */
static void note_refusal(const struct engine_request *request) {
    engine_note(request, TABLE_LOG_ERROR, "access forbidden by rule");
}

static bool satisfies_any(const struct engine_request *request) {
    return request->settings->satisfy == SATISFY_ANY;
}

static uint32_t apply_rule(const struct engine_request *request, uint32_t record) {
    bool is_denied = request->engine->table->access_rule[record].deny != 0;
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_ACCESS,
                                               .record = record,
                                               .subject = request->remote_addr,
                                               .result = !is_denied});
    if (is_denied && !satisfies_any(request)) {
        note_refusal(request);
    }
    return is_denied ? STATUS_FORBIDDEN : ENGINE_ACCESS_GRANTED;
}

static uint32_t check_rules(struct engine_request *request) {
    struct table_range rules = request->settings->allow;
    struct slice client = find_client(request);
    for (uint32_t i = rules.first; i < rules.first + rules.count; i++) {
        const struct table_access_rule *rule = &request->engine->table->access_rule[i];
        if (is_in_network(client, (enum table_client_match)rule->match, &rule->address,
                          rule->prefix)) {
            return apply_rule(request, i);
        }
    }
    return ENGINE_ACCESS_DECLINED;
}

/* Whoever lets the client in with `satisfy any` takes back what others have asked for. */
static uint32_t grant(struct engine_request *request) {
    request->challenges = NULL;
    request->refusal = 0;
    return 0;
}

/* nginx's precedence: of refusals 401 is told rather than 403, and what is neither ends the matter
 * (ngx_http_core_access_phase). Whether nobody else is asked after this `result`; *status is what
 * has come out then. */
static bool is_settled(struct engine_request *request, uint32_t result, uint32_t *status) {
    bool is_any = satisfies_any(request);
    *status = result;
    if (result == ENGINE_ACCESS_GRANTED && is_any) {
        *status = grant(request);
        return true;
    }
    if (result <= ENGINE_ACCESS_GRANTED) {
        return false;
    }
    if (!is_any || (result != STATUS_FORBIDDEN && result != STATUS_UNAUTHORIZED)) {
        return true;
    }
    request->refusal = request->refusal == STATUS_UNAUTHORIZED ? request->refusal : result;
    return false;
}

/* Everybody was asked. */
static uint32_t conclude(const struct engine_request *request) {
    if (request->refusal == STATUS_FORBIDDEN) {
        note_refusal(request);
    }
    return request->refusal;
}

/* In nginx's order. */
uint32_t engine_check_access(struct engine_request *request) {
    static uint32_t (*const checks[])(struct engine_request *) = {check_rules, engine_check_user,
                                                                  engine_ask_subrequest};
    request->refusal = 0;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        uint32_t result = checks[i](request);
        uint32_t status = result;
        if (result == ENGINE_ACCESS_ASKED || is_settled(request, result, &status)) {
            return status;
        }
    }
    return conclude(request);
}

uint32_t engine_end_access(struct engine_request *request, uint32_t status) {
    uint32_t result = engine_judge_subrequest(request, status);
    return is_settled(request, result, &status) ? status : conclude(request);
}
