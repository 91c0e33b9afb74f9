/* expires: until when clients may keep answers. */
#include "base/expiry.h"
#include "model/reading.h"

static bool reject(const struct setter_call *call, const struct word *word, const char *problem) {
    return reject_word(call, DIAGNOSTIC_INVALID_TIME, word,
                       "write a time (30d, -1), @ and a time of the day (@15h30m), \"epoch\", "
                       "\"max\" or \"off\"; before a time \"modified\" may stand",
                       "\"%s\" does not take \"%.*s\": %s", call->directive->name,
                       SLICE_ARGS(word->text), problem);
}

bool model_set_expires(const struct setter_call *call) {
    MODEL_TYPE_EXPIRES *expires = call->field;
    const struct word *word = statement_argument(call->statement, 0);
    bool is_modified = statement_argument_count(call->statement) == 2;
    if (is_modified && !slice_equals(word->text, SLICE("modified"))) {
        return reject_word(call, DIAGNOSTIC_UNKNOWN_PARAMETER, word,
                           "two words are \"modified\" and a time",
                           "\"%s\" does not know \"%.*s\" before a time", call->directive->name,
                           SLICE_ARGS(word->text));
    }
    word = is_modified ? statement_argument(call->statement, 1) : word;
    struct slice text;
    struct expiry expiry;
    *expires = (struct expires_setting){0};
    struct template value = template_parse(call->model, word, word->text, 0);
    if (!template_is_constant(call->model, &value, &text)) {
        expires->is_set = true;
        expires->kind = is_modified ? TABLE_EXPIRES_MODIFIED : TABLE_EXPIRES_ACCESS;
        expires->value = value;
        return true;
    }
    const char *problem = expiry_parse(text, is_modified, &expiry);
    if (problem != NULL) {
        return reject(call, word, problem);
    }
    expires->is_set = expiry.kind != EXPIRY_OFF;
    expires->kind = expires->is_set ? (enum table_expires_kind)expiry.kind : TABLE_EXPIRES_EPOCH;
    expires->is_negative = expiry.is_negative;
    expires->seconds = expiry.seconds;
    return true;
}

_Static_assert((int)EXPIRY_EPOCH == (int)TABLE_EXPIRES_EPOCH &&
                   (int)EXPIRY_MAX == (int)TABLE_EXPIRES_MAX &&
                   (int)EXPIRY_ACCESS == (int)TABLE_EXPIRES_ACCESS &&
                   (int)EXPIRY_MODIFIED == (int)TABLE_EXPIRES_MODIFIED &&
                   (int)EXPIRY_DAILY == (int)TABLE_EXPIRES_DAILY,
               "the kinds of expiry are those of tables");
