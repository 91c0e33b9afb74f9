/* fuzz: compiler */
/* The table reader: any bytes are opened; what is accepted is dumped, asked for servers and
 * locations, every program of it is run and every variable asked for its value. Damage alone would
 * hardly get past the checksum, so mutations change records and then repair the header. */
#include "engine/engine.h"
#include "engine/slot.h"
#include "table/dump.h"
#include "table/signature.h"

#include "../unit/table/sample.h"
#include "fuzz.h"

#include <stdio.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static ssize_t discard(void *cookie, const char *data, size_t size) {
    (void)cookie;
    (void)data;
    return (ssize_t)size;
}

static void dump(const struct table *table) {
    FILE *sink = fopencookie(NULL, "w", (cookie_io_functions_t){.write = discard});
    require(sink != NULL);
    table_dump(sink, table, TABLE_SECTION_COUNT);
    fclose(sink);
}

static void count_note(void *owner, enum table_log_level level, const char *message) {
    (void)level;
    (void)message;
    ++*(uint32_t *)owner;
}

/* Maps, geos and splits may take too much work, and regexes fail; then the log is told why. */
static void require_reason(const struct engine_request *request, bool succeeded) {
    require(succeeded || *(const uint32_t *)request->live_owner > 0);
}

static void run_programs(struct engine_request *request, const struct table *table) {
    for (uint32_t i = 0; i < table->slot_count; i++) {
        struct slice value;
        require_reason(request, engine_slot_value(request, i, &value) != ENGINE_VALUE_NO_MEMORY);
    }
    for (uint32_t i = 0; i < table->program_count; i++) {
        struct slice text;
        struct engine_answer answer;
        if (table->program[i].kind == TABLE_PROGRAM_TEMPLATE) {
            require_reason(request, engine_run_template(request, i, &text));
        } else if (engine_run_sequence(request, i, &answer)) {
            require(answer.status <= 999);
        }
    }
    for (uint32_t i = 0; i < table->log_format_count; i++) {
        struct slice line;
        require_reason(request, engine_run_log_line(request, &table->log_format[i], &line));
    }
}

/* Returns what that took, see engine_spend. */
static uint64_t ask(struct engine *engine, struct arena *arena,
                    const struct table_endpoint *endpoint, struct slice host, struct slice path) {
    static const struct engine_live live = {.note = count_note};
    static const struct engine_header forwarded = {SLICE_INIT("X-Forwarded-For"),
                                                   SLICE_INIT("10.1.2.3, [fc00::1]:80, 127.0.0.1")};
    uint32_t notes = 0;
    struct engine_request request = {.engine = engine,
                                     .arena = arena,
                                     .live = &live,
                                     .live_owner = &notes,
                                     .headers = &forwarded,
                                     .header_count = 1,
                                     .binary_remote_addr = SLICE("\x7f\x00\x00\x01"),
                                     .method = SLICE("GET"),
                                     .target = path,
                                     .protocol = SLICE("HTTP/1.1"),
                                     .scheme = SLICE("http"),
                                     .host = host};
    struct slice authority;
    require(engine_request_prepare(&request));
    if (engine_parse_target(&request, true, &authority) != ENGINE_TARGET_OK ||
        !engine_find_server(&request, endpoint)) {
        return 0;
    }
    require(request.server != NULL);
    enum engine_location_result result = engine_find_location(&request);
    require(result != ENGINE_LOCATION_FOUND || request.location != NULL);
    if (result == ENGINE_LOCATION_FOUND && request.location->proxy != TABLE_NONE) {
        const struct table_proxy *proxy = &engine_table(engine)->proxy[request.location->proxy];
        require(proxy->prefix_length <= request.uri.size);
    }
    run_programs(&request, engine_table(engine));
    return request.effort;
}

/* Names and paths that the sample knows, and some of the table's own strings; as long as that does
 * not take too much, for tables are made in which each request does. */
static void ask_all(struct engine *engine, const struct table *table) {
    static const struct slice hosts[] = {SLICE_INIT("example.com"), SLICE_INIT("a.example.com"),
                                         SLICE_INIT("www.x"), SLICE_INIT("")};
    static const struct slice paths[] = {SLICE_INIT("/api/x?a=b"), SLICE_INIT("/api"),
                                         SLICE_INIT("/x.php"), SLICE_INIT("/api/yy")};
    uint64_t effort = 0;
    struct arena arena;
    arena_init(&arena, 4096);
    for (uint32_t i = 0; i < table->endpoint_count && i < 4 && effort < ENGINE_EFFORT_LIMIT; i++) {
        for (size_t j = 0; j < sizeof hosts / sizeof hosts[0]; j++) {
            effort += ask(engine, &arena, &table->endpoint[i], hosts[j], paths[j]);
            arena_reset(&arena);
        }
    }
    for (uint32_t i = 0; i < table->location_count && i < 16 && table->endpoint_count > 0 &&
                         effort < ENGINE_EFFORT_LIMIT;
         i++) {
        struct slice name = table_text(table, table->location[i].name);
        effort += ask(engine, &arena, &table->endpoint[0], table_text(table, table->server[0].name),
                      name);
        arena_reset(&arena);
    }
    arena_release(&arena);
}

/* Whatever the bytes are, they are not signed by anybody trusted; and what is accepted ends with
 * the table or with a signature. */
