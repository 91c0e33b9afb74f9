/* Deliveries over the line between supervisor and worker: whole, in any size, with descriptors that
 * are the right ones. */
#include "control.h"

#include "table/layout.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Pipes to send, told apart by their inodes. */
static int open_marked(ino_t *inode) {
    int ends[2];
    struct stat status;
    CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC) == 0);
    CU_ASSERT_FATAL(fstat(ends[1], &status) == 0);
    *inode = status.st_ino;
    close(ends[0]);
    return ends[1];
}

static bool has_inode(int descriptor, ino_t inode) {
    struct stat status;
    return descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_ino == inode &&
           (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0;
}

struct sample {
    struct delivery delivery;
    ino_t table;
    ino_t secrets;
    ino_t *sockets;
    ino_t *memories;
    ino_t *logs;
};

/* Every third listener is kept, every third is new, every third is none of this worker's. */
static void make_sample(struct sample *sample, uint32_t listeners, uint32_t logs) {
    CU_ASSERT_FATAL(delivery_create(&sample->delivery, listeners, logs - 1, logs));
    sample->sockets = calloc(listeners + 1, sizeof *sample->sockets);
    sample->memories = calloc(logs, sizeof *sample->memories);
    sample->logs = calloc(logs + 1, sizeof *sample->logs);
    CU_ASSERT_FATAL(sample->sockets != NULL && sample->memories != NULL && sample->logs != NULL);
    sample->delivery.number = 42;
    sample->delivery.table_size = 123456;
    sample->delivery.table = open_marked(&sample->table);
    if (listeners > 1) { /* the others need none */
        sample->delivery.secrets_size = 654321;
        sample->delivery.secrets = open_marked(&sample->secrets);
    }
    for (uint32_t i = 0; i < listeners; i++) {
        if (i % 3 == 0) {
            sample->delivery.kept[i] = i * 7;
        } else if (i % 3 == 1) {
            sample->delivery.sockets[i] = open_marked(&sample->sockets[i]);
        }
    }
    for (uint32_t i = 1; i < logs - 1; i++) { /* the first is not needed */
        sample->delivery.memory_numbers[i] = i * 5;
        sample->delivery.memories[i] = open_marked(&sample->memories[i]);
    }
    for (uint32_t i = 0; i < logs; i++) {
        sample->delivery.logs[i] = open_marked(&sample->logs[i]);
    }
}

static void drop_sample(struct sample *sample) {
    delivery_close(&sample->delivery);
    delivery_release(&sample->delivery);
    free(sample->sockets);
    free(sample->memories);
    free(sample->logs);
}

static unsigned count_differences(const struct sample *sample, const struct delivery *got) {
    const struct delivery *sent = &sample->delivery;
    unsigned wrong = got->number != sent->number || got->table_size != sent->table_size ||
                     got->listener_count != sent->listener_count ||
                     got->memory_count != sent->memory_count || got->log_count != sent->log_count ||
                     !has_inode(got->table, sample->table);
    wrong += got->secrets_size != sent->secrets_size;
    wrong += sent->secrets >= 0 ? !has_inode(got->secrets, sample->secrets) : got->secrets != -1;
    for (uint32_t i = 0; i < sent->listener_count; i++) {
        wrong += got->kept[i] != sent->kept[i];
        wrong += sent->sockets[i] >= 0 ? !has_inode(got->sockets[i], sample->sockets[i])
                                       : got->sockets[i] != -1;
    }
    for (uint32_t i = 0; i < sent->memory_count; i++) {
        wrong += got->memory_numbers[i] != sent->memory_numbers[i];
        wrong += sent->memories[i] >= 0 ? !has_inode(got->memories[i], sample->memories[i])
                                        : got->memories[i] != -1;
    }
    for (uint32_t i = 0; i < sent->log_count; i++) {
        wrong += !has_inode(got->logs[i], sample->logs[i]);
    }
    return wrong;
}

static unsigned count_descriptors(void) {
    unsigned count = 0;
    for (int i = 0; i < 4096; i++) {
        count += fcntl(i, F_GETFD) >= 0;
    }
    return count;
}

static void check_delivery(uint32_t listeners, uint32_t logs) {
    unsigned before = count_descriptors();
    int supervisor;
    int worker;
    CU_ASSERT_FATAL(control_create(&supervisor, &worker));
    struct sample sample;
    make_sample(&sample, listeners, logs);
    struct control_intake intake = {.is_open = false};
    CU_ASSERT_EQUAL(control_receive(worker, &intake), CONTROL_WAIT);
    CU_ASSERT_TRUE(control_send(supervisor, &sample.delivery));
    CU_ASSERT_EQUAL_FATAL(control_receive(worker, &intake), CONTROL_COMPLETE);
    CU_ASSERT_EQUAL(count_differences(&sample, &intake.delivery), 0);
    control_intake_clear(&intake);
    CU_ASSERT_EQUAL(control_receive(worker, &intake), CONTROL_WAIT);
    close(supervisor);
    CU_ASSERT_EQUAL(control_receive(worker, &intake), CONTROL_ENDED);
    close(worker);
    drop_sample(&sample);
    CU_ASSERT_EQUAL(count_descriptors(), before);
}

static void small_deliveries_arrive(void) {
    check_delivery(0, 1);
    check_delivery(1, 1);
    check_delivery(5, 3);
}

static void deliveries_beyond_one_message_arrive(void) {
    check_delivery(1000, 1);
    check_delivery(253, 253);
    check_delivery(254, 254);
    check_delivery(2, 300);
}

static void log_files_may_come_alone(void) {
    int supervisor;
    int worker;
    CU_ASSERT_FATAL(control_create(&supervisor, &worker));
    struct sample sample;
    make_sample(&sample, 0, 2);
    close(sample.delivery.table);
    sample.delivery.table = -1;
    struct control_intake intake = {.is_open = false};
    CU_ASSERT_TRUE(control_send(supervisor, &sample.delivery));
    CU_ASSERT_EQUAL_FATAL(control_receive(worker, &intake), CONTROL_COMPLETE);
    CU_ASSERT_EQUAL(intake.delivery.table, -1);
    CU_ASSERT_TRUE(has_inode(intake.delivery.logs[1], sample.logs[1]));
    control_intake_clear(&intake);
    close(supervisor);
    close(worker);
    drop_sample(&sample);
}

static void an_unfinished_delivery_is_dropped(void) {
    unsigned before = count_descriptors();
    int supervisor;
    int worker;
    CU_ASSERT_FATAL(control_create(&supervisor, &worker));
    struct sample sample;
    make_sample(&sample, 4, 2);
    struct control_intake intake = {.is_open = false};
    CU_ASSERT_TRUE(control_send(supervisor, &sample.delivery));
    /* Without its last message: peek at the sizes by moving all but one to another line. */
    int line[2];
    CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) == 0);
    char bytes[2048];
    ssize_t size = recv(worker, bytes, sizeof bytes, MSG_DONTWAIT);
    CU_ASSERT(size > 0);
    CU_ASSERT_EQUAL(send(line[0], bytes, (size_t)size, MSG_NOSIGNAL), size);
    CU_ASSERT_EQUAL(control_receive(line[1], &intake), CONTROL_WAIT);
    CU_ASSERT_TRUE(intake.is_open);
    close(line[0]);
    CU_ASSERT_EQUAL(control_receive(line[1], &intake), CONTROL_ENDED);
    control_intake_clear(&intake);
    close(line[1]);
    close(supervisor);
    close(worker);
    drop_sample(&sample);
    CU_ASSERT_EQUAL(count_descriptors(), before);
}

