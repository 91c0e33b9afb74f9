/* Rules about the servers of an upstream group: parameters that have no effect, the same server
 * twice, and groups in which nobody is left to answer. */
#include "base/text.h"
#include "check/rules.h"

/* The word of a peer's statement that is `name` or begins with it, or NULL. */
static const struct word *find_parameter(const struct peer *peer, struct slice name) {
    for (uint32_t i = 1; i < statement_argument_count(peer->statement); i++) {
        const struct word *word = statement_argument(peer->statement, i);
        if (slice_starts_with(word->text, name)) {
            return word;
        }
    }
    return NULL;
}

static bool is_written(const struct upstream *upstream) {
    return upstream->statement != NULL && upstream->peers.count > 0;
}

/* --- single-peer-health --- */

static const struct slice health_parameters[] = {
    SLICE_INIT("max_fails="), SLICE_INIT("fail_timeout="), SLICE_INIT("slow_start=")};

static void check_single(struct finding_list *findings, const struct peer *peer) {
    /* A name that is looked up again and again may have several addresses, which are servers of
     * their own. max_fails=0 says what is the case anyway. */
    if (peer->resolve || peer->max_fails == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof health_parameters / sizeof health_parameters[0]; i++) {
        const struct word *word = find_parameter(peer, health_parameters[i]);
        if (word != NULL) {
            struct slice name = slice_take(word->text, slice_find_byte(word->text, '='));
            struct diagnostic *diagnostic = check_report(
                findings, RULE_single_peer_health, word->span,
                "%.*s has no effect: the group's only server is never taken out of use",
                SLICE_ARGS(name));
            diagnostic_help(findings->model->arena, diagnostic,
                            "add a second server, or leave the parameter out");
            return;
        }
    }
}

void check_rule_single_peer_health(struct finding_list *findings) {
    for (size_t i = 0; i < findings->model->upstreams.count; i++) {
        const struct upstream *upstream = findings->model->upstreams.items[i];
        if (is_written(upstream) && upstream->peers.count == 1) {
            check_single(findings, upstream->peers.items[0]);
        }
    }
}

/* --- backup-with-hash --- */

static bool is_by_key(const struct upstream *upstream) {
    return upstream->method == TABLE_BALANCE_HASH ||
           upstream->method == TABLE_BALANCE_HASH_CONSISTENT ||
           upstream->method == TABLE_BALANCE_IP_HASH || upstream->method == TABLE_BALANCE_RANDOM ||
           upstream->method == TABLE_BALANCE_RANDOM_TWO_LEAST_CONN;
}

/* A backup behind the method is an error, reported by the model. */
static bool is_accepted(const struct upstream *upstream, const struct peer *peer) {
    const struct span *method = &upstream->method_statement->span;
    return peer->statement->span.source == method->source &&
           peer->statement->span.begin < method->begin;
}

void check_rule_backup_with_hash(struct finding_list *findings) {
    struct arena *arena = findings->model->arena;
    for (size_t i = 0; i < findings->model->upstreams.count; i++) {
        const struct upstream *upstream = findings->model->upstreams.items[i];
        for (size_t j = 0; is_by_key(upstream) && j < upstream->peers.count; j++) {
            const struct peer *peer = upstream->peers.items[j];
            const struct word *word = peer->backup ? find_parameter(peer, SLICE("backup")) : NULL;
            if (word == NULL || !is_accepted(upstream, peer)) {
                continue;
            }
            struct slice method = statement_name(upstream->method_statement);
            struct diagnostic *diagnostic = check_report(
                findings, RULE_backup_with_hash, word->span,
                "\"backup\" does not go together with \"%.*s\", and is accepted only because "
                "it stands before it",
                SLICE_ARGS(method));
            diagnostic_note(arena, diagnostic, upstream->method_statement->span,
                            "the group's balancing method");
            diagnostic_help(arena, diagnostic,
                            "leave \"backup\" out, or write \"least_conn;\" instead of \"%.*s\"",
                            SLICE_ARGS(method));
        }
    }
}

