/* Collecting the certificates and keys that blocks name, and reading each file once. */
#include "check/certificates.h"

#include <openssl/err.h>
#include <string.h>

/* --- places --- */

/* What no file stands for: variables, and other sources of nginx's. */
static bool is_file(struct slice path) {
    static const struct slice others[] = {SLICE_INIT("data:"), SLICE_INIT("engine:"),
                                          SLICE_INIT("store:")};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (slice_starts_with(path, others[i])) {
            return false;
        }
    }
    return path.size > 0 && slice_find_byte(path, '$') == path.size;
}

static struct slice resolve(const struct certificate_set *set, struct slice path) {
    const char *prefix = set->options.prefix;
    if (slice_starts_with(path, SLICE("/")) || strcmp(prefix, ".") == 0) {
        return path;
    }
    return arena_format(set->arena, "%s/%.*s", prefix, SLICE_ARGS(path));
}

/* False when there is no file to look at. */
static bool find_place(const struct certificate_set *set, const struct statement *statement,
                       struct certificate_place *place) {
    *place = (struct certificate_place){.statement = statement};
    if (statement == NULL || statement_argument_count(statement) == 0) {
        return false;
    }
    place->word = statement_argument(statement, 0);
    if (!is_file(place->word->text)) {
        return false;
    }
    place->path = resolve(set, place->word->text);
    return true;
}

/* --- files --- */

static const struct certificate_file *read_file(struct certificate_set *set, struct slice path) {
    struct certificate_file *file = map_find(&set->files, path);
    if (file == NULL) {
        file = certificate_file_read(set->arena, path);
        map_insert(&set->files, path, file);
    }
    return file;
}

static const struct certificate_key *read_key(struct certificate_set *set, struct slice path,
                                              const struct statement *passwords) {
    struct certificate_key *key = map_find(&set->keys, path);
    if (key == NULL) {
        struct certificate_place place;
        find_place(set, passwords, &place);
        key = certificate_key_read(set->arena, path, place.path);
        map_insert(&set->keys, path, key);
    }
    return key;
}

/* --- pairs --- */

/* What names the two files; that no key is named is an error of the configuration, found
 * elsewhere. */
struct naming {
    const struct statement *certificate;
    const struct statement *key;
    const struct statement *passwords;
    bool is_for_backends;
};

static bool belongs(X509 *certificate, EVP_PKEY *key) {
    bool is_same = X509_check_private_key(certificate, key) == 1;
    ERR_clear_error();
    return is_same;
}

/* 0 also when there is nothing to compare. */
static size_t find_owner(const struct certificate_file *file, const struct certificate_key *key) {
    if (key == NULL || key->key == NULL || file->certificates.count == 0) {
        return 0;
    }
    for (size_t i = 0; i < file->certificates.count; i++) {
        if (belongs(file->certificates.items[i], key->key)) {
            return i;
        }
    }
    return CERTIFICATE_NONE;
}

static void add_pair(struct certificate_set *set, const struct naming *naming) {
    struct certificate_pair pair = {.is_for_backends = naming->is_for_backends};
    if (!find_place(set, naming->certificate, &pair.certificate)) {
        return;
    }
    find_place(set, naming->key, &pair.key);
    struct slice name = arena_format(set->arena, "%.*s\n%.*s", SLICE_ARGS(pair.certificate.path),
                                     SLICE_ARGS(pair.key.path));
    if (map_find(&set->seen, name) != NULL) {
        return;
    }
    map_insert(&set->seen, name, set);
    pair.is_file_repeated = map_find(&set->files, pair.certificate.path) != NULL;
    pair.file = read_file(set, pair.certificate.path);
    if (pair.key.path.size > 0) {
        pair.private_key = read_key(set, pair.key.path, naming->passwords);
    }
    pair.owner = find_owner(pair.file, pair.private_key);
    size_t *position = arena_require(set->arena, sizeof *position);
    *position = set->pairs.count;
    map_insert(&set->first, pair.certificate.path, position);
    VECTOR_PUSH(set->arena, &set->pairs, pair);
}

const struct certificate_pair *certificates_find(const struct certificate_set *set,
                                                 struct slice path) {
    struct slice resolved = is_file(path) ? resolve(set, path) : (struct slice){0};
    const size_t *position = map_find(&set->first, resolved);
    return position != NULL ? &set->pairs.items[*position] : NULL;
}

/* --- others --- */

enum content { CONTENT_CERTIFICATES, CONTENT_TICKET_KEY, CONTENT_ANY };

