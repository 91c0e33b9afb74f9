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

void file_state_destroy(void *data) {
    struct file_state *state = data;
    while (state->caches != NULL) {
        struct file_cache_place *place = state->caches;
        state->caches = place->next;
        file_cache_destroy(place->cache);
        free(place);
    }
    free(state);
}

/* A reload looks at everything anew. Whatever the old table used is used by what is under way. */
void file_state_forget(void *data) {
    struct file_state *state = data;
    for (struct file_cache_place *place = state->caches; place != NULL; place = place->next) {
        file_cache_empty(place->cache);
    }
}

/* The cache of these options; NULL without memory. */
static struct file_cache *find_cache(struct file_state *state, struct table_pair options) {
    struct file_cache_place *place = state->caches;
    while (place != NULL &&
           (place->options.max != options.first || place->options.inactive_ms != options.second)) {
        place = place->next;
    }
    if (place != NULL) {
        return place->cache;
    }
    place = calloc(1, sizeof *place);
    if (place == NULL) {
        return NULL;
    }
    place->options = (struct file_cache_options){options.first, options.second};
    place->cache = file_cache_create(&place->options);
    if (place->cache == NULL) {
        free(place);
        return NULL;
    }
    place->next = state->caches;
    state->caches = place;
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

void file_take(struct exchange *exchange, struct slice name, enum file_wish wish,
               struct file_view *view) {
    const struct table_settings *settings = exchange->request.settings;
    struct file_state *state = exchange->service->file_state;
    char text[PATH_MAX];
    struct file_cache_rules rules = {
        .valid_ms = settings->open_file_cache_valid,
        .min_uses = settings->open_file_cache_min_uses,
        .keeps_errors = settings->open_file_cache_errors != 0,
    };
    *view = (struct file_view){.fd = -1, .call = "open()"};
    if (name.size == 0 || memchr(name.data, '\0', name.size) != NULL) {
        view->error = ENOENT;
    } else if (name.size >= sizeof text) {
        view->error = ENAMETOOLONG;
    } else if (!find_link_rule(exchange, name, &rules.links)) {
        view->error = ENOMEM;
    }
    if (view->error != 0) {
        return;
    }
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    struct file_cache *cache =
        settings->open_file_cache.first > 0 ? find_cache(state, settings->open_file_cache) : NULL;
    if (cache != NULL) {
        file_cache_find(cache, text, name.size, &rules, exchange->service->loop->now, view);
    } else {
        file_find(text, name.size, &rules.links, wish, view);
    }
}

void file_give_back(struct exchange *exchange, struct file_view *view) {
    if (view->entry != NULL) {
        file_cache_give_back(view->entry, exchange->request.settings->open_file_cache_min_uses,
                             exchange->service->loop->now);
    } else if (view->fd >= 0) {
        (void)close(view->fd);
    }
    view->entry = NULL;
    view->fd = -1;
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