static void nonsense_is_refused(void) {
    int line[2];
    CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) == 0);
    struct control_intake intake = {.is_open = false};
    CU_ASSERT_EQUAL(send(line[0], "x", 1, MSG_NOSIGNAL), 1);
    CU_ASSERT_EQUAL(control_receive(line[1], &intake), CONTROL_BROKEN);
    uint32_t words[10] = {3, 0}; /* log files of no delivery */
    CU_ASSERT_EQUAL(send(line[0], words, sizeof words, MSG_NOSIGNAL), sizeof words);
    CU_ASSERT_EQUAL(control_receive(line[1], &intake), CONTROL_BROKEN);
    CU_ASSERT_FALSE(intake.is_open);
    close(line[0]);
    close(line[1]);
}

struct slow_reader {
    int line;
    struct control_intake intake;
    enum control_result result;
};

static void *read_slowly(void *data) {
    struct slow_reader *reader = data;
    do {
        usleep(1000);
        reader->result = control_receive(reader->line, &reader->intake);
    } while (reader->result == CONTROL_WAIT);
    return NULL;
}

/* More than the socket holds: the sender waits for the reader. */
static void a_busy_worker_is_waited_for(void) {
    int supervisor;
    struct slow_reader reader = {.result = CONTROL_WAIT};
    CU_ASSERT_FATAL(control_create(&supervisor, &reader.line));
    struct delivery delivery;
    CU_ASSERT_FATAL(delivery_create(&delivery, 200000, 0, 1));
    ino_t inode;
    delivery.logs[0] = open_marked(&inode);
    pthread_t thread;
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, read_slowly, &reader) == 0);
    CU_ASSERT_TRUE(control_send(supervisor, &delivery));
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(reader.result, CONTROL_COMPLETE);
    control_intake_clear(&reader.intake);
    delivery_close(&delivery);
    delivery_release(&delivery);
    close(supervisor);
    close(reader.line);
}

UNIT_TESTS("net/control", {"small deliveries arrive", small_deliveries_arrive},
           {"deliveries beyond one message arrive", deliveries_beyond_one_message_arrive},
           {"log files may come alone", log_files_may_come_alone},
           {"an unfinished delivery is dropped", an_unfinished_delivery_is_dropped},
           {"nonsense is refused", nonsense_is_refused},
           {"a busy worker is waited for", a_busy_worker_is_waited_for})
