/* Backlogs: what goes in comes out, in order, whatever part of it was in a file. */
#include "unit.h"

#include "net/backlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct trial {
    struct buffer_pool pool;
    struct backlog backlog;
    uint64_t in; /* bytes that went in */
    uint64_t out;
};

static char pattern(uint64_t offset) {
    return (char)(offset * 7 + offset / 251);
}

static void begin(struct trial *trial, uint64_t memory, uint64_t file, uint64_t piece) {
    memset(trial, 0, sizeof *trial);
    const struct backlog_limits limits = {
        .memory = memory, .file = file, .file_part = 1000, .piece = piece};
    backlog_begin(&trial->backlog, &trial->pool, (struct temp_place){0}, &limits);
}

static void end(struct trial *trial) {
    backlog_release(&trial->backlog);
    CU_ASSERT_EQUAL(trial->pool.used_count, 0);
    buffer_pool_release(&trial->pool);
}

static size_t append(struct trial *trial, size_t size) {
    char *bytes = malloc(size + 1);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = pattern(trial->in + i);
    }
    size_t taken = backlog_append(&trial->backlog, (struct slice){bytes, size});
    trial->in += taken;
    free(bytes);
    CU_ASSERT_EQUAL(backlog_size(&trial->backlog), trial->in - trial->out);
    return taken;
}

/* Takes `size` bytes at most, in one go. Returns how many were shown. */
static size_t take(struct trial *trial, size_t size) {
    struct slice pieces[4];
    uint32_t count;
    size_t shown = 0;
    size_t taken = 0;
    CU_ASSERT_EQUAL_FATAL(backlog_peek(&trial->backlog, pieces, 4, &count), 0);
    for (uint32_t i = 0; i < count; i++) {
        CU_ASSERT_TRUE(pieces[i].size > 0);
        for (size_t k = 0; k < pieces[i].size && taken < size; k++, taken++) {
            if (pieces[i].data[k] != pattern(trial->out + taken)) {
                CU_FAIL_FATAL("a byte differs");
            }
        }
        shown += pieces[i].size;
    }
    backlog_drop(&trial->backlog, taken);
    trial->out += taken;
    CU_ASSERT_EQUAL(backlog_size(&trial->backlog), trial->in - trial->out);
    return shown;
}

static void take_all(struct trial *trial) {
    while (take(trial, SIZE_MAX) > 0) {
    }
    CU_ASSERT_EQUAL(trial->out, trial->in);
}

static void nothing_is_in_an_empty_one(void) {
    struct trial trial;
    begin(&trial, 1000, 1000, 1000);
    CU_ASSERT_EQUAL(take(&trial, 10), 0);
    end(&trial);
    struct backlog zeroed = {0};
    CU_ASSERT_EQUAL(backlog_size(&zeroed), 0);
    backlog_release(&zeroed);
}

static void memory_comes_first(void) {
    struct trial trial;
    begin(&trial, 40000, 1000000, 100000);
    CU_ASSERT_EQUAL(append(&trial, 40000), 40000);
    CU_ASSERT_EQUAL(trial.backlog.file, -1);
    CU_ASSERT_EQUAL(append(&trial, 1), 1);
    CU_ASSERT_TRUE(trial.backlog.file >= 0);
    take_all(&trial);
    end(&trial);
}

static void pieces_are_not_larger_than_wanted(void) {
    struct trial trial;
    begin(&trial, 40000, 1000000, 5000);
    (void)append(&trial, 90000);
    for (size_t shown; (shown = take(&trial, SIZE_MAX)) > 0;) {
        CU_ASSERT_TRUE(shown <= 5000);
    }
    CU_ASSERT_EQUAL(trial.out, 90000);
    end(&trial);
}

static void without_a_file_there_is_an_end(void) {
    struct trial trial;
    begin(&trial, 20000, 0, 100000);
    CU_ASSERT_EQUAL(append(&trial, 30000), 20000);
    CU_ASSERT_EQUAL(append(&trial, 1), 0);
    CU_ASSERT_EQUAL(trial.backlog.file_error, 0);
    (void)take(&trial, 5000);
    CU_ASSERT_EQUAL(append(&trial, 30000), 5000);
    take_all(&trial);
    end(&trial);
}

