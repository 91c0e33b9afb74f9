/* The way of a body through gzip or gunzip. What comes out waits in a queue whose limit is that of
 * gzip_buffers; while it is full no input is taken, so that a slow client stops its backend, and a
 * small body that stands for a large one (a decompression bomb) is opened only as fast as the
 * client takes it. */
#include "http/response_filter.h"

#include "http/internal.h"

#include "base/container.h"
#include "engine/compression.h"
#include "filter/queue.h"
#include "filter/stream.h"

#include <string.h>

enum {
    WORTH_SENDING = 4096, /* bytes that are sent although more is coming */
    ROUNDS_PER_TURN = 16  /* then others have their turn */
};

struct http_filter {
    struct exchange *exchange;
    struct filter_stream *stream; /* NULL: still postponed, or ended */
    struct filter_queue output;
    struct filter_queue postponed; /* input, before the stream begins */
    struct loop_task go_on;
    bool is_gunzip;
    bool is_postponing;
    bool sends_at_once; /* gzip_no_buffer */
    bool wants_flush;
    bool has_all;      /* the last input was taken */
    bool is_ended;     /* the last output is in the queue */
    bool is_over;      /* the front has it, or nobody wants it any more */
    bool is_head_sent; /* the front was given its turn once */
    uint64_t taken;    /* of the whole body */
    uint64_t made;
};

/* --- memory --- */

/* A stream is the largest thing that a request needs. When there is no memory for one, what is kept
 * of buffers for later is given back first. */
static struct filter_stream *create_stream(const struct exchange *exchange, bool is_gunzip) {
    const struct table_settings *settings = exchange->request.settings;
    const struct filter_gzip_options options = {
        .level = settings->gzip_comp_level,
        .window = settings->gzip_window,
        .hash = settings->gzip_hash,
        .length = exchange->response.has_length ? exchange->response.length : 0,
    };
    struct filter_stream *stream =
        is_gunzip ? filter_gunzip_create() : filter_gzip_create(&options);
    if (stream == NULL) {
        buffer_pool_release(&exchange->service->buffers);
        stream = is_gunzip ? filter_gunzip_create() : filter_gzip_create(&options);
    }
    return stream;
}

static uint64_t multiply(struct table_pair pair) {
    uint64_t product;
    return __builtin_mul_overflow(pair.first, pair.second, &product) ? UINT64_MAX : product;
}

static void drop_stream(struct http_filter *filter) {
    filter_stream_destroy(filter->stream);
    filter->stream = NULL;
}

static void give_up(struct http_filter *filter) {
    drop_stream(filter);
    filter_queue_clear(&filter->output);
    filter_queue_clear(&filter->postponed);
    loop_cancel(filter->exchange->service->loop, &filter->go_on);
    filter->is_over = true;
}

void http_filter_release(struct exchange *exchange) {
    if (exchange->filter != NULL) {
        give_up(exchange->filter);
    }
}

static void resume(struct loop_task *task) {
    exchange_resume(CONTAINER_OF(task, struct http_filter, go_on)->exchange);
}

static bool create(struct exchange *exchange, bool is_gunzip) {
    const struct table_settings *settings = exchange->request.settings;
    struct http_filter *filter = arena_allocate(&exchange->arena, sizeof *filter);
    if (filter == NULL) {
        return false;
    }
    *filter = (struct http_filter){
        .exchange = exchange,
        .is_gunzip = is_gunzip,
        .is_postponing = !is_gunzip && settings->postpone_gzipping > 0,
        .sends_at_once = !is_gunzip && settings->gzip_no_buffer != 0,
        .go_on = {.run = resume},
    };
    struct buffer_pool *pool = &exchange->service->buffers;
    filter_queue_init(&filter->output, pool,
                      multiply(is_gunzip ? settings->gunzip_buffers : settings->gzip_buffers));
    filter_queue_init(&filter->postponed, pool, settings->postpone_gzipping);
    if (!filter->is_postponing) {
        filter->stream = create_stream(exchange, is_gunzip);
        if (filter->stream == NULL) {
            return false;
        }
    }
    exchange->filter = filter;
    return true;
}

