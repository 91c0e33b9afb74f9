/* rewrite: a new path and new arguments, or a redirect, made of a path that matches. */
#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/path.h"
#include "engine/sequence.h"
#include "engine/state.h"

#include <string.h>

/* The arguments that the request had, behind new ones or alone. */
static bool add_old_args(struct engine_request *request, struct slice *args) {
    struct slice parts[] = {*args, SLICE("&"), request->args};
    return request->args.size == 0 || engine_join(request, parts, 3, args);
}

static bool change_path(struct engine_run *run, const struct table_rewrite *rewrite) {
    struct engine_request *request = run->request;
    struct slice path;
    struct slice args = request->args;
    if (!engine_sequence_template(request, rewrite->path, false, &path)) {
        return false;
    }
    if (rewrite->args != TABLE_NONE) {
        if (!engine_sequence_template(request, rewrite->args, true, &args) ||
            (rewrite->keep_args != 0 && !add_old_args(request, &args))) {
            return false;
        }
    } else if (rewrite->keep_args == 0) {
        args = (struct slice){NULL, 0};
    }
    request->uri = path;
    request->args = args;
    if (path.size == 0) {
        engine_note(request, TABLE_LOG_ERROR, "the rewritten URI has a zero length");
        return false;
    }
    return true;
}

/* Whether an encoded byte of a redirect's path is better written plainly. */
static bool is_plain(int byte) {
    return byte > '%' && byte < 0x7f;
}

/* Reads one byte at *position of a redirect's path, escaped or not, and writes what becomes of it:
 * the escape as it is, the byte it stands for, or of a malformed one what nginx leaves. */
static size_t unescape_byte(struct slice text, size_t *position, char *out) {
    size_t begin = (*position)++;
    if (text.data[begin] != '%') {
        *out = text.data[begin];
        return 1;
    }
    if (*position == text.size) {
        return 0;
    }
    int high = engine_hex_value(text.data[(*position)++]);
    if (high < 0) {
        *out = text.data[begin + 1];
        return 1;
    }
    int low = *position < text.size ? engine_hex_value(text.data[(*position)++]) : -1;
    if (low < 0) {
        return 0;
    }
    if (is_plain(high * 16 + low)) {
        *out = (char)(high * 16 + low);
        return 1;
    }
    memcpy(out, text.data + begin, 3);
    return 3;
}

/* As NGX_UNESCAPE_REDIRECT: up to the arguments, escapes of harmless bytes are taken back. */
static bool unescape_redirect(struct engine_request *request, struct slice *text) {
    if (slice_find_byte(*text, '%') == text->size) {
        return true;
    }
    char *copy = arena_allocate_bytes(request->arena, text->size);
    if (copy == NULL) {
        return false;
    }
    size_t size = 0;
    size_t position = 0;
    while (position < text->size && (size == 0 || copy[size - 1] != '?')) {
        size += unescape_byte(*text, &position, copy + size);
    }
    struct slice args = slice_skip(*text, position);
    if (args.size > 0) {
        memcpy(copy + size, args.data, args.size);
    }
    *text = (struct slice){copy, size + args.size};
    return true;
}

static bool make_redirect(struct engine_run *run, const struct table_rewrite *rewrite) {
    struct engine_request *request = run->request;
    struct engine_answer *answer = run->answer;
    if (!engine_sequence_template(request, rewrite->path, true, &answer->text) ||
        !unescape_redirect(request, &answer->text)) {
        return false;
    }
    struct slice parts[] = {answer->text, rewrite->has_args != 0 ? SLICE("&") : SLICE("?"),
                            request->args};
    answer->status = rewrite->redirect;
    answer->has_text = true;
    answer->is_redirect = true;
    run->is_over = true;
    return rewrite->keep_args == 0 || request->args.size == 0 ||
           engine_join(request, parts, 3, &answer->text);
}

static void tell(const struct engine_run *run, uint32_t record, struct slice subject, bool matches,
                 struct slice value) {
    ENGINE_TELL(run->request, (struct engine_event){.kind = ENGINE_EVENT_REWRITE,
                                                    .record = record,
                                                    .subject = subject,
                                                    .result = matches,
                                                    .value = value});
}

bool engine_run_rewrite(struct engine_run *run, const struct table_op *op) {
    struct engine_request *request = run->request;
    const struct table_rewrite *rewrite = &request->engine->table->rewrite[op->a];
    struct slice before = request->uri;
    enum engine_regex_result result = engine_sequence_match(request, rewrite->regex, before);
    if (result != ENGINE_REGEX_MATCHED) {
        tell(run, op->a, before, false, SLICE(""));
        return result == ENGINE_REGEX_UNMATCHED;
    }
    request->is_internal = true;
    request->is_rewritten = true;
    run->has_rewritten = true;
    run->answer->changed_path = rewrite->flag != TABLE_REWRITE_BREAK;
    request->keeps_path = request->keeps_path || rewrite->flag == TABLE_REWRITE_BREAK;
    bool is_done = rewrite->redirect != 0 ? make_redirect(run, rewrite) : change_path(run, rewrite);
    run->is_over = run->is_over || rewrite->flag != TABLE_REWRITE_GO_ON;
    tell(run, op->a, before, true, rewrite->redirect != 0 ? run->answer->text : request->uri);
    return is_done;
}
