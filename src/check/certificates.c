/* Collecting the files that servers and locations name, and reading each once. */
#include "check/certificates.h"

#include "certificate/certificate_probe.h"

#include <openssl/err.h>
#include <string.h>

/* --- places --- */

static struct slice resolve(const struct certificate_set *set, struct slice path) {
    const char *prefix = set->options.prefix;
    if (slice_starts_with(path, SLICE("/")) || strcmp(prefix, ".") == 0) {
        return path;
    }
    return arena_format(set->arena, "%s/%.*s", prefix, SLICE_ARGS(path));
}

static struct certificate_place find_place(const struct certificate_set *set,
                                           const struct statement *statement) {
    struct certificate_place place = {.statement = statement};
    if (statement != NULL && statement_argument_count(statement) > 0) {
        place.word = statement_argument(statement, 0);
        place.path = place.word->text.size > 0 ? resolve(set, place.word->text) : SLICE("");
    }
    return place;
}

/* The same for what nginx finds elsewhere, too: by variables, or in other sources than files. */
static struct certificate_place find_file(const struct certificate_set *set,
                                          const struct statement *statement) {
    struct certificate_place place = find_place(set, statement);
    if (place.word != NULL && !tls_is_file_name(place.word->text)) {
        place.path = SLICE("");
    }
    return place;
}

static void add_obstacle(struct certificate_set *set, const struct certificate_place *place,
                         struct slice problem) {
    if (problem.size > 0) {
        const struct certificate_obstacle obstacle = {.place = *place, .problem = problem};
        VECTOR_PUSH(set->arena, &set->obstacles, obstacle);
    }
}

/* --- pairs --- */

/* What names the files of a pair. That no key is named is an error of the configuration, found
 * elsewhere. */
struct naming {
    struct certificate_place certificate;
    struct certificate_place key;
    struct certificate_place passwords;
    bool is_for_clients;
};

static struct naming name_server_pair(const struct certificate_set *set,
                                      const struct server_settings *settings, size_t position) {
    const struct name_list *certificates = &settings->ssl_certificate;
    const struct name_list *keys = &settings->ssl_certificate_key;
    const struct statement *key =
        position < keys->list.count ? keys->list.items[position].statement : NULL;
    return (struct naming){
        .certificate = find_file(set, certificates->list.items[position].statement),
        .key = find_file(set, key),
        .passwords = find_place(set, settings->origin[SERVER_SETTING_ssl_password_file]),
        .is_for_clients = true,
    };
}

static struct naming name_backend_pair(const struct certificate_set *set,
                                       const struct settings *settings) {
    return (struct naming){
        .certificate = find_file(set, settings->origin[SETTING_proxy_ssl_certificate]),
        .key = find_file(set, settings->origin[SETTING_proxy_ssl_certificate_key]),
        .passwords = find_place(set, settings->origin[SETTING_proxy_ssl_password_file]),
    };
}

static struct slice name_of_key(const struct certificate_set *set, const struct naming *naming) {
    return arena_format(set->arena, "%.*s\n%.*s", SLICE_ARGS(naming->key.path),
                        SLICE_ARGS(naming->passwords.path));
}

static struct slice name_of_pair(const struct certificate_set *set, const struct naming *naming) {
    struct slice key = name_of_key(set, naming);
    return arena_format(set->arena, "%.*s\n%.*s", SLICE_ARGS(naming->certificate.path),
                        SLICE_ARGS(key));
}

static struct certificate_shown *read_certificates(struct certificate_set *set,
                                                   const struct naming *naming) {
    struct slice path = naming->certificate.path;
    struct certificate_shown *shown = map_find(&set->shown_by_path, path);
    if (shown == NULL) {
        shown = arena_require(set->arena, sizeof *shown);
        *shown = (struct certificate_shown){
            .place = naming->certificate,
            .file = certificate_file_read(set->arena, path),
        };
        map_insert(&set->shown_by_path, path, shown);
        VECTOR_PUSH(set->arena, &set->shown, shown);
        add_obstacle(set, &naming->certificate, shown->file->problem);
    }
    return shown;
}