static void check_signature(const void *data, size_t size, bool is_table) {
    static const struct table_keys nobody;
    const struct table_signature *signature = table_signature_find(data, size);
    require(table_verify(&nobody, data, size) ==
            (signature != NULL ? TABLE_SIGNED_BY_ANOTHER : TABLE_UNSIGNED));
    if (is_table) {
        const struct table_header *header = data;
        require((signature != NULL) == (header->size != size));
        require(signature == NULL || size - header->size == sizeof *signature);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size + 1); /* aligned, and its end is watched */
    require(copy != NULL);
    copy = realloc(copy, size > 0 ? size : 1);
    require(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    struct table table;
    struct table_error error;
    char message[256];
    bool is_table = table_open(&table, copy, size, &error);
    check_signature(copy, size, is_table);
    if (!is_table) {
        table_error_format(&error, message, sizeof message);
    } else {
        dump(&table);
        struct engine *engine = engine_create(&table);
        require(engine != NULL);
        ask_all(engine, &table);
        engine_destroy(engine);
    }
    free(copy);
    return 0;
}

/* A small generator: mutations must depend on the seed alone. */
static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static struct table_section_entry *entries(uint8_t *data) {
    return ((struct table_header *)(void *)data)->sections;
}

/* Whether the section directory can be followed. */
static bool is_table(uint8_t *data, size_t size) {
    if (size < sizeof(struct table_header)) {
        return false;
    }
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        const struct table_section_entry *entry = &entries(data)[i];
        if (entry->record_size != table_records[i].size || entry->offset > size ||
            (uint64_t)entry->count * entry->record_size > size - entry->offset) {
            return false;
        }
    }
    return true;
}

static size_t start_from_sample(uint8_t *data, size_t max_size) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    size_t size = sample.size <= max_size ? sample.size : 0;
    memcpy(data, sample.data, size);
    arena_release(&arena);
    return size;
}

/* Gives one number of one record a value that is likely to matter. */
static void change_number(uint8_t *data, uint32_t *random) {
    enum table_section section = next_random(random) % TABLE_SECTION_COUNT;
    const struct table_section_entry *entry = &entries(data)[section];
    if (entry->count == 0 || entry->record_size < 4) {
        return;
    }
    uint32_t record = next_random(random) % entry->count;
    uint32_t word = next_random(random) % (entry->record_size / 4);
    uint8_t *place = data + entry->offset + (size_t)record * entry->record_size + (size_t)word * 4;
    uint32_t value;
    memcpy(&value, place, sizeof value);
    const uint32_t choices[] = {0,
                                1,
                                value + 1,
                                value - 1,
                                TABLE_NONE,
                                next_random(random) % 16,
                                entries(data)[next_random(random) % TABLE_SECTION_COUNT].count};
    value = choices[next_random(random) % (sizeof choices / sizeof choices[0])];
    memcpy(place, &value, sizeof value);
}

/* What the sections take when they are laid out one behind the other, whatever their offsets are
 * now: those of a damaged directory may overlap. */
static size_t laid_out_size(uint8_t *data) {
    size_t size = sizeof(struct table_header);
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        size += ((size_t)entries(data)[i].count * entries(data)[i].record_size + 7) & ~(size_t)7;
    }
    return size;
}

/* Repeats the last record of one section and moves those behind it. Returns the new size, or the
 * old one when there is no room. */
static size_t repeat_record(uint8_t *data, size_t size, size_t max_size, uint32_t *random) {
    enum table_section longer = next_random(random) % TABLE_SECTION_COUNT;
    uint8_t *copy = malloc(size);
    require(copy != NULL);
    memcpy(copy, data, size);
    size_t end = sizeof(struct table_header);
    size_t needed = laid_out_size(copy) + entries(copy)[longer].record_size + 8;
    if (entries(copy)[longer].count == 0 || needed > max_size) {
        free(copy);
        return size;
    }
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        struct table_section_entry entry = entries(copy)[i];
        size_t bytes = (size_t)entry.count * entry.record_size;
        memcpy(data + end, copy + entry.offset, bytes);
        entries(data)[i].offset = end;
        if (i == longer) {
            memcpy(data + end + bytes, data + end + bytes - entry.record_size, entry.record_size);
            entries(data)[i].count++;
            bytes += entry.record_size;
        }
        size_t aligned = (end + bytes + 7) & ~(size_t)7;
        memset(data + end + bytes, 0, aligned - end - bytes);
        end = aligned;
    }
    free(copy);
    return end;
}

/* The size without a signature. */
static size_t cut_signature(const uint8_t *data, size_t size) {
    return table_signature_find(data, size) != NULL ? size - sizeof(struct table_signature) : size;
}

/* Appends a signature, mostly a well-formed one. */
static size_t append_signature(uint8_t *data, size_t size, size_t max_size, uint32_t *random) {
    struct table_signature signature = {.magic = TABLE_SIGNATURE_MAGIC,
                                        .algorithm = TABLE_SIGNATURE_ED25519};
    if (max_size - size < sizeof signature) {
        return size;
    }
    if (next_random(random) % 4 == 0) {
        ((uint8_t *)&signature)[next_random(random) % sizeof signature] ^= 1;
    }
    memcpy(data + size, &signature, sizeof signature);
    return size + sizeof signature;
}

static size_t mutate_table(uint8_t *data, size_t size, size_t max_size, uint32_t *random) {
    if (!is_table(data, size)) {
        return start_from_sample(data, max_size);
    }
    size_t behind = sizeof(struct table_header);
    switch (next_random(random) % 8) {
    case 0:
        return LLVMFuzzerMutate(data, size, max_size);
    case 1:
        LLVMFuzzerMutate(data + behind, size - behind, size - behind);
        break;
    case 2:
        size = repeat_record(data, size, max_size, random);
        break;
    default:
        for (uint32_t i = next_random(random) % 4; i < 4; i++) {
            change_number(data, random);
        }
        break;
    }
    sample_repair(data, size);
    return next_random(random) % 8 == 0 ? append_signature(data, size, max_size, random) : size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    uint32_t random = seed;
    return mutate_table(data, cut_signature(data, size), max_size, &random);
}
