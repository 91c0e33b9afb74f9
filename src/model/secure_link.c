/* secure_link, secure_link_md5 and secure_link_secret: links that only who knows a secret can make.
 */
#include "model/reading.h"

/* A block checks links in one of two ways. */
static bool check_other(const struct setter_call *call, enum setting_id other) {
    return reject_beside(call, other, DIAGNOSTIC_CONFLICTING_PARAMETERS,
                         "write secure_link_secret alone, or secure_link with secure_link_md5");
}

bool model_set_secure_link(const struct setter_call *call) {
    return check_other(call, SETTING_secure_link_secret) && model_set_template(call);
}

bool model_set_secure_link_secret(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    if (!check_other(call, SETTING_secure_link) || !check_other(call, SETTING_secure_link_md5)) {
        return false;
    }
    if (word->text.size == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "secret",
                            "write a text that nobody guesses: with an empty one anybody can make "
                            "links");
    }
    *(MODEL_TYPE_TEXT *)call->field = word->text;
    return true;
}

/* The way of a block counts, not that of the one around it. */
void secure_link_inherit(struct settings *settings) {
    if (settings->is_own[SETTING_secure_link_secret]) {
        settings->secure_link = (struct template){0};
        settings->secure_link_md5 = (struct template){0};
        settings->origin[SETTING_secure_link] = NULL;
        settings->origin[SETTING_secure_link_md5] = NULL;
    } else if (settings->secure_link.word != NULL || settings->secure_link_md5.word != NULL) {
        settings->secure_link_secret = (struct slice){NULL, 0};
        settings->origin[SETTING_secure_link_secret] = NULL;
    }
}