/* --- heads --- */

static bool is_named(const struct engine_header *field, struct slice name) {
    return slice_equals_nocase(field->name, name);
}

static void remove_field(struct http_response *response, uint32_t index) {
    response->field_count--;
    memmove(response->fields + index, response->fields + index + 1,
            (response->field_count - index) * sizeof *response->fields);
}

/* What is sent is not byte for byte what the tag was given for (RFC 9110 8.8.1). As nginx, what is
 * no tag goes. False without memory. */
static bool weaken_tags(struct exchange *exchange) {
    struct http_response *response = &exchange->response;
    for (uint32_t i = 0; i < response->field_count; i++) {
        struct engine_header *field = &response->fields[i];
        if (!is_named(field, SLICE("ETag")) ||
            (field->value.size > 2 && slice_starts_with(field->value, SLICE("W/")))) {
            continue;
        }
        if (field->value.size == 0 || field->value.data[0] != '"') {
            remove_field(response, i--);
            continue;
        }
        char *text = arena_allocate_bytes(&exchange->arena, field->value.size + 2);
        if (text == NULL) {
            return false;
        }
        memcpy(mempcpy(text, "W/", 2), field->value.data, field->value.size);
        field->value = (struct slice){text, field->value.size + 2};
    }
    return true;
}

/* Parts and their length are those of the body as it was. */
static bool change_head(struct exchange *exchange, bool is_gunzip, uint32_t own_count) {
    struct http_response *response = &exchange->response;
    bool has_removed = !is_gunzip;
    for (uint32_t i = own_count; i > 0; i--) {
        const struct engine_header *field = &response->fields[i - 1];
        if (is_named(field, SLICE("Accept-Ranges"))) {
            remove_field(response, i - 1);
        } else if (!has_removed && is_named(field, SLICE("Content-Encoding"))) {
            remove_field(response, i - 1);
            has_removed = true;
        }
    }
    response->has_length = false;
    return weaken_tags(exchange) &&
           (is_gunzip || exchange_add_field(exchange, SLICE("Content-Encoding"), SLICE("gzip")));
}

static bool is_http10(const struct exchange *exchange) {
    return !exchange->is_http2 && exchange->head.minor == 0;
}

bool exchange_accepts_gzip(struct exchange *exchange) {
    return exchange->main == NULL &&
           engine_accepts_precompressed(&exchange->request, is_http10(exchange),
                                        &exchange->gzip_verdict);
}

static struct engine_compression choose(struct exchange *exchange, uint32_t own_count) {
    const struct http_response *response = &exchange->response;
    const struct engine_response_head head = {
        .status = response->status,
        .is_http10 = is_http10(exchange),
        .is_from_back = response->is_from_back || exchange->request.kept_type.size > 0,
        .has_length = response->has_length,
        .length = response->length,
        .now = exchange->service->loop->clock.tv_sec,
        .fields = response->fields,
        .field_count = response->field_count,
        .own_count = own_count,
    };
    return engine_choose_compression(&exchange->request, &head, exchange->gzip_verdict);
}

bool http_filter_would_recode(struct exchange *exchange, uint32_t own_count) {
    return choose(exchange, own_count).coding != ENGINE_AS_IT_IS;
}

bool http_filter_head(struct exchange *exchange, uint32_t own_count) {
    struct engine_compression chosen = {ENGINE_AS_IT_IS, false};
    if (!exchange->response.is_upgrade) {
        chosen = choose(exchange, own_count);
    }
    bool is_gunzip = chosen.coding == ENGINE_GUNZIP;
    bool is_filtered = chosen.coding != ENGINE_AS_IT_IS;
    if (is_filtered && exchange_response_has_body(exchange) && !create(exchange, is_gunzip)) {
        exchange_log(exchange, TABLE_LOG_ALERT, (struct slice){0},
                     "no memory for %s: the response goes as it is", is_gunzip ? "gunzip" : "gzip");
        is_filtered = false;
    }
    if (is_filtered && !change_head(exchange, is_gunzip, own_count)) {
        return false;
    }
    exchange->varies = exchange->varies || chosen.varies;
    return !exchange->varies || exchange->request.settings->gzip_vary == 0 ||
           exchange_add_field(exchange, SLICE("Vary"), SLICE("Accept-Encoding"));
}

