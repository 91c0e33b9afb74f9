/* Files of one worker: who asks the file system, and who the cache; what goes wrong, in words. */
#include "file/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- caches --- */

void *file_state_create(struct http_service *service) {
    struct file_state *state = calloc(1, sizeof *state);
    if (state != NULL) {
        state->service = service;
    }
    return state;
}

static void destroy_caches(struct file_cache_place *places) {
    while (places != NULL) {
        struct file_cache_place *place = places;
        places = place->next;
        file_cache_destroy(place->cache);
        free(place);
    }
}

void file_state_destroy(void *data) {
    struct file_state *state = data;
    destroy_caches(state->caches);
    destroy_caches(state->log_caches);
    free(state);
}

static void empty_caches(const struct file_cache_place *places) {
    for (; places != NULL; places = places->next) {
        file_cache_empty(places->cache);
    }
}

/* A reload looks at everything anew. Whatever the old table used is used by what is under way. */
void file_state_forget(void *data) {
    const struct file_state *state = data;
    empty_caches(state->caches);
    empty_caches(state->log_caches);
}

void file_state_forget_logs(void *data) {
    const struct file_state *state = data;
    empty_caches(state->log_caches);
}

/* The cache of these options; NULL without memory. */
static struct file_cache *find_cache(struct file_cache_place **places,
                                     struct file_cache_options options) {
    struct file_cache_place *place = *places;
    while (place != NULL && (place->options.max != options.max ||
                             place->options.inactive_ms != options.inactive_ms)) {
        place = place->next;
    }
    if (place != NULL) {
        return place->cache;
    }
    place = calloc(1, sizeof *place);
    if (place == NULL) {
        return NULL;
    }
    place->options = options;
    place->cache = file_cache_create(&place->options);
    if (place->cache == NULL) {
        free(place);
        return NULL;
    }
    place->next = *places;
    *places = place;
    return place->cache;
}

/* --- links --- */

/* How far links are followed: `from` of disable_symlinks has to be a beginning of the name that
 * ends where a part of it does. One that is the whole name leaves nothing to refuse. */
static bool measure_from(struct exchange *exchange, const struct table_symlinks *symlinks,
                         struct slice name, struct file_link_rule *rule) {
    struct slice from;
    if (!engine_run_template(&exchange->request, symlinks->from, &from)) {
        return false;
    }
    if (from.size == 0 || !slice_starts_with(name, from)) {
        return true;
    }
    if (from.size == name.size) {
        rule->links = FILE_LINKS_FOLLOWED;
    } else if (name.data[from.size] == '/') {
        rule->from = from.size;
    } else if (from.data[from.size - 1] == '/') {
        rule->from = from.size - 1;
    }
    return true;
}

static bool find_link_rule(struct exchange *exchange, struct slice name,
                           struct file_link_rule *rule) {
    uint32_t index = exchange->request.settings->disable_symlinks;
    *rule = (struct file_link_rule){FILE_LINKS_FOLLOWED, 0};
    if (index == TABLE_NONE) {
        return true;
    }
    const struct table_symlinks *symlinks = &exchange->generation->table.symlinks[index];
    rule->links = symlinks->if_not_owner != 0 ? FILE_LINKS_OF_OTHERS_REFUSED : FILE_LINKS_REFUSED;
    return symlinks->from == TABLE_NONE || measure_from(exchange, symlinks, name, rule);
}

/* --- looking and opening --- */

/* Looks for a name by the rules, whose links are found here; without a cache by the wish. */
static void take(struct exchange *exchange, struct slice name, struct file_cache_rules *rules,
                 struct file_cache *cache, enum file_wish wish, struct file_view *view) {
    char text[PATH_MAX];
    *view = (struct file_view){.fd = -1, .call = "open()"};
    if (name.size == 0 || memchr(name.data, '\0', name.size) != NULL) {
        view->error = ENOENT;
    } else if (name.size >= sizeof text) {
        view->error = ENAMETOOLONG;
    } else if (!find_link_rule(exchange, name, &rules->links)) {
        view->error = ENOMEM;
    }
    if (view->error != 0) {
        return;
    }
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    if (cache != NULL) {
        file_cache_find(cache, text, name.size, rules, exchange->service->loop->now, view);
    } else {
        file_find(text, name.size, &rules->links, wish, view);
    }
}

