/* limit_rate and limit_rate_after: how fast a response goes to its client, whoever it comes from.
 * As in nginx each second since the request began allows so many bytes, and after each piece that
 * was sent there is a pause for as long as it should have taken. Only bodies count. */
#include "http/exchange.h"
#include "http/internal.h"

#include "base/container.h"
#include "base/size.h"

enum { SECOND = 1000 /* milliseconds */ };

struct exchange_pace {
    struct exchange *exchange;
    struct timer pause;
    uint64_t rate;  /* bytes a second */
    uint64_t after; /* bytes that cost nothing */
    uint64_t sent;  /* bytes */
};

static struct loop *loop_of(const struct exchange *exchange) {
    return exchange->service->loop;
}

static void go_on(struct timer *timer) {
    exchange_resume(CONTAINER_OF(timer, struct exchange_pace, pause)->exchange);
}

/* What a setting says; nothing, and what variables make of it that is no size, is 0. */
static uint64_t evaluate(struct exchange *exchange, uint32_t program, const char *name) {
    struct slice text;
    uint64_t size;
    if (program == TABLE_NONE || !engine_run_template(&exchange->request, program, &text) ||
        text.size == 0) {
        return 0;
    }
    if (!size_parse(text, false, &size)) {
        exchange_log(exchange, TABLE_LOG_ERROR, (struct slice){0},
                     "\"%.*s\", as %s makes it, is no size", SLICE_ARGS(text), name);
        return 0;
    }
    return size;
}

bool exchange_pace_start(struct exchange *exchange) {
    struct engine_request *request = &exchange->request;
    const struct table_settings *settings = request->settings;
    if (!request->has_limit_rate) {
        request->limit_rate = evaluate(exchange, settings->limit_rate, "limit_rate");
        request->has_limit_rate = true;
    }
    if (request->limit_rate == 0 || exchange->response.is_upgrade) {
        return true;
    }
    struct exchange_pace *pace = arena_allocate(&exchange->arena, sizeof *pace);
    if (pace == NULL) {
        return false;
    }
    *pace = (struct exchange_pace){
        .exchange = exchange,
        .pause.on_expire = go_on,
        .rate = request->limit_rate,
        .after = evaluate(exchange, settings->limit_rate_after, "limit_rate_after"),
    };
    exchange->pace = pace;
    return true;
}

/* Of `sent` bytes, those that count. */
static uint64_t counted(const struct exchange_pace *pace, uint64_t sent) {
    return sent > pace->after ? sent - pace->after : 0;
}

static void start_pause(struct exchange_pace *pace, uint64_t bytes) {
    struct loop *loop = loop_of(pace->exchange);
    /* Without a rate there is no pace. NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
    uint64_t length = bytes / pace->rate * SECOND + bytes % pace->rate * SECOND / pace->rate;
    timer_start(&loop->timers, &pace->pause, loop->now + length + 1);
}

static uint64_t allowed_by_now(const struct exchange_pace *pace) {
    const struct exchange *exchange = pace->exchange;
    uint64_t seconds = (loop_of(exchange)->now - exchange->started) / SECOND + 1;
    bool is_much = seconds > (UINT64_MAX - pace->after) / pace->rate;
    return is_much ? UINT64_MAX : seconds * pace->rate + pace->after;
}

/* How many of `wanted` bytes may go now. With 0 for more than none the handler is asked again when
 * it is time. */
static size_t allow(struct exchange *exchange, size_t wanted) {
    struct exchange_pace *pace = exchange->pace;
    if (wanted == 0) {
        return 0;
    }
    if (pace->pause.deadline != 0) {
        return 0;
    }
    uint64_t allowed = allowed_by_now(pace);
    if (allowed <= pace->sent) {
        start_pause(pace, pace->sent - allowed);
        return 0;
    }
    return wanted < allowed - pace->sent ? wanted : (size_t)(allowed - pace->sent);
}

/* So many have gone. `is_cut`: the front got fewer than there were, and took them, so that nobody
 * but us asks the handler again. */
static void note(struct exchange *exchange, size_t sent, bool is_cut) {
    struct exchange_pace *pace = exchange->pace;
    uint64_t bytes = counted(pace, pace->sent + sent) - counted(pace, pace->sent);
    pace->sent += sent;
    if (is_cut || bytes * SECOND >= pace->rate) {
        start_pause(pace, bytes);
    }
}

void exchange_pace_stop(struct exchange *exchange) {
    timer_remove(&loop_of(exchange)->timers, &exchange->pace->pause);
    exchange->pace = NULL;
}

/* --- to the front --- */

/* A beginning of the pieces, of `size` bytes at most; returns how many pieces that takes. */
static uint32_t cut_pieces(const struct slice *pieces, uint32_t count, size_t size,
                           struct slice cut[EXCHANGE_PIECES]) {
    uint32_t used = 0;
    while (used < count && used < EXCHANGE_PIECES && size > 0) {
        cut[used] = slice_take(pieces[used], size);
        size -= cut[used].size;
        used++;
    }
    return used;
}

static size_t sum_pieces(const struct slice *pieces, uint32_t count) {
    size_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        total += pieces[i].size;
    }
    return total;
}

static size_t send_at_pace(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                           bool last) {
    size_t total = sum_pieces(pieces, count);
    struct slice cut[EXCHANGE_PIECES];
    uint32_t used = cut_pieces(pieces, count, allow(exchange, total), cut);
    size_t allowed = sum_pieces(cut, used);
    if (allowed == 0 && total > 0) {
        return 0;
    }
    size_t sent =
        exchange->front_operations->send_body(exchange, cut, used, last && allowed == total);
    note(exchange, sent, allowed < total && sent == allowed);
    return sent;
}

size_t exchange_pass_body(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                          bool last) {
    return exchange->pace != NULL
               ? send_at_pace(exchange, pieces, count, last)
               : exchange->front_operations->send_body(exchange, pieces, count, last);
}

static ssize_t send_file_at_pace(struct exchange *exchange, const struct front_file *file,
                                 bool last) {
    struct front_file part = *file;
    part.size = allow(exchange, file->size);
    if (part.size == 0 && file->size > 0) {
        return 0;
    }
    ssize_t sent =
        exchange->front_operations->send_file(exchange, &part, last && part.size == file->size);
    if (sent >= 0) {
        note(exchange, (size_t)sent, part.size < file->size && (uint64_t)sent == part.size);
    }
    return sent;
}

ssize_t exchange_pass_file(struct exchange *exchange, const struct front_file *file, bool last) {
    return exchange->pace != NULL ? send_file_at_pace(exchange, file, last)
                                  : exchange->front_operations->send_file(exchange, file, last);
}