/* --- bodies: in --- */

/* A response that cannot go on ends so that nobody takes it for a whole one. */
static void break_off(struct http_filter *filter, const char *reason) {
    struct exchange *exchange = filter->exchange;
    exchange_log(exchange, TABLE_LOG_ERROR, (struct slice){0}, "%s", reason);
    give_up(filter);
    exchange->is_aborted = true;
    exchange->front_operations->abort(exchange);
}

/* Input through the stream into the queue, as far as there is room. */
static enum filter_result push(struct http_filter *filter, struct slice *input,
                               enum filter_end end) {
    for (;;) {
        char *at;
        size_t room;
        size_t made;
        enum filter_room found = filter_queue_find_room(&filter->output, &at, &room);
        if (found != FILTER_ROOM) {
            bool is_stuck = found == FILTER_NO_MEMORY && filter->output.size == 0;
            return is_stuck ? FILTER_BROKEN : FILTER_FULL;
        }
        enum filter_result result = filter_stream_run(filter->stream, input, end, at, room, &made);
        filter_queue_wrote(&filter->output, made);
        if (result != FILTER_FULL) {
            return result;
        }
    }
}

static enum filter_result push_postponed(struct http_filter *filter) {
    struct slice piece;
    while (filter_queue_peek(&filter->postponed, &piece, 1) > 0) {
        struct slice rest = piece;
        enum filter_result result = push(filter, &rest, FILTER_MORE);
        filter_queue_drop(&filter->postponed, piece.size - rest.size);
        if (result != FILTER_HUNGRY) {
            return result;
        }
    }
    return FILTER_HUNGRY;
}

/* What a handler offers, and how far it has been taken. */
struct offer {
    const struct slice *pieces;
    uint32_t count;
    bool last;
    size_t taken;
    uint32_t index;
    size_t used; /* of the current piece */
};

static void advance(struct offer *offer, size_t size) {
    offer->taken += size;
    offer->used += size;
    if (offer->used == offer->pieces[offer->index].size) {
        offer->index++;
        offer->used = 0;
    }
}

/* Collects input while there may be little of it. Returns whether that goes on. */
static bool postpone(struct http_filter *filter, struct offer *offer) {
    while (offer->index < offer->count) {
        struct slice piece = slice_skip(offer->pieces[offer->index], offer->used);
        size_t size = filter_queue_append(&filter->postponed, piece);
        advance(offer, size);
        if (size < piece.size) {
            return false;
        }
    }
    return !offer->last && !filter->wants_flush;
}

static bool start_postponed(struct http_filter *filter) {
    filter->is_postponing = false;
    filter->stream = create_stream(filter->exchange, false);
    return filter->stream != NULL;
}

static enum filter_result take(struct http_filter *filter, struct offer *offer) {
    enum filter_result result = push_postponed(filter);
    while (result == FILTER_HUNGRY && offer->index < offer->count) {
        struct slice rest = slice_skip(offer->pieces[offer->index], offer->used);
        size_t size = rest.size;
        result = push(filter, &rest, FILTER_MORE);
        advance(offer, size - rest.size);
    }
    filter->has_all = filter->has_all || (offer->last && offer->index == offer->count);
    if (result != FILTER_HUNGRY) {
        return result;
    }
    struct slice nothing = SLICE("");
    if (!filter->has_all) {
        result = push(filter, &nothing, filter->wants_flush ? FILTER_FLUSH : FILTER_MORE);
        filter->wants_flush = filter->wants_flush && result != FILTER_HUNGRY;
        return result;
    }
    result = push(filter, &nothing, FILTER_LAST);
    if (result == FILTER_HUNGRY) {
        filter->is_ended = true;
        filter->taken = filter_stream_taken(filter->stream);
        filter->made = filter_stream_made(filter->stream);
        drop_stream(filter);
    }
    return result;
}