static void give_back(struct exchange *exchange, uint32_t min_uses, struct file_view *view) {
    if (view->entry != NULL) {
        file_cache_give_back(view->entry, min_uses, exchange->service->loop->now);
    } else if (view->fd >= 0) {
        (void)close(view->fd);
    }
    view->entry = NULL;
    view->fd = -1;
}

void file_take(struct exchange *exchange, struct slice name, enum file_wish wish,
               struct file_view *view) {
    const struct table_settings *settings = exchange->request.settings;
    struct file_state *state = exchange->service->file_state;
    struct file_cache_rules rules = {
        .valid_ms = settings->open_file_cache_valid,
        .min_uses = settings->open_file_cache_min_uses,
        .keeps_errors = settings->open_file_cache_errors != 0,
    };
    const struct file_cache_options options = {settings->open_file_cache.first,
                                               settings->open_file_cache.second};
    take(exchange, name, &rules, options.max > 0 ? find_cache(&state->caches, options) : NULL, wish,
         view);
}

void file_give_back(struct exchange *exchange, struct file_view *view) {
    give_back(exchange, exchange->request.settings->open_file_cache_min_uses, view);
}

static const struct table_log_cache *log_cache_of(const struct exchange *exchange) {
    uint32_t index = exchange->request.settings->open_log_file_cache;
    return index != TABLE_NONE ? &exchange->generation->table.log_cache[index] : NULL;
}

void file_take_log(struct exchange *exchange, struct slice name, struct file_view *view) {
    const struct table_log_cache *record = log_cache_of(exchange);
    struct file_state *state = exchange->service->file_state;
    struct file_cache_rules rules = {.is_appended = true};
    struct file_cache *cache = NULL;
    if (record != NULL) {
        rules.valid_ms = record->valid;
        rules.min_uses = record->min_uses;
        cache = find_cache(&state->log_caches,
                           (struct file_cache_options){record->max, record->inactive});
    }
    take(exchange, name, &rules, cache, FILE_WISH_APPEND, view);
}

void file_give_log_back(struct exchange *exchange, struct file_view *view) {
    const struct table_log_cache *record = log_cache_of(exchange);
    give_back(exchange, record != NULL ? record->min_uses : 0, view);
}

void file_log_failure(struct exchange *exchange, enum table_log_level level, const char *call,
                      struct slice name, int error) {
    exchange_log(exchange, level, (struct slice){0}, "%s \"%.*s\" failed (%d: %s)", call,
                 SLICE_ARGS(name), error, strerror(error));
}

/* What the engine is told of errors. */
static const struct {
    int error;
    enum engine_file found;
} errors[] = {
    {ENOENT, ENGINE_FILE_NONE},       {EACCES, ENGINE_FILE_DENIED},
    {ELOOP, ENGINE_FILE_LINK},        {EMLINK, ENGINE_FILE_LINK},
    {ENOTDIR, ENGINE_FILE_NO_FOLDER}, {ENAMETOOLONG, ENGINE_FILE_TOO_LONG},
};

static uint32_t describe_error(struct exchange *exchange, struct slice path,
                               const struct file_view *view) {
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i].error == view->error) {
            return errors[i].found;
        }
    }
    file_log_failure(exchange, TABLE_LOG_CRIT, view->call, path, view->error);
    return ENGINE_FILE_FAILED;
}

/* A file is what its link points to; what is neither file nor folder does not exist for -e, -f and
 * -d, as in nginx. */
uint32_t file_look(struct exchange *exchange, struct slice path) {
    struct file_view view;
    file_take(exchange, path, FILE_WISH_FACTS, &view);
    file_give_back(exchange, &view);
    if (view.error != 0) {
        return describe_error(exchange, path, &view);
    }
    return (view.is_executable ? ENGINE_FILE_EXECUTABLE : 0) |
           (view.is_regular ? ENGINE_FILE_EXISTS | ENGINE_FILE_REGULAR : 0) |
           (view.is_folder ? ENGINE_FILE_EXISTS | ENGINE_FILE_DIRECTORY : 0) |
           (view.is_regular || view.is_folder ? 0 : ENGINE_FILE_SPECIAL);
}
