/* fuzz: runtime -max_len=1600 -len_control=0 -entropic=0 */
/* The programs of a table and whoever runs them: the input chooses what they do, and a request. It
 * is answered as rpcd would, three times: as it is, watched by an observer, and with memory that
 * ends somewhere. The answers must be alike, or say that something failed. */
#include "../unit/failing_arena.h"

#include "program_site.h"
#include "world.h"

enum { HEAD_LIMIT = 4096 };

/* --- the request --- */

static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS", "X-Y"};
static const char *const hosts[] = {"s.example", "A.s.Example:80", "[::1]", "a.b", "127.0.0.1."};
static const char *const field_names[] = {
    "Cookie",
    "X-Forwarded-For",
    "Authorization",
    "Connection",
    "Content-Length",
    "Content-Type",
    "X",
    "X-Y",
    "Upgrade",
    "Expect",
};
/* What a value begins with. */
static const char *const field_values[] = {
    "", "", "Basic YTpi", "a=b; x=c", "192.0.2.1, [2001:db8::1]:80", "close", "100-continue", "5",
};

enum {
    METHODS = sizeof methods / sizeof methods[0],
    HOSTS = sizeof hosts / sizeof hosts[0],
    FIELD_NAMES = sizeof field_names / sizeof field_names[0],
    FIELD_VALUES = sizeof field_values / sizeof field_values[0],
};

struct text {
    char bytes[HEAD_LIMIT];
    size_t size;
};

static void add_text(struct text *text, struct slice added) {
    if (added.size > 0 && added.size <= sizeof text->bytes - text->size) {
        memcpy(text->bytes + text->size, added.data, added.size);
        text->size += added.size;
    }
}

/* The next line of the input. */
static struct slice next_line(struct slice *rest) {
    struct slice line = slice_take(*rest, slice_find_byte(*rest, '\n'));
    *rest = slice_skip(*rest, line.size + 1);
    return line;
}

static void add_field(struct text *text, struct slice line) {
    uint8_t choice = line.size > 0 ? (uint8_t)line.data[0] : 0;
    add_text(text, slice_from_string(field_names[choice % FIELD_NAMES]));
    add_text(text, SLICE(": "));
    add_text(text, slice_from_string(field_values[choice / FIELD_NAMES % FIELD_VALUES]));
    add_text(text, slice_take(slice_skip(line, 1), HEAD_LIMIT - 128 - text->size));
    add_text(text, SLICE("\r\n"));
}

/* A head whose target is one line of the input and whose fields are the others, each with its name
 * and perhaps the beginning of its value chosen by its first byte. */
static void build_head(struct text *head, uint8_t method, uint8_t host, struct slice rest) {
    add_text(head, slice_from_string(methods[method % METHODS]));
    add_text(head, (method & 64) != 0 ? SLICE(" http://s.example/") : SLICE(" /"));
    add_text(head, slice_take(next_line(&rest), HEAD_LIMIT - 256));
    add_text(head, SLICE(" HTTP/1.1\r\n"));
    if ((method & 128) == 0) {
        add_text(head, SLICE("Host: "));
        add_text(head, slice_from_string(hosts[host % HOSTS]));
        add_text(head, SLICE("\r\n"));
    }
    while (rest.size > 0 && head->size < HEAD_LIMIT - 128) {
        add_field(head, next_line(&rest));
    }
    add_text(head, SLICE("\r\n"));
}

static struct world_request build_request(struct program_input *input, struct text *head) {
    static const struct slice remotes[] = {
        SLICE_INIT("\xc0\x00\x02\x01"),
        SLICE_INIT("\x00\x00\x02\x01"),
        SLICE_INIT(""),
        SLICE_INIT("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"),
        SLICE_INIT("\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01"),
    };
    static const uint32_t statuses[] = {0, 200, 302, 404, 500};
    static const struct slice locations[] = {SLICE_INIT(""), SLICE_INIT("http://app/a"),
                                             SLICE_INIT("1;url=http://app/"), SLICE_INIT("/x")};
    struct world_request request = {.remote = remotes[choose(input, 5)],
                                    .back_status = statuses[choose(input, 5)],
                                    .back_location = locations[choose(input, 4)]};
    uint8_t method = take_byte(input);
    uint8_t host = take_byte(input);
    build_head(head, method, host, input->bytes);
    request.head = (struct slice){head->bytes, head->size};
    return request;
}

/* --- running --- */

/* What an observer is told makes sense. */
static void look_at(void *owner, const struct engine_event *event) {
    (void)owner;
    require(event->kind < ENGINE_EVENT_COUNT && event->status <= 999);
    require(event->subject.size == 0 || event->subject.data != NULL);
    require(event->value.size == 0 || event->value.data != NULL);
}

static const struct engine_observer observer = {.event = look_at};

static bool is_equal(const struct world_answer *a, const struct world_answer *b) {
    return a->status == b->status && a->digest == b->digest && a->body_size == b->body_size &&
           a->is_complete == b->is_complete && a->is_aborted == b->is_aborted &&
           a->asked == b->asked;
}

/* Neither an observer nor an earlier request that got no memory makes a difference. */
static void run(const struct table *table, struct world_request *request, uint8_t memory) {
    struct world world;
    world_open(&world, table);
    struct world_answer plain = world_ask(&world, &table->endpoint[0], request);
    request->arena_chunk = 1; /* each piece of memory for itself */
    failing_arena_left = memory / 2;
    failing_arena_recovers = memory % 2 != 0;
    (void)world_ask(&world, &table->endpoint[0], request);
    failing_arena_left = -1;
    request->arena_chunk = 0;
    request->observer = &observer;
    struct world_answer watched = world_ask(&world, &table->endpoint[0], request);
    require(is_equal(&plain, &watched));
    world_close(&world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct table table;
    struct table_error error;
    struct text head = {.size = 0};
    struct slice bytes = {(const char *)data, size};
    uint8_t memory = take_last(&bytes);
    arena_init(&arena, 1 << 16);
    struct slice file = program_input_build(&arena, &bytes);
    require(table_open(&table, file.data, file.size, &error));
    struct program_input rest = {.bytes = bytes};
    struct world_request request = build_request(&rest, &head);
    run(&table, &request, memory);
    arena_release(&arena);
    return 0;
}
