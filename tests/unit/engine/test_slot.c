/* Tests of slot.c: what the configuration's variables are worth before anything has set them. What
 * map, geo and split_clients make of a request is tested beside them. */
#include "engine/slot.h"
#include "table_builder.h"

#define SLOT(index) ((struct table_op){TABLE_OP_APPEND_SLOT, (index), 0})

static struct engine_fixture fixture;
static struct table_builder *const builder = &fixture.builder;

static uint32_t template(const struct table_op *ops, uint32_t count) {
    return builder_program(builder, TABLE_PROGRAM_TEMPLATE, ops, count);
}

/* nginx: the one is empty, the other "not found", which logs show as "-". */
static void tells_set_from_captured(void) {
    builder_begin(builder);
    uint32_t set = builder_slot(builder, SLICE("set"));
    builder_regex(builder, "(?<captured>.)", false);
    uint32_t captured = builder_slot(builder, SLICE("captured"));
    uint32_t both = template((struct table_op[]){SLOT(set), SLOT(captured)}, 2);
    fixture_open(&fixture);
    struct slice value = SLICE("before");
    CU_ASSERT_EQUAL(engine_slot_value(&fixture.request, set, &value), ENGINE_VALUE_FOUND);
    CU_ASSERT(text_is(value, ""));
    CU_ASSERT_EQUAL(engine_slot_value(&fixture.request, captured, &value), ENGINE_VALUE_NONE);
    CU_ASSERT(engine_run_template(&fixture.request, both, &value) && text_is(value, ""));
    fixture_close(&fixture);
}

/* Looking at one does not set it, and an empty value is one. */
static void keeps_what_was_set(void) {
    builder_begin(builder);
    uint32_t set = builder_slot(builder, SLICE("set"));
    builder_regex(builder, "(?<captured>.)", false);
    uint32_t captured = builder_slot(builder, SLICE("captured"));
    fixture_open(&fixture);
    struct slice value;
    (void)engine_slot_value(&fixture.request, set, &value);
    CU_ASSERT_PTR_NULL(fixture.request.slots[set].data);
    fixture.request.slots[captured] = SLICE("");
    CU_ASSERT_EQUAL(engine_slot_value(&fixture.request, captured, &value), ENGINE_VALUE_FOUND);
    CU_ASSERT_EQUAL(value.size, 0);
    fixture.request.slots[set] = SLICE("value");
    CU_ASSERT_EQUAL(engine_slot_value(&fixture.request, set, &value), ENGINE_VALUE_FOUND);
    CU_ASSERT(text_is(value, "value"));
    fixture_close(&fixture);
}

/* Every request has slots of its own. */
static void begins_anew_with_each_request(void) {
    builder_begin(builder);
    uint32_t set = builder_slot(builder, SLICE("set"));
    fixture_open(&fixture);
    fixture.request.slots[set] = SLICE("value");
    struct engine_request other = {.engine = fixture.engine, .arena = &fixture.arena};
    CU_ASSERT_TRUE(engine_request_prepare(&other));
    CU_ASSERT_PTR_NULL(other.slots[set].data);
    fixture_close(&fixture);
}

static void has_no_slots_without_memory(void) {
    builder_begin(builder);
    builder_slot(builder, SLICE("set"));
    fixture_open(&fixture);
    arena_release(&fixture.arena);
    arena_init(&fixture.arena, SIZE_MAX);
    struct engine_request other = {.engine = fixture.engine, .arena = &fixture.arena};
    CU_ASSERT_FALSE(engine_request_prepare(&other));
    fixture_close(&fixture);
}

static char notes[256];

static void note(void *owner, enum table_log_level level, const char *message) {
    (void)owner;
    CU_ASSERT_EQUAL(level, TABLE_LOG_ERROR);
    strncat(notes, message, sizeof notes - strlen(notes) - 1);
}

/* Variables defined by each other: nginx gives up a hundred deep. */
static void ends_a_cycle(void) {
    static const struct engine_live live = {.note = note};
    builder_begin(builder);
    uint32_t slot = builder_slot(builder, SLICE("mapped"));
    struct table_op own = SLOT(slot);
    uint32_t subject = template(&own, 1);
    uint32_t map = table_writer_add(&builder->writer, TABLE_SECTION_map);
    *BUILDER_RECORD(builder, map, map) =
        (struct table_map){.subject = subject, .otherwise = subject, .place = builder->place};
    *BUILDER_RECORD(builder, slot, slot) = (struct table_slot){
        .name = builder_string(builder, "mapped"),
        .source = TABLE_SLOT_MAP,
        .map = map,
        .geo = TABLE_NONE,
        .split = TABLE_NONE,
    };
    fixture_open(&fixture);
    fixture.request.live = &live;
    fixture.request.depth = 100;
    struct slice value;
    notes[0] = '\0';
    CU_ASSERT_EQUAL(engine_slot_value(&fixture.request, slot, &value), ENGINE_VALUE_NONE);
    CU_ASSERT_STRING_EQUAL(notes, "cycle while evaluating variable \"mapped\"");
    CU_ASSERT_EQUAL(fixture.request.depth, 100);
    fixture.request.slots[slot] = SLICE("set"); /* what has a value needs no evaluation */
    CU_ASSERT_EQUAL(engine_slot_value(&fixture.request, slot, &value), ENGINE_VALUE_FOUND);
    fixture_close(&fixture);
}

UNIT_TESTS("engine/slot", {"tells set from captured", tells_set_from_captured},
           {"keeps what was set", keeps_what_was_set},
           {"begins anew with each request", begins_anew_with_each_request},
           {"has no slots without memory", has_no_slots_without_memory},
           {"ends a cycle", ends_a_cycle})