/* --- bodies: out --- */

/* Offers the queue to the front; whether it has taken all of it. */
static bool send_queue(struct http_filter *filter) {
    struct exchange *exchange = filter->exchange;
    do {
        struct slice pieces[EXCHANGE_PIECES];
        uint32_t count = filter_queue_peek(&filter->output, pieces, EXCHANGE_PIECES);
        size_t size = 0;
        for (uint32_t i = 0; i < count; i++) {
            size += pieces[i].size;
        }
        bool last = filter->is_ended && size == filter->output.size;
        size_t taken = exchange_pass_body(exchange, pieces, count, last);
        filter->is_head_sent = true;
        filter_queue_drop(&filter->output, taken);
        if (taken < size) {
            return false;
        }
        filter->is_over = filter->is_over || last;
    } while (filter->output.size > 0);
    return true;
}

/* Takes and sends in turn, until one of both goes no further. `must_send`: even if it is little. */
static void run(struct http_filter *filter, struct offer *offer, bool must_send) {
    if (filter->is_postponing && postpone(filter, offer) && !must_send) {
        return;
    }
    for (int rounds = 0; rounds < ROUNDS_PER_TURN && !filter->is_over; rounds++) {
        bool is_postponing = filter->is_postponing && !offer->last &&
                             offer->index == offer->count && !filter->wants_flush;
        enum filter_result result = FILTER_HUNGRY;
        if (filter->is_postponing && !is_postponing && !start_postponed(filter)) {
            break_off(filter, "no memory for gzip");
            return;
        }
        if (!is_postponing && !filter->is_ended) {
            result = take(filter, offer);
        }
        if (result == FILTER_BROKEN) {
            break_off(filter, filter->is_gunzip ? "a response could not be decompressed"
                                                : "no memory for gzip");
            return;
        }
        bool is_worth = must_send || result == FILTER_FULL || filter->is_ended ||
                        (filter->sends_at_once && filter->output.size > 0);
        if (!is_worth || !send_queue(filter) || result == FILTER_HUNGRY) {
            return;
        }
    }
    if (!filter->is_over) {
        loop_defer_next(filter->exchange->service->loop, &filter->go_on);
    }
}

size_t http_filter_body(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                        bool last) {
    struct http_filter *filter = exchange->filter;
    struct offer offer = {.pieces = pieces, .count = count, .last = last};
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        size += pieces[i].size;
    }
    if (filter->is_over || filter->has_all) {
        return size; /* what is left is sent when the front has room */
    }
    run(filter, &offer, false);
    return filter->is_over ? size : offer.taken;
}

void http_filter_flush(struct exchange *exchange, bool is_needed) {
    struct http_filter *filter = exchange->filter;
    struct offer nothing = {0};
    if (filter->is_over || filter->has_all || filter->go_on.is_queued) {
        return;
    }
    filter->wants_flush = filter->wants_flush || is_needed;
    bool is_worth = !filter->is_head_sent || filter->output.size >= WORTH_SENDING;
    if (is_needed || is_worth) {
        run(filter, &nothing, true);
    }
}

bool http_filter_resume(struct exchange *exchange) {
    struct http_filter *filter = exchange->filter;
    struct offer nothing = {0};
    if (!filter->is_over) {
        run(filter, &nothing, true);
    }
    return !filter->is_over && !filter->has_all && filter->output.size == 0 &&
           !filter->go_on.is_queued;
}

bool http_filter_sizes(const struct exchange *exchange, uint64_t *before, uint64_t *after) {
    const struct http_filter *filter = exchange->filter;
    if (filter == NULL || filter->is_gunzip || filter->made == 0) {
        return false;
    }
    *before = filter->taken;
    *after = filter->made;
    return true;
}
