/* Redirects of a block; see redirects.h. */
#include "check/redirects.h"

#include "check/steps.h"

static void add_step(struct arena *arena, const struct site_block *block,
                     const struct rewrite_step *step, struct redirect_list *list) {
    struct redirect redirect = {.captured = steps_find_captured(block->location, step)};
    if (step->kind == REWRITE_RETURN && step->is_redirect) {
        redirect.target = &step->text;
        VECTOR_PUSH(arena, &list->items, redirect);
    } else if (step->kind == REWRITE_PATH && step->rewriting->redirect != 0) {
        redirect.target = &step->rewriting->path;
        redirect.escapes_captures = true;
        VECTOR_PUSH(arena, &list->items, redirect);
    }
}

/* One statement is an entry for each of its statuses. */
static void add_error_pages(struct arena *arena, const struct site_block *block,
                            struct redirect_list *list) {
    const struct error_page_list *pages = &block->settings->error_page;
    const struct statement *last = NULL;
    for (size_t i = 0; i < pages->list.count; i++) {
        const struct error_page_setting *page = &pages->list.items[i];
        bool is_page = page->target.word == NULL || page->target.word->text.size == 0 ||
                       strchr("/@", page->target.word->text.data[0]) != NULL;
        if (!is_page && page->statement != last) {
            last = page->statement;
            VECTOR_PUSH(arena, &list->items, ((struct redirect){.target = &page->target}));
        }
    }
}

void redirects_collect(struct arena *arena, const struct site_block *block,
                       struct redirect_list *list) {
    const struct rewrite *rewrite = block->location != NULL ? &block->location->rewrite
                                    : block->server != NULL ? &block->server->rewrite
                                                            : NULL;
    for (size_t i = 0; rewrite != NULL && i < rewrite->steps.count; i++) {
        add_step(arena, block, &rewrite->steps.items[i], list);
    }
    if (block->settings->is_own[SETTING_error_page]) {
        add_error_pages(arena, block, list);
    }
}