static void a_full_file_is_the_end_until_it_is_empty(void) {
    struct trial trial;
    begin(&trial, 100, 50000, 100000);
    CU_ASSERT_EQUAL(append(&trial, 60000), 50100);
    (void)take(&trial, SIZE_MAX);
    CU_ASSERT_EQUAL(append(&trial, 1), 0);
    take_all(&trial);
    CU_ASSERT_EQUAL(append(&trial, 60000), 50100);
    take_all(&trial);
    end(&trial);
}

/* Bytes that come while the file has some go behind them, although there is memory again. */
static void order_is_kept(void) {
    struct trial trial;
    begin(&trial, 1000, 1000000, 300);
    (void)append(&trial, 5000);
    (void)take(&trial, 200);
    (void)append(&trial, 300);
    CU_ASSERT_EQUAL(trial.backlog.memory_size, 800);
    take_all(&trial);
    struct stat state;
    CU_ASSERT_EQUAL(fstat(trial.backlog.file, &state), 0);
    CU_ASSERT_EQUAL(state.st_size, 0);
    (void)append(&trial, 700);
    CU_ASSERT_EQUAL(trial.backlog.memory_size, 700);
    take_all(&trial);
    end(&trial);
}

static void any_mixture_comes_out_as_it_went_in(void) {
    srand(7);
    for (int round = 0; round < 20; round++) {
        struct trial trial;
        begin(&trial, (uint64_t)(rand() % 40000), (uint64_t)(rand() % 400000),
              (uint64_t)(1 + rand() % 90000));
        for (int step = 0; step < 200; step++) {
            if (rand() % 2 == 0) {
                (void)append(&trial, (size_t)(rand() % 50000));
            } else {
                (void)take(&trial, (size_t)(rand() % 50000));
            }
        }
        take_all(&trial);
        end(&trial);
    }
}

static void a_folder_that_is_missing_leaves_memory_alone(void) {
    struct trial trial;
    begin(&trial, 1000, 1000000, 100000);
    trial.backlog.place.folder = SLICE("/nowhere/at/all");
    CU_ASSERT_EQUAL(append(&trial, 5000), 1000);
    CU_ASSERT_EQUAL(trial.backlog.file_error, ENOENT);
    take_all(&trial);
    CU_ASSERT_EQUAL(append(&trial, 500), 500);
    take_all(&trial);
    end(&trial);
}

/* A write that fails in the middle of the file: what was written before comes out. */
static void a_file_that_fails_keeps_what_it_has(void) {
    struct trial trial;
    begin(&trial, 1000, 1000000, 100000);
    (void)append(&trial, 3500);
    int file = trial.backlog.file;
    trial.backlog.file = open("/dev/full", O_RDWR);
    CU_ASSERT_TRUE_FATAL(trial.backlog.file >= 0);
    CU_ASSERT_EQUAL(append(&trial, 100), 0);
    CU_ASSERT_EQUAL(trial.backlog.file_error, ENOSPC);
    close(trial.backlog.file);
    trial.backlog.file = file;
    CU_ASSERT_EQUAL(append(&trial, 100), 0);
    take_all(&trial);
    CU_ASSERT_EQUAL(trial.out, 3500);
    end(&trial);
}

static void bytes_that_cannot_be_read_back_are_an_error(void) {
    struct trial trial;
    begin(&trial, 1000, 1000000, 100000);
    (void)append(&trial, 3500);
    CU_ASSERT_EQUAL(ftruncate(trial.backlog.file, 0), 0);
    (void)take(&trial, SIZE_MAX);
    struct slice pieces[4];
    uint32_t count;
    CU_ASSERT_EQUAL(backlog_peek(&trial.backlog, pieces, 4, &count), EIO);
    CU_ASSERT_EQUAL(count, 0);
    end(&trial);
}

UNIT_TESTS("net/backlog", {"nothing is in an empty one", nothing_is_in_an_empty_one},
           {"memory comes first", memory_comes_first},
           {"pieces are not larger than wanted", pieces_are_not_larger_than_wanted},
           {"without a file there is an end", without_a_file_there_is_an_end},
           {"a full file is the end until it is empty", a_full_file_is_the_end_until_it_is_empty},
           {"order is kept", order_is_kept},
           {"any mixture comes out as it went in", any_mixture_comes_out_as_it_went_in},
           {"a folder that is missing leaves memory alone",
            a_folder_that_is_missing_leaves_memory_alone},
           {"a file that fails keeps what it has", a_file_that_fails_keeps_what_it_has},
           {"bytes that cannot be read back are an error",
            bytes_that_cannot_be_read_back_are_an_error})
