/* What serving clients by TLS takes: the settings of virtual servers behind `listen ... ssl`. */
#include "credentials_search.h"
#include "net/tls_server_context.h"

static bool is_needed(const struct table *table) {
    for (uint32_t i = 0; i < table->endpoint_count; i++) {
        if (table->endpoint[i].ssl != 0) {
            return true;
        }
    }
    return false;
}

/* Whoever asks for a server without a certificate is served with the default server's, unless he is
 * refused; what else it names nobody opens, as in nginx. */
static bool has_context(const struct table_server_settings *settings) {
    return settings->ssl_certificate.count > 0 || settings->ssl_reject_handshake != 0;
}

static void add_user(const struct table *table, uint32_t *users, uint32_t server) {
    if (server == TABLE_NONE) {
        return;
    }
    uint32_t record = table->server[server].own_settings;
    if (users[record] == TABLE_NONE && has_context(&table->server_settings[record])) {
        users[record] = server;
    }
}

/* Users are servers. */
static void find_users(const struct table *table, uint32_t *users) {
    for (uint32_t i = 0; i < table->endpoint_count; i++) {
        const struct table_endpoint *endpoint = &table->endpoint[i];
        const struct table_name_index *names = &table->name_index[endpoint->names];
        if (endpoint->ssl == 0) {
            continue;
        }
        add_user(table, users, endpoint->default_server);
        for (uint32_t j = 0; j < names->slots.count; j++) {
            add_user(table, users, table->name_slot[names->slots.first + j].server);
        }
        for (uint32_t j = 0; j < names->regexes.count; j++) {
            add_user(table, users, table->name_regex[names->regexes.first + j].server);
        }
    }
}

static uint32_t count(const struct table *table) {
    return table->server_settings_count;
}

static bool read_files(const struct credentials_search *search, uint32_t record, uint32_t user) {
    const struct table *table = search->table;
    struct tls_server_file file;
    for (uint32_t i = 0; tls_server_file(table, &table->server_settings[record], i, &file); i++) {
        if (!credentials_read(search, table->server[user].place, file.directive, file.path)) {
            return false;
        }
    }
    return true;
}

static void identify(const struct credentials_search *search, uint32_t record,
                     const struct secrets *secrets, uint8_t identity[TLS_IDENTITY_SIZE]) {
    tls_server_identify(search->table, &search->table->server_settings[record], secrets, NULL,
                        identity);
}

/* Certificates that nobody can be asked about are served all the same. */
static void warn(struct credentials_search *search, struct table_place place,
                 const struct staples *staples) {
    for (uint32_t i = 0; staples != NULL && i < staples->count; i++) {
        if (staples->items[i].problem != NULL) {
            credentials_warn(search, place, staples->items[i].problem);
        }
    }
}

static bool try_context(struct credentials_search *search, uint32_t record, uint32_t user,
                        const struct secrets *secrets) {
    const struct table *table = search->table;
    struct failure reason;
    struct tls_server_context *context = tls_server_context_create(
        table, &table->server_settings[record], secrets, NULL, &search->trusted, &reason);
    if (context == NULL) {
        return credentials_fail(search, table->server[user].place, &reason);
    }
    warn(search, table->server[user].place, context->staples);
    tls_server_context_release(context);
    return true;
}

const struct credentials_kind credentials_servers = {
    .is_needed = is_needed,
    .find_users = find_users,
    .count = count,
    .read = read_files,
    .identify = identify,
    .try = try_context,
};
