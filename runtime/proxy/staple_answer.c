/* What a responder's HTTP answer has to be (RFC 6960 A.2). */
#include "proxy/staple_fetch.h"

/* Parameters that a media type may have do not matter. */
static bool is_media_type(struct slice value) {
    static const struct slice expected = SLICE_INIT("application/ocsp-response");
    return slice_equals_nocase(slice_trim(slice_take(value, slice_find_byte(value, ';'))),
                               expected);
}

static struct slice find_type(const struct probe_answer *answer) {
    const struct http_fields *fields = &answer->head.fields;
    for (uint32_t i = 0; i < fields->count; i++) {
        if (slice_equals_nocase(fields->items[i].name, SLICE("Content-Type"))) {
            return fields->items[i].value;
        }
    }
    return SLICE("");
}

bool staple_judge(const struct ocsp_subject *subject, const struct probe_answer *answer,
                  time_t *expires, struct failure *failure) {
    struct slice body = probe_answer_body(answer);
    struct slice type = find_type(answer);
    if (answer->head.status != 200) {
        return failure_set(failure, "OCSP responder sent status %u", answer->head.status);
    }
    if (!is_media_type(type)) {
        return failure_set(failure, "OCSP responder sent invalid \"Content-Type\" header: \"%.*s\"",
                           type.size < 100 ? (int)type.size : 100, type.data);
    }
    if (body.size > OCSP_ANSWER_LIMIT) {
        return failure_set(failure, "OCSP responder sent more than %d bytes", OCSP_ANSWER_LIMIT);
    }
    return ocsp_accept(subject, body, expires, failure);
}