static const struct certificate_key *read_key(struct certificate_set *set,
                                              const struct naming *naming) {
    if (naming->key.path.size == 0) {
        return NULL;
    }
    struct slice name = name_of_key(set, naming);
    struct certificate_key *key = map_find(&set->keys_by_name, name);
    if (key == NULL) {
        key = certificate_key_read(set->arena, naming->key.path, naming->passwords.path);
        map_insert(&set->keys_by_name, name, key);
        add_obstacle(set, &naming->key, key->problem);
    }
    return key;
}

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
    if (naming->certificate.path.size == 0) {
        return;
    }
    struct certificate_shown *shown = read_certificates(set, naming);
    shown->is_for_clients |= naming->is_for_clients;
    struct slice name = name_of_pair(set, naming);
    if (map_find(&set->pairs_by_name, name) != NULL) {
        return;
    }
    const struct certificate_key *key = read_key(set, naming);
    struct certificate_pair *pair = arena_require(set->arena, sizeof *pair);
    *pair = (struct certificate_pair){
        .certificate = naming->certificate,
        .key = naming->key,
        .file = shown->file,
        .private_key = key,
        .owner = find_owner(shown->file, key),
    };
    shown->has_key |= pair->owner == 0;
    map_insert(&set->pairs_by_name, name, pair);
    VECTOR_PUSH(set->arena, &set->pairs, pair);
}

const struct certificate_pair *certificates_find(const struct certificate_set *set,
                                                 const struct server_settings *settings,
                                                 size_t position) {
    const struct naming naming = name_server_pair(set, settings, position);
    return map_find(&set->pairs_by_name, name_of_pair(set, &naming));
}

/* --- other files --- */

static void probe(struct certificate_set *set, const struct statement *statement,
                  enum certificate_content content) {
    struct certificate_place place = find_place(set, statement);
    if (place.path.size == 0) {
        return;
    }
    struct slice name = arena_format(set->arena, "%d %.*s", (int)content, SLICE_ARGS(place.path));
    if (map_find(&set->probed_by_name, name) == NULL) {
        map_insert(&set->probed_by_name, name, set);
        add_obstacle(set, &place, certificate_probe(set->arena, place.path, content));
    }
}

static void probe_all(struct certificate_set *set, const struct name_list *files,
                      enum certificate_content content) {
    for (size_t i = 0; i < files->list.count; i++) {
        probe(set, files->list.items[i].statement, content);
    }
}

/* Those of pairs are read with them. */
static bool is_of_pair(enum certificate_content content) {
    return content == CERTIFICATE_CONTENT_CERTIFICATE || content == CERTIFICATE_CONTENT_KEY;
}

/* Conditions of tls-files.def. */
#define ALWAYS true
#define ON(name) (settings->name != 0)
#define NAMED(name) (settings->name.size > 0)

#define PROBE_TEXT(name, content) probe(set, settings->origin[SERVER_SETTING_##name], content)
#define PROBE_NAMES(name, content) probe_all(set, &settings->name, content)

static void probe_server_files(struct certificate_set *set,
                               const struct server_settings *settings) {
#define SERVER_TLS_FILE(name, storage, condition, content)                                         \
    if ((condition) && !is_of_pair(CERTIFICATE_CONTENT_##content)) {                               \
        PROBE_##storage(name, CERTIFICATE_CONTENT_##content);                                      \
    }
#include "tls-files.def"
}

static void probe_backend_files(struct certificate_set *set, const struct settings *settings) {
#define BACKEND_TLS_FILE(id, name, condition, content)                                             \
    if ((condition) && !is_of_pair(CERTIFICATE_CONTENT_##content)) {                               \
        probe(set, settings->origin[SETTING_##name], CERTIFICATE_CONTENT_##content);               \
    }
#include "tls-files.def"
}

/* --- blocks --- */

static void add_server(struct certificate_set *set, const struct server *server) {
    const struct server_settings *settings = server->own_settings;
    if (server->tls_server != server) {
        return;
    }
    for (size_t i = 0; i < settings->ssl_certificate.list.count; i++) {
        const struct naming naming = name_server_pair(set, settings, i);
        add_pair(set, &naming);
    }
    probe_server_files(set, settings);
}

static void add_location(struct certificate_set *set, const struct location *location) {
    if (location->proxy != NULL && location->proxy->is_tls) {
        const struct naming naming = name_backend_pair(set, location->settings);
        add_pair(set, &naming);
        probe_backend_files(set, location->settings);
    }
}

struct certificate_set *certificates_read(const struct model *model, const struct site *site,
                                          const struct certificate_options *options) {
    struct certificate_set *set = arena_require(model->arena, sizeof *set);
    set->options = *options;
    set->arena = model->arena;
    set->trust = certificate_trust_load(model->arena);
    map_init(&set->shown_by_path, model->arena);
    map_init(&set->keys_by_name, model->arena);
    map_init(&set->pairs_by_name, model->arena);
    map_init(&set->probed_by_name, model->arena);
    for (size_t i = 0; i < model->servers.count; i++) {
        add_server(set, model->servers.items[i]);
    }
    for (size_t i = 0; i < site->locations.count; i++) {
        add_location(set, site->locations.items[i]);
    }
    return set;
}
