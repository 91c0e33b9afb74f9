/* The board of answers: who asks, what is found, and what is not believed. */
#include "net/staple_board.c"

#include "unit.h"

#include <sys/wait.h>

static const struct staple_key key = {{11, 22}};
static const struct staple_key same_row = {{12, 22}};

enum { NOW = 10000000, HOUR = 3600000 };

static struct staple_board *board;
static struct staple_answer answer;

static bool says(const struct staple_place *place, const struct staple_key *of, const char *text) {
    return staple_place_read(place, of, &answer) &&
           slice_equals((struct slice){(char *)answer.bytes, answer.size}, slice_from_string(text));
}

static void keeps_the_latest_answer(void) {
    board = staple_board_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(board);
    struct staple_place *place = staple_board_find(board, &key, NOW);
    CU_ASSERT_PTR_EQUAL(staple_board_find(board, &key, NOW), place);
    CU_ASSERT_EQUAL(staple_place_version(place), 0);
    CU_ASSERT_FALSE(staple_place_read(place, &key, &answer));
    staple_place_publish(place, &key, SLICE("one"), 1000, NOW + 1);
    uint32_t version = staple_place_version(place);
    CU_ASSERT_TRUE(version != 0 && says(place, &key, "one"));
    CU_ASSERT_EQUAL(answer.expires, 1000);
    staple_place_publish(place, &key, SLICE("another"), 2000, NOW + 2);
    CU_ASSERT_NOT_EQUAL(staple_place_version(place), version);
    CU_ASSERT_TRUE(says(place, &key, "another"));
    CU_ASSERT_FALSE(says(place, &same_row, "another"));
    CU_ASSERT_EQUAL(staple_place_due(place), NOW + 2);
    staple_board_destroy(board);
}

static void lets_one_ask(void) {
    board = staple_board_create();
    struct staple_place *place = staple_board_find(board, &key, NOW);
    CU_ASSERT_TRUE(staple_place_claim(place, NOW, NOW + 100));
    CU_ASSERT_FALSE(staple_place_claim(place, NOW, NOW + 100));
    CU_ASSERT_TRUE(staple_place_claim(place, NOW + 100, NOW + 200)); /* the other was killed */
    staple_place_fail(place, NOW + 300);
    CU_ASSERT_FALSE(staple_place_claim(place, NOW + 299, NOW + 400));
    CU_ASSERT_TRUE(staple_place_claim(place, NOW + 300, NOW + 400));
    staple_board_destroy(board);
}

static void is_shared_by_processes(void) {
    board = staple_board_create();
    pid_t child = fork();
    if (child == 0) {
        struct staple_place *place = staple_board_find(board, &key, NOW);
        bool is_claimed = staple_place_claim(place, NOW, NOW + 100);
        staple_place_publish(place, &key, SLICE("from elsewhere"), 1000, NOW + HOUR);
        _exit(is_claimed ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    struct staple_place *place = staple_board_find(board, &key, NOW);
    CU_ASSERT_FALSE(staple_place_claim(place, NOW + 100, NOW + 200));
    CU_ASSERT_TRUE(says(place, &key, "from elsewhere"));
    staple_board_destroy(board);
}

/* Of processes that begin with the same certificates at the same moment one asks about each. */
static void one_of_many_asks(void) {
    enum { PROCESSES = 4, KEYS = 2000 };
    int gate[2];
    int told[2];
    uint32_t total = 0;
    board = staple_board_create();
    CU_ASSERT_FATAL(pipe(gate) == 0 && pipe(told) == 0);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            uint32_t claims = 0;
            char byte;
            close(gate[1]);
            (void)!read(gate[0], &byte, 1); /* until it is closed */
            for (uint64_t k = 0; k < KEYS; k++) {
                const struct staple_key own = {{k + 1, k}};
                claims += staple_place_claim(staple_board_find(board, &own, NOW), NOW, NOW + HOUR);
            }
            (void)!write(told[1], &claims, sizeof claims);
            _exit(0);
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < PROCESSES; i++) {
        uint32_t claims = 0;
        CU_ASSERT_EQUAL(read(told[0], &claims, sizeof claims), sizeof claims);
        total += claims;
        wait(NULL);
    }
    CU_ASSERT_EQUAL(total, KEYS);
    close(told[0]);
    close(told[1]);
    staple_board_destroy(board);
}

static void believes_nothing_half_written(void) {
    board = staple_board_create();
    struct staple_place *place = staple_board_find(board, &key, NOW);
    staple_place_publish(place, &key, SLICE("answer"), 1000, NOW);
    struct record *record = &place->records[staple_place_version(place) & 1];
    record->bytes[3] ^= 1;
    CU_ASSERT_FALSE(staple_place_read(place, &key, &answer));
    record->bytes[3] ^= 1;
    CU_ASSERT_TRUE(staple_place_read(place, &key, &answer));
    record->size = UINT64_MAX;
    CU_ASSERT_FALSE(staple_place_read(place, &key, &answer));
    record->size = 6;
    record->expires++;
    CU_ASSERT_FALSE(staple_place_read(place, &key, &answer));
    staple_board_destroy(board);
}

/* A row that is full has room again when somebody has lost interest for an hour. */
static void gives_abandoned_places_away(void) {
    board = staple_board_create();
    struct staple_place *first = NULL;
    for (uint64_t i = 0; i < PLACES; i++) {
        const struct staple_key other = {{100 + i, 22}};
        struct staple_place *place = staple_board_find(board, &other, NOW + i);
        first = i == 0 ? place : first;
        CU_ASSERT_PTR_NOT_NULL_FATAL(place);
        staple_place_publish(place, &other, SLICE("old"), 1000, NOW + HOUR + i);
    }
    CU_ASSERT_PTR_NULL(staple_board_find(board, &key, NOW + 2 * HOUR));
    struct staple_place *place = staple_board_find(board, &key, NOW + 2 * HOUR + 1);
    CU_ASSERT_PTR_EQUAL(place, first);
    CU_ASSERT_FALSE(staple_place_read(place, &key, &answer));
    CU_ASSERT_TRUE(staple_place_claim(place, NOW + 2 * HOUR + 1, NOW + 3 * HOUR));
    CU_ASSERT_PTR_NULL(staple_board_find(board, &same_row, NOW + 2 * HOUR + 1));
    staple_board_destroy(board);
}

static void survives_many_versions(void) {
    board = staple_board_create();
    struct staple_place *place = staple_board_find(board, &key, NOW);
    atomic_store(&place->version, UINT32_MAX);
    staple_place_publish(place, &key, SLICE("answer"), 1000, NOW);
    CU_ASSERT_NOT_EQUAL(staple_place_version(place), 0);
    CU_ASSERT_TRUE(says(place, &key, "answer"));
    staple_board_destroy(board);
}

UNIT_TESTS("net/staple_board", {"keeps the latest answer", keeps_the_latest_answer},
           {"lets one ask", lets_one_ask}, {"is shared by processes", is_shared_by_processes},
           {"one of many asks", one_of_many_asks},
           {"believes nothing half-written", believes_nothing_half_written},
           {"gives abandoned places away", gives_abandoned_places_away},
           {"survives many versions", survives_many_versions})
