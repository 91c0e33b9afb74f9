/* error_page: what is answered instead of an error, or of a redirect. */
#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/state.h"

enum { STATUS_FOUND = 302, STATUS_INTERNAL_ERROR = 500 };

/* Errors after which nginx does not use the client's connection again. */
static bool is_unsettling(uint32_t status) {
    return status == 400 || status == 413 || status == 414 || (status >= 495 && status <= 497) ||
           status == 500 || status == 501;
}

/* The client is gone, or is to be left without an answer: no page is looked for. */
static bool is_silent(uint32_t status) {
    return status == 408 || status == 444 || status == 499;
}

static const struct table_error_page *find_page(const struct engine_request *request,
                                                uint32_t status) {
    const struct table *table = request->engine->table;
    struct table_range pages = request->settings->error_page;
    for (uint32_t i = pages.first; i < pages.first + pages.count; i++) {
        if (table->error_page[i].status == status) {
            return &table->error_page[i];
        }
    }
    return NULL;
}

bool engine_has_error_page(const struct engine_request *request, uint32_t status) {
    return find_page(request, status) != NULL;
}

static enum engine_phase answer_plainly(uint32_t status, const struct slice *location,
                                        struct engine_outcome *outcome) {
    *outcome = location == NULL ? (struct engine_outcome){.kind = ENGINE_PAGE, .status = status}
                                : (struct engine_outcome){ENGINE_REDIRECT, status, *location};
    return ENGINE_PHASE_DONE;
}

static bool is_redirect_status(uint32_t status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The page is asked for with GET, whatever the request was. */
static enum engine_phase go_to_page(struct engine_request *request, struct slice target,
                                    struct engine_outcome *outcome) {
    struct slice uri;
    struct slice args;
    engine_split_args(target, &uri, &args);
    if (!slice_equals(request->method, SLICE("HEAD"))) {
        request->method = SLICE("GET");
    }
    return engine_redirect_internally(request, uri, args, outcome);
}

static enum engine_phase answer_by(struct engine_request *request,
                                   const struct table_error_page *page, uint32_t status,
                                   struct engine_outcome *outcome) {
    struct slice target;
    if (!engine_run_template(request, page->target, &target)) {
        request->error_status = STATUS_INTERNAL_ERROR;
        request->is_unsettled = true;
        return answer_plainly(STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    ENGINE_TELL(request, (struct engine_event){
                             .kind = ENGINE_EVENT_ERROR_PAGE,
                             .record = (uint32_t)(page - request->engine->table->error_page),
                             .status = status,
                             .value = target,
                         });
    if (page->response != TABLE_NONE) {
        request->error_status = page->response;
    }
    if (target.size > 0 && target.data[0] == '/') {
        return go_to_page(request, target, outcome);
    }
    if (target.size > 0 && target.data[0] == '@') {
        return engine_enter_named(request, target, outcome);
    }
    if (page->response == TABLE_NONE || !is_redirect_status(page->response)) {
        request->error_status = STATUS_FOUND;
    }
    return answer_plainly(request->error_status, &target, outcome);
}

enum engine_phase engine_answer_error(struct engine_request *request, uint32_t status,
                                      const struct slice *location,
                                      struct engine_outcome *outcome) {
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_ERROR,
                                               .status = status,
                                               .value = location == NULL ? SLICE("") : *location});
    request->error_status = status;
    request->kept_type = (struct slice){NULL, 0};
    request->effort = 0; /* an answer may be worked out anew; redirects are counted all the same */
    request->is_unsettled = request->is_unsettled || is_unsettling(status);
    if (is_silent(status) || request->has_error_page || request->settings->error_page.count == 0 ||
        request->redirects > ENGINE_REDIRECT_LIMIT) {
        return answer_plainly(status, location, outcome);
    }
    const struct table_error_page *page = find_page(request, status);
    request->redirect = location != NULL ? *location : request->redirect;
    request->has_error_page = request->settings->recursive_error_pages == 0;
    return page == NULL ? answer_plainly(status, location, outcome)
                        : answer_by(request, page, status, outcome);
}