static struct slice find_problem(struct certificate_set *set, struct slice path,
                                 enum content content) {
    switch (content) {
    case CONTENT_CERTIFICATES:
        return read_file(set, path)->problem;
    case CONTENT_TICKET_KEY:
        return certificate_ticket_key_probe(set->arena, path);
    default:
        return certificate_file_probe(set->arena, path);
    }
}

static void add_other(struct certificate_set *set, const struct statement *statement,
                      enum content content) {
    struct certificate_other other = {0};
    if (!find_place(set, statement, &other.place) ||
        map_find(&set->seen, other.place.path) != NULL) {
        return;
    }
    other.problem = find_problem(set, other.place.path, content);
    VECTOR_PUSH(set->arena, &set->others, other);
    map_insert(&set->seen, other.place.path, set);
}

/* --- blocks --- */

/* nginx reads what a server names whether it speaks TLS or not; so does this. */
static void add_server_pairs(struct certificate_set *set, const struct server_settings *settings) {
    const struct name_list *certificates = &settings->ssl_certificate;
    const struct name_list *keys = &settings->ssl_certificate_key;
    for (size_t i = 0; i < certificates->list.count; i++) {
        const struct naming naming = {
            .certificate = certificates->list.items[i].statement,
            .key = i < keys->list.count ? keys->list.items[i].statement : NULL,
            .passwords = settings->origin[SERVER_SETTING_ssl_password_file],
        };
        add_pair(set, &naming);
    }
}

static const struct {
    enum setting_id setting;
    enum content content;
} backend_files[] = {
    {SETTING_proxy_ssl_trusted_certificate, CONTENT_CERTIFICATES},
    {SETTING_proxy_ssl_crl, CONTENT_ANY},
};

/* Settings that nothing uses name no files: rpcd opens only those of locations that need them. */
static void add_location(struct certificate_set *set, const struct location *location) {
    const struct settings *settings = location->settings;
    if (location->proxy != NULL && location->proxy->is_tls) {
        const struct naming naming = {
            .certificate = settings->origin[SETTING_proxy_ssl_certificate],
            .key = settings->origin[SETTING_proxy_ssl_certificate_key],
            .passwords = settings->origin[SETTING_proxy_ssl_password_file],
            .is_for_backends = true,
        };
        add_pair(set, &naming);
        for (size_t i = 0; i < sizeof backend_files / sizeof backend_files[0]; i++) {
            add_other(set, settings->origin[backend_files[i].setting], backend_files[i].content);
        }
    }
    for (size_t i = 0; i < location->nested.count; i++) {
        add_location(set, location->nested.items[i]);
    }
}

static const struct {
    enum server_setting_id setting;
    enum content content;
} server_files[] = {
    {SERVER_SETTING_ssl_client_certificate, CONTENT_CERTIFICATES},
    {SERVER_SETTING_ssl_trusted_certificate, CONTENT_CERTIFICATES},
    {SERVER_SETTING_ssl_crl, CONTENT_ANY},
    {SERVER_SETTING_ssl_dhparam, CONTENT_ANY},
    {SERVER_SETTING_ssl_password_file, CONTENT_ANY},
    {SERVER_SETTING_ssl_stapling_file, CONTENT_ANY},
};

static void add_server(struct certificate_set *set, const struct server *server) {
    const struct name_list *ticket_keys = &server->own_settings->ssl_session_ticket_key;
    add_server_pairs(set, server->own_settings);
    for (size_t i = 0; i < ticket_keys->list.count; i++) {
        add_other(set, ticket_keys->list.items[i].statement, CONTENT_TICKET_KEY);
    }
    for (size_t i = 0; i < sizeof server_files / sizeof server_files[0]; i++) {
        add_other(set, server->own_settings->origin[server_files[i].setting],
                  server_files[i].content);
    }
    for (size_t i = 0; i < server->conditions.count; i++) {
        add_location(set, server->conditions.items[i]);
    }
    for (size_t i = 0; i < server->locations.count; i++) {
        add_location(set, server->locations.items[i]);
    }
}

struct certificate_set *certificates_read(const struct model *model,
                                          const struct certificate_options *options) {
    struct certificate_set *set = arena_require(model->arena, sizeof *set);
    set->options = *options;
    set->arena = model->arena;
    set->trust = certificate_trust_load(model->arena);
    map_init(&set->files, model->arena);
    map_init(&set->keys, model->arena);
    map_init(&set->seen, model->arena);
    map_init(&set->first, model->arena);
    for (size_t i = 0; i < model->servers.count; i++) {
        add_server(set, model->servers.items[i]);
    }
    return set;
}
