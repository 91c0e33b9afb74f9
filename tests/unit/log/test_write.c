/* Lines on their way into files: collected, whole, counted when lost. */
#include "log/file.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A loop and a log on it, with a pipe as fallback. */
struct fixture {
    struct loop loop;
    struct log log;
    int fallback; /* reading end */
};

static void open_pipe(int ends[2]) {
    CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
}

static void set_up(struct fixture *fixture) {
    CU_ASSERT_FATAL(loop_init(&fixture->loop, LOOP_POLL));
    log_init(&fixture->log, &fixture->loop);
    int ends[2];
    open_pipe(ends);
    CU_ASSERT_FATAL(log_adopt_fallback(&fixture->log, ends[1]));
    fixture->fallback = ends[0];
}

static void tear_down(struct fixture *fixture) {
    loop_destroy(&fixture->loop);
    log_destroy(&fixture->log);
    close(fixture->fallback);
}

/* One read of what is there; terminated. */
static size_t read_once(int descriptor, char *text, size_t size) {
    ssize_t got = read(descriptor, text, size - 1);
    text[got > 0 ? got : 0] = '\0';
    return got > 0 ? (size_t)got : 0;
}

static void lines_are_written_at_the_end_of_the_turn(void) {
    struct fixture fixture;
    set_up(&fixture);
    int ends[2];
    open_pipe(ends);
    struct log_file *file = log_file_adopt(&fixture.log, SLICE("x.log"), ends[1]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    log_write(&fixture.log, file, SLICE("one"));
    log_write(&fixture.log, file, SLICE(""));
    log_write(&fixture.log, file, SLICE("three"));
    char text[256];
    CU_ASSERT_EQUAL(read_once(ends[0], text, sizeof text), 0);
    CU_ASSERT(loop_run_once(&fixture.loop));
    read_once(ends[0], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "one\n\nthree\n");
    log_write(&fixture.log, file, SLICE("four"));
    CU_ASSERT(loop_run_once(&fixture.loop));
    read_once(ends[0], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "four\n");
    tear_down(&fixture);
    close(ends[0]);
}

static void without_a_loop_lines_are_written_at_once(void) {
    struct log log;
    log_init(&log, NULL);
    int ends[2];
    open_pipe(ends);
    CU_ASSERT_FATAL(log_adopt_fallback(&log, ends[1]));
    log_write(&log, log.fallback, SLICE("now"));
    char text[16];
    read_once(ends[0], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "now\n");
    log_destroy(&log);
    close(ends[0]);
}

/* What one write put into a pipe of packets (O_DIRECT) is what one read gets. */
static void writes_to_a_pipe_end_with_a_line(void) {
    struct fixture fixture;
    set_up(&fixture);
    int ends[2];
    CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK | O_DIRECT) == 0);
    struct log_file *file = log_file_adopt(&fixture.log, SLICE("x.log"), ends[1]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    char line[300];
    memset(line, 'x', sizeof line);
    for (int i = 0; i < 40; i++) {
        log_write(&fixture.log, file, (struct slice){line, sizeof line});
    }
    CU_ASSERT(loop_run_once(&fixture.loop));
    char text[PIPE_BUF + 1];
    size_t total = 0;
    unsigned writes = 0;
    size_t got;
    while ((got = read_once(ends[0], text, sizeof text)) > 0) {
        CU_ASSERT(text[got - 1] == '\n');
        total += got;
        writes++;
    }
    CU_ASSERT_EQUAL(total, 40 * (sizeof line + 1));
    CU_ASSERT(writes >= 3 && writes <= 4);
    tear_down(&fixture);
    close(ends[0]);
}

static int open_temporary(void) {
    char path[] = "/tmp/rpcd-log-XXXXXX";
    int descriptor = mkostemp(path, O_CLOEXEC | O_APPEND);
    CU_ASSERT_FATAL(descriptor >= 0);
    unlink(path);
    return descriptor;
}

