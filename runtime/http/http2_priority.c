/* Which of the streams that wait for room is next (RFC 9218): the most urgent one. Of equally
 * urgent ones those whose client wants them one after the other go in the order they were asked
 * for, then all others take turns. A client that says nothing of priorities gets turns, so that an
 * endless answer holds up no other one. */
#include "http/http2_front.h"

#include <string.h>

enum { URGENCY_USUAL = 3, URGENCY_LAST = 7 };

static struct slice trim(struct slice text) {
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = slice_skip(text, 1);
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

/* One member of the dictionary (RFC 8941 3.2). What is unknown, or of another type, means nothing.
 */
static void take_member(struct http2_priority *priority, struct slice member) {
    if (member.size == 3 && memcmp(member.data, "u=", 2) == 0 && member.data[2] >= '0' &&
        member.data[2] <= '0' + URGENCY_LAST) {
        priority->urgency = (uint8_t)(member.data[2] - '0');
    } else if (slice_equals(member, SLICE("i")) || slice_equals(member, SLICE("i=?1"))) {
        priority->takes_turns = true;
    } else if (slice_equals(member, SLICE("i=?0"))) {
        priority->takes_turns = false;
    }
}

struct http2_priority http2_priority_parse(struct slice value) {
    struct http2_priority priority = {.urgency = URGENCY_USUAL};
    while (value.size > 0) {
        const char *comma = memchr(value.data, ',', value.size);
        size_t size = comma == NULL ? value.size : (size_t)(comma - value.data);
        take_member(&priority, trim(slice_take(value, size)));
        value = slice_skip(value, comma == NULL ? size : size + 1);
    }
    return priority;
}

/* Looked for when it is first needed: most streams never wait. */
static void find_priority(struct http2_stream *stream) {
    struct slice value;
    if (stream->has_priority) {
        return;
    }
    stream->has_priority = true;
    stream->priority = engine_find_header(&stream->exchange->request, SLICE("priority"), &value)
                           ? http2_priority_parse(value)
                           : (struct http2_priority){URGENCY_USUAL, true};
}

static bool goes_before(const struct http2_stream *stream, const struct http2_stream *other) {
    const struct http2_priority *ours = &stream->priority;
    const struct http2_priority *theirs = &other->priority;
    if (ours->urgency != theirs->urgency) {
        return ours->urgency < theirs->urgency;
    }
    return !ours->takes_turns && (theirs->takes_turns || stream->id < other->id);
}

void http2_wait_enter(struct http2_stream *stream) {
    struct http2_stream **link = &stream->front->blocked;
    if (stream->is_blocked) {
        return;
    }
    find_priority(stream);
    while (*link != NULL && !goes_before(stream, *link)) {
        link = &(*link)->next_blocked;
    }
    stream->is_blocked = true;
    stream->next_blocked = *link;
    stream->blocked_link = link;
    if (*link != NULL) {
        (*link)->blocked_link = &stream->next_blocked;
    }
    *link = stream;
}

void http2_wait_leave(struct http2_stream *stream) {
    struct http2_front *front = stream->front;
    struct http2_stream *next = stream->next_blocked;
    if (!stream->is_blocked) {
        return;
    }
    front->cursor = front->cursor == stream ? next : front->cursor;
    *stream->blocked_link = next;
    if (next != NULL) {
        next->blocked_link = stream->blocked_link;
    }
    stream->is_blocked = false;
}

void http2_priority_change(struct http2_stream *stream, struct slice value) {
    bool is_blocked = stream->is_blocked;
    http2_wait_leave(stream);
    stream->has_priority = true;
    stream->priority = http2_priority_parse(value);
    if (is_blocked) {
        http2_wait_enter(stream);
    }
}