/* --- duplicate-peer --- */

/* What makes two peers one and the same backend; sessions that name a route tell them apart. */
static struct slice identity(struct arena *arena, const struct peer *peer) {
    const struct address *address = &peer->address;
    struct text key;
    text_init(&key, arena);
    text_format(&key, "%d %u %.*s ", (int)address->family, address->port, SLICE_ARGS(peer->route));
    if (address->family == TABLE_FAMILY_NAME || address->family == TABLE_FAMILY_UNIX) {
        for (size_t i = 0; i < address->host.size; i++) {
            char byte = address->host.data[i]; /* case is of no matter in names of hosts */
            text_add_byte(&key, address->family == TABLE_FAMILY_NAME ? byte_lower(byte) : byte);
        }
        return text_slice(&key);
    }
    size_t size = address->family == TABLE_FAMILY_IPV4 ? 4 : 16;
    for (size_t i = 0; i < size; i++) {
        text_format(&key, "%02x", address->bytes[i]);
    }
    return text_slice(&key);
}

static void report_duplicate(struct finding_list *findings, const struct peer *first,
                             const struct peer *second) {
    struct arena *arena = findings->model->arena;
    bool is_own_backup = first->backup != second->backup;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_duplicate_peer, statement_argument(second->statement, 0)->span,
                     is_own_backup ? "\"%.*s\" is a backup for itself: when it fails, so do both"
                                   : "\"%.*s\" is in the group already",
                     SLICE_ARGS(second->name));
    diagnostic_note(arena, diagnostic, statement_argument(first->statement, 0)->span,
                    "the same server is here");
    if (is_own_backup) {
        diagnostic_help(arena, diagnostic, "name another server");
    } else {
        diagnostic_help(arena, diagnostic,
                        "remove one of the two; if it is to get more requests, write \"weight=%u\"",
                        first->weight + second->weight);
    }
}

void check_rule_duplicate_peer(struct finding_list *findings) {
    struct arena *arena = findings->model->arena;
    for (size_t i = 0; i < findings->model->upstreams.count; i++) {
        const struct upstream *upstream = findings->model->upstreams.items[i];
        if (!is_written(upstream) || upstream->peers.count < 2) {
            continue;
        }
        struct map seen;
        map_init(&seen, arena);
        for (size_t j = 0; j < upstream->peers.count; j++) {
            struct peer *peer = upstream->peers.items[j];
            const struct peer *first = map_insert(&seen, identity(arena, peer), peer);
            if (first != peer) {
                report_duplicate(findings, first, peer);
            }
        }
    }
}

/* --- all-peers-backup-or-down --- */

static void check_all(struct finding_list *findings, const struct upstream *upstream) {
    bool has_backup = false;
    for (size_t i = 0; i < upstream->peers.count; i++) {
        const struct peer *peer = upstream->peers.items[i];
        if (!peer->down && !peer->backup) {
            return;
        }
        has_backup |= !peer->down;
    }
    struct diagnostic *diagnostic = check_report(
        findings, RULE_all_peers_backup_or_down, statement_argument(upstream->statement, 0)->span,
        has_backup ? "all servers of \"%.*s\" are down but its backups"
                   : "all servers of \"%.*s\" are down: every request is answered with 502",
        SLICE_ARGS(upstream->name));
    if (has_backup) {
        diagnostic->severity = SEVERITY_INFO;
    }
    diagnostic_help(findings->model->arena, diagnostic, "remove \"down\" from one of them");
}

void check_rule_all_peers_backup_or_down(struct finding_list *findings) {
    for (size_t i = 0; i < findings->model->upstreams.count; i++) {
        const struct upstream *upstream = findings->model->upstreams.items[i];
        /* Backups alone are no group: the model says so. */
        bool has_primary = false;
        for (size_t j = 0; j < upstream->peers.count; j++) {
            has_primary |= !upstream->peers.items[j]->backup;
        }
        if (is_written(upstream) && has_primary) {
            check_all(findings, upstream);
        }
    }
}