static void keeps_order_beyond_the_buffer(void) {
    struct fixture fixture;
    set_up(&fixture);
    int descriptor = open_temporary();
    int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    struct log_file *file = log_file_adopt(&fixture.log, SLICE("x.log"), own);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    enum { LONG_LINE = 100000, LINES = 3000 };
    char *long_line = malloc(LONG_LINE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(long_line);
    memset(long_line, 'l', LONG_LINE);
    log_write(&fixture.log, file, SLICE("first"));
    log_write(&fixture.log, file, (struct slice){long_line, LONG_LINE});
    for (int i = 0; i < LINES; i++) {
        char line[32];
        int size = snprintf(line, sizeof line, "line %d of many", i);
        log_write(&fixture.log, file, (struct slice){line, (size_t)size});
    }
    CU_ASSERT(loop_run_once(&fixture.loop));
    FILE *content = fdopen(dup(descriptor), "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(content);
    rewind(content);
    char text[LONG_LINE + 2];
    CU_ASSERT(fgets(text, sizeof text, content) != NULL && strcmp(text, "first\n") == 0);
    CU_ASSERT(fgets(text, sizeof text, content) != NULL && strlen(text) == LONG_LINE + 1);
    int in_order = 0;
    for (int i = 0; i < LINES && fgets(text, sizeof text, content) != NULL; i++) {
        char line[32];
        snprintf(line, sizeof line, "line %d of many\n", i);
        in_order += strcmp(text, line) == 0;
    }
    CU_ASSERT_EQUAL(in_order, LINES);
    fclose(content);
    free(long_line);
    tear_down(&fixture);
    close(descriptor);
}

static void losses_are_reported_once_a_minute(void) {
    struct fixture fixture;
    set_up(&fixture);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    CU_ASSERT_FATAL(full >= 0);
    struct log_file *file = log_file_adopt(&fixture.log, SLICE("full.log"), full);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    log_write(&fixture.log, file, SLICE("one"));
    log_write(&fixture.log, file, SLICE("two"));
    log_flush(&fixture.log);
    char text[512];
    read_once(fixture.fallback, text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "[alert] "));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, ": 2 lines of log \"full.log\" were lost: No space left on device\n"));
    for (int i = 0; i < 3; i++) {
        log_write(&fixture.log, file, SLICE("more"));
        log_flush(&fixture.log);
    }
    CU_ASSERT_EQUAL(read_once(fixture.fallback, text, sizeof text), 0);
    fixture.loop.now += 60000;
    log_write(&fixture.log, file, SLICE("again"));
    log_flush(&fixture.log);
    read_once(fixture.fallback, text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ": 4 lines of log \"full.log\" were lost"));
    tear_down(&fixture);
}

/* A pipe that takes part of a long line and then nothing: the rest is lost, and the next line does
 * not continue it. */
static void a_torn_line_is_ended_before_the_next(void) {
    struct fixture fixture;
    set_up(&fixture);
    int ends[2];
    open_pipe(ends);
    CU_ASSERT_FATAL(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
    struct log_file *file = log_file_adopt(&fixture.log, SLICE("x.log"), ends[1]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    char line[20000];
    memset(line, 'x', sizeof line);
    log_write(&fixture.log, file, (struct slice){line, sizeof line});
    log_flush(&fixture.log);
    char text[32768];
    size_t got = read_once(ends[0], text, sizeof text);
    CU_ASSERT(got > 0 && got < sizeof line);
    read_once(fixture.fallback, text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1 lines of log \"x.log\" were lost"));
    log_write(&fixture.log, file, SLICE("next"));
    log_flush(&fixture.log);
    read_once(ends[0], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "\nnext\n");
    tear_down(&fixture);
    close(ends[0]);
}

UNIT_TESTS("log/write",
           {"lines are written at the end of the turn", lines_are_written_at_the_end_of_the_turn},
           {"without a loop lines are written at once", without_a_loop_lines_are_written_at_once},
           {"writes to a pipe end with a line", writes_to_a_pipe_end_with_a_line},
           {"keeps order beyond the buffer", keeps_order_beyond_the_buffer},
           {"losses are reported once a minute", losses_are_reported_once_a_minute},
           {"a torn line is ended before the next", a_torn_line_is_ended_before_the_next})
