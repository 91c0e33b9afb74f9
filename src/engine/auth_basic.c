/* auth_basic: whether the client's user is in a file, with that password (RFC 7617). Files and
 * hashes are the caller's. */
#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/safe_text.h"
#include "engine/state.h"
#include "engine/variable.h"

enum { STATUS_UNAUTHORIZED = 401, STATUS_FORBIDDEN = 403, STATUS_INTERNAL_ERROR = 500 };

/* As in nginx a quote in the realm is not escaped. */
static uint32_t ask_for_user(struct engine_request *request, struct slice realm) {
    struct slice parts[] = {SLICE("Basic realm=\""), realm, SLICE("\"")};
    struct slice challenge;
    if (!engine_join(request, parts, 3, &challenge) ||
        !engine_make_value_safe(request->arena, &challenge) ||
        !engine_add_challenge(request, challenge)) {
        return STATUS_INTERNAL_ERROR;
    }
    return STATUS_UNAUTHORIZED;
}

/* A relative name begins at the prefix. */
static bool find_file(struct engine_request *request, struct slice *file) {
    if (!engine_run_template(request, request->settings->auth_basic_user_file, file)) {
        return false;
    }
    if (slice_starts_with(*file, SLICE("/")) || request->prefix.size == 0) {
        return true;
    }
    struct slice parts[] = {request->prefix, SLICE("/"), *file};
    return engine_join(request, parts, 3, file);
}

static uint32_t judge(struct engine_request *request, struct slice realm, struct slice file,
                      const struct engine_credentials *credentials) {
    switch (request->live->password(request->live_owner, file, credentials->user,
                                    credentials->password)) {
    case ENGINE_PASSWORD_RIGHT:
        return ENGINE_ACCESS_GRANTED;
    case ENGINE_PASSWORD_WRONG:
        engine_note(request, TABLE_LOG_ERROR, "user \"%.*s\": password mismatch",
                    SLICE_ARGS(credentials->user));
        return ask_for_user(request, realm);
    case ENGINE_PASSWORD_NO_USER:
        engine_note(request, TABLE_LOG_ERROR, "user \"%.*s\" was not found in \"%.*s\"",
                    SLICE_ARGS(credentials->user), SLICE_ARGS(file));
        return ask_for_user(request, realm);
    case ENGINE_PASSWORD_NO_FILE:
        return STATUS_FORBIDDEN;
    case ENGINE_PASSWORD_FAILED:
        break;
    }
    return STATUS_INTERNAL_ERROR;
}

static uint32_t check_user(struct engine_request *request, struct slice realm) {
    struct engine_credentials credentials;
    struct slice file;
    switch (engine_find_credentials(request, &credentials)) {
    case ENGINE_VALUE_FOUND:
        break;
    case ENGINE_VALUE_NONE:
        engine_note(request, TABLE_LOG_INFO,
                    "no user/password was provided for basic authentication");
        return ask_for_user(request, realm);
    case ENGINE_VALUE_NO_MEMORY:
        return STATUS_INTERNAL_ERROR;
    }
    return find_file(request, &file) ? judge(request, realm, file, &credentials)
                                     : STATUS_INTERNAL_ERROR;
}

/* Without a file nobody is asked, as in nginx. */
uint32_t engine_check_user(struct engine_request *request) {
    const struct table_settings *settings = request->settings;
    struct slice realm;
    if (settings->auth_basic == TABLE_NONE || settings->auth_basic_user_file == TABLE_NONE) {
        return ENGINE_ACCESS_DECLINED;
    }
    if (!engine_run_template(request, settings->auth_basic, &realm)) {
        return STATUS_INTERNAL_ERROR;
    }
    if (slice_equals(realm, SLICE("off"))) {
        return ENGINE_ACCESS_DECLINED;
    }
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_USER, .subject = realm});
    if (request->live == NULL || request->live->password == NULL) {
        return ENGINE_ACCESS_GRANTED;
    }
    return check_user(request, realm);
}
