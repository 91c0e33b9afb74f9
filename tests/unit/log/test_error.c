/* Error lines: nginx's format, levels, escaping, length. */
#include "log/file.h"

#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    struct log log;
    struct log_target targets[2];
    int outputs[2]; /* reading ends */
};

static void set_up(struct fixture *fixture) {
    static const char *const paths[] = {"error.log", "debug.log"};
    log_init(&fixture->log, NULL);
    for (int i = 0; i < 2; i++) {
        int ends[2];
        CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
        struct log_file *file = log_file_adopt(&fixture->log, slice_from_string(paths[i]), ends[1]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        fixture->targets[i] =
            (struct log_target){.file = file, .level = i == 0 ? TABLE_LOG_ERROR : TABLE_LOG_DEBUG};
        fixture->outputs[i] = ends[0];
    }
}

static void tear_down(struct fixture *fixture) {
    log_destroy(&fixture->log);
    close(fixture->outputs[0]);
    close(fixture->outputs[1]);
}

static size_t read_line(const struct fixture *fixture, int output, char text[8192]) {
    ssize_t got = read(fixture->outputs[output], text, 8191);
    text[got > 0 ? got : 0] = '\0';
    return got > 0 ? (size_t)got : 0;
}

/* The line begins with the date, the level and this process; returns what follows. */
static const char *check_head(const char *text, const char *level) {
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int process;
    int thread;
    int end = 0;
    char found[16];
    int fields = sscanf(text, "%4d/%2d/%2d %2d:%2d:%2d [%15[a-z]] %d#%d: %n", &year, &month, &day,
                        &hour, &minute, &second, found, &process, &thread, &end);
    CU_ASSERT_EQUAL(fields, 9);
    CU_ASSERT(year >= 2024 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
    CU_ASSERT_STRING_EQUAL(found, level);
    CU_ASSERT_EQUAL(process, getpid());
    CU_ASSERT_EQUAL(thread, getpid());
    return text + end;
}

static void has_nginxs_format(void) {
    struct fixture fixture;
    set_up(&fixture);
    const struct log_subject subject = {
        .connection = 7,
        .client = SLICE("127.0.0.1"),
        .server = SLICE("example.org"),
        .request = SLICE("GET / HTTP/1.1"),
        .upstream = SLICE("http://127.0.0.1:9/"),
        .host = SLICE("example.org"),
    };
    log_error(&fixture.log, fixture.targets, 1, TABLE_LOG_ERROR, &subject,
              "connect() failed (%d: %s)", 111, "Connection refused");
    char text[8192];
    read_line(&fixture, 0, text);
    CU_ASSERT_STRING_EQUAL(
        check_head(text, "error"),
        "*7 connect() failed (111: Connection refused), client: 127.0.0.1, server: example.org, "
        "request: \"GET / HTTP/1.1\", upstream: \"http://127.0.0.1:9/\", host: \"example.org\"\n");
    tear_down(&fixture);
}

static void leaves_out_what_is_not_known(void) {
    struct fixture fixture;
    set_up(&fixture);
    const struct log_subject subject = {.client = SLICE("::1")};
    log_error(&fixture.log, fixture.targets, 1, TABLE_LOG_CRIT, &subject, "no");
    char text[8192];
    read_line(&fixture, 0, text);
    CU_ASSERT_STRING_EQUAL(check_head(text, "crit"), "no, client: ::1\n");
    log_error(&fixture.log, fixture.targets, 1, TABLE_LOG_EMERG, NULL, "nothing");
    read_line(&fixture, 0, text);
    CU_ASSERT_STRING_EQUAL(check_head(text, "emerg"), "nothing\n");
    tear_down(&fixture);
}

static void levels_choose_the_files(void) {
    struct fixture fixture;
    set_up(&fixture);
    char text[8192];
    log_error(&fixture.log, fixture.targets, 2, TABLE_LOG_WARN, NULL, "warning");
    CU_ASSERT_EQUAL(read_line(&fixture, 0, text), 0);
    read_line(&fixture, 1, text);
    CU_ASSERT_STRING_EQUAL(check_head(text, "warn"), "warning\n");
    log_error(&fixture.log, fixture.targets, 2, TABLE_LOG_ALERT, NULL, "alert");
    CU_ASSERT(read_line(&fixture, 0, text) > 0);
    CU_ASSERT(read_line(&fixture, 1, text) > 0);
    CU_ASSERT_STRING_EQUAL(check_head(text, "alert"), "alert\n");
    tear_down(&fixture);
}

static void escapes_control_characters(void) {
    struct fixture fixture;
    set_up(&fixture);
    const struct log_subject subject = {.request = {"GET /\r\n\x1b[2J\0x", 13}};
    log_error(&fixture.log, fixture.targets, 1, TABLE_LOG_ERROR, &subject, "bad %s",
              "\x7f\t\xc3\xa9");
    char text[8192];
    read_line(&fixture, 0, text);
    CU_ASSERT_STRING_EQUAL(check_head(text, "error"),
                           "bad \\x7F\\x09\xc3\xa9, request: \"GET /\\x0D\\x0A\\x1B[2J\\x00x\"\n");
    tear_down(&fixture);
}

static void cuts_long_lines(void) {
    struct fixture fixture;
    set_up(&fixture);
    char *request = malloc(100000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(request);
    memset(request, '\n', 100000);
    const struct log_subject subject = {.request = {request, 100000}, .host = SLICE("h")};
    log_error(&fixture.log, fixture.targets, 1, TABLE_LOG_ERROR, &subject, "%.*s", 5000, request);
    char text[8192];
    size_t size = read_line(&fixture, 0, text);
    CU_ASSERT_EQUAL(size, 4096); /* PIPE_BUF */
    CU_ASSERT(text[size - 1] == '\n');
    CU_ASSERT_PTR_EQUAL(strchr(text, '\n'), text + size - 1);
    free(request);
    tear_down(&fixture);
}

static void messages_need_a_fallback(void) {
    struct fixture fixture;
    set_up(&fixture);
    log_message(&fixture.log, TABLE_LOG_NOTICE, "to nobody");
    int ends[2];
    CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    CU_ASSERT_FATAL(log_adopt_fallback(&fixture.log, ends[1]));
    log_message(&fixture.log, TABLE_LOG_NOTICE, "to %s", "you");
    char text[256] = "";
    CU_ASSERT(read(ends[0], text, sizeof text - 1) > 0);
    CU_ASSERT_STRING_EQUAL(check_head(text, "notice"), "to you\n");
    tear_down(&fixture);
    close(ends[0]);
}

UNIT_TESTS("log/error", {"has nginx's format", has_nginxs_format},
           {"leaves out what is not known", leaves_out_what_is_not_known},
           {"levels choose the files", levels_choose_the_files},
           {"escapes control characters", escapes_control_characters},
           {"cuts long lines", cuts_long_lines},
           {"messages need a fallback", messages_need_a_fallback})
