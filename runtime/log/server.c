/* Messages to syslog servers: collected during a turn, sent at its end with as few calls as can be.
 * Nothing waits for a server: what it does not take is lost, as with nginx, and counted. */
#include "log/server.h"

#include "base/container.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    MESSAGES_AT_ONCE = 64,
    RETRY_AFTER = 5, /* milliseconds, for a server whose queue is full */
    LAST_TRIES = 20, /* of as many milliseconds, at the end */
    HEAD_SIZE = 64 + LOG_HOST_NAME_SIZE,
};

struct log_server {
    struct sockaddr_storage address;
    socklen_t address_size;
};

/* In front of each message in the buffer. */
typedef uint32_t message_size;

/* --- sockets --- */

static void disconnect(struct log_file *file) {
    if (file->descriptor >= 0) {
        (void)close(file->descriptor);
        file->descriptor = -1;
    }
}

static bool connect_server(struct log_file *file) {
    const struct log_server *server = file->server;
    file->descriptor =
        socket(server->address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file->descriptor < 0) {
        return false;
    }
    if (connect(file->descriptor, (const struct sockaddr *)&server->address,
                server->address_size) != 0) {
        int error = errno;
        disconnect(file);
        errno = error;
        return false;
    }
    return true;
}

static void expire(struct timer *timer) {
    struct log_file *file = CONTAINER_OF(timer, struct log_file, hold_timer);
    log_file_flush(file->log, file);
}

void log_server_move(struct log *log, struct log_file *file, int descriptor) {
    struct log_server found = {0};
    ssize_t size = pread(descriptor, &found.address, sizeof found.address, 0);
    (void)close(descriptor);
    found.address_size = size > 0 ? (socklen_t)size : 0;
    if (found.address_size != file->server->address_size ||
        memcmp(&found.address, &file->server->address, sizeof found.address) != 0) {
        log_file_flush(log, file);
        disconnect(file);
        *file->server = found;
    }
}

bool log_server_adopt(struct log *log, struct log_file *file, int descriptor) {
    if (file->server == NULL) {
        file->server = calloc(1, sizeof *file->server);
        if (file->server == NULL) {
            (void)close(descriptor);
            return false;
        }
        file->log = log;
        file->hold_timer.on_expire = expire;
        file->write_size = sizeof file->buffer->data;
    }
    log_server_move(log, file, descriptor);
    return true;
}

/* --- sending --- */

/* What became of messages. */
struct sending {
    uint32_t done; /* of those that were to be sent */
    uint64_t lost; /* of them, and of earlier ones that came back */
    int error;     /* why the last one was */
    bool is_full;  /* the rest may be tried again later */
};

/* An error that a socket reports at a send is about an earlier message (RFC 1122 4.1.3.3: a port
 * that nobody listens at), or about its server, who has gone. Another socket may have more luck,
 * once. */
static bool recover(struct log_file *file, struct sending *sending, bool *was_tried) {
    bool is_earlier = file->server->address.ss_family != AF_UNIX;
    disconnect(file);
    if (*was_tried) {
        return false;
    }
    *was_tried = true;
    sending->lost += is_earlier ? 1 : 0;
    return true;
}

/* False when there is no point in going on with the rest. */
static bool handle_error(struct log_file *file, struct sending *sending, bool *was_tried) {
    int error = errno;
    if (error == EINTR) {
        return true;
    }
    sending->error = error;
    if (error == EAGAIN || error == ENOBUFS) {
        sending->is_full = true;
        return false;
    }
    if (error == EMSGSIZE) {
        sending->done++;
        sending->lost++;
        return true;
    }
    return recover(file, sending, was_tried);
}

static void send_all(struct log_file *file, struct mmsghdr *messages, uint32_t count,
                     struct sending *sending) {
    bool was_tried = false;
    bool was_cut = false;
    while (sending->done < count) {
        uint32_t rest = count - sending->done;
        if (file->descriptor < 0 && !connect_server(file)) {
            sending->error = errno;
            return;
        }
        int sent = sendmmsg(file->descriptor, messages + sending->done, rest, MSG_NOSIGNAL);
        if (sent < 0) {
            was_cut = false;
            if (!handle_error(file, sending, &was_tried)) {
                return;
            }
            continue;
        }
        /* The error that cut the last call short was told to nobody, and was not this message's. */
        if (was_cut && file->server->address.ss_family != AF_UNIX) {
            sending->lost++;
            sending->error = ECONNREFUSED;
        }
        was_tried = false;
        was_cut = (uint32_t)sent < rest;
        sending->done += (uint32_t)sent;
    }
}

/* The first messages of those collected; returns how many. */
static uint32_t split(struct slice collected, struct mmsghdr *messages, struct iovec *parts,
                      size_t *bytes) {
    uint32_t count = 0;
    *bytes = 0;
    while (*bytes < collected.size && count < MESSAGES_AT_ONCE) {
        message_size size;
        memcpy(&size, collected.data + *bytes, sizeof size);
        parts[count] =
            (struct iovec){.iov_base = (void *)(uintptr_t)(collected.data + *bytes + sizeof size),
                           .iov_len = size};
        messages[count] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[count], .msg_iovlen = 1}};
        *bytes += sizeof size + size;
        count++;
    }
    return count;
}

static size_t measure(const struct iovec *parts, uint32_t count) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        bytes += sizeof(message_size) + parts[i].iov_len;
    }
    return bytes;
}

/* Messages that a server has no room for wait for a little while; without a loop nobody can. */
static bool wait_for_room(struct log *log, struct log_file *file, const struct sending *sending) {
    if (!sending->is_full || log->loop == NULL) {
        return false;
    }
    timer_start(&log->loop->timers, &file->hold_timer, log->loop->now + RETRY_AFTER);
    return true;
}

void log_server_flush(struct log *log, struct log_file *file) {
    struct log_buffer *buffer = file->buffer;
    uint64_t lost = 0;
    int error = 0;
    size_t sent = 0;
    while (buffer != NULL && sent < buffer->used) {
        struct mmsghdr messages[MESSAGES_AT_ONCE];
        struct iovec parts[MESSAGES_AT_ONCE];
        struct slice collected = {buffer->data + sent, buffer->used - sent};
        size_t bytes;
        uint32_t count = split(collected, messages, parts, &bytes);
        struct sending sending = {0};
        send_all(file, messages, count, &sending);
        lost += sending.lost;
        error = sending.error != 0 ? sending.error : error;
        if (sending.done < count && wait_for_room(log, file, &sending)) {
            sent += measure(parts, sending.done);
            break;
        }
        lost += count - sending.done;
        sent += bytes;
    }
    if (buffer != NULL) {
        memmove(buffer->data, buffer->data + sent, buffer->used - sent);
        buffer->used -= (uint32_t)sent;
    }
    log_file_lose(log, file, lost, error);
}

static uint64_t count_messages(struct slice collected) {
    uint64_t count = 0;
    while (collected.size > 0) {
        message_size size;
        memcpy(&size, collected.data, sizeof size);
        collected = slice_skip(collected, sizeof size + size);
        count++;
    }
    return count;
}

void log_server_end(struct log *log, struct log_file *file) {
    for (int i = 0; i < LAST_TRIES && file->buffer != NULL && file->buffer->used > 0; i++) {
        struct pollfd room = {.fd = file->descriptor, .events = POLLOUT};
        (void)poll(&room, 1, RETRY_AFTER);
        log_server_flush(log, file);
    }
    if (file->buffer != NULL) {
        uint64_t lost = count_messages((struct slice){file->buffer->data, file->buffer->used});
        file->buffer->used = 0;
        log_file_lose(log, file, lost, EAGAIN);
        log_file_flush(log, file);
    }
    if (log->loop != NULL) {
        timer_remove(&log->loop->timers, &file->hold_timer);
    }
    disconnect(file);
    free(file->server);
    file->server = NULL;
}

/* --- messages --- */

static const char *time_text(struct log *log) {
    time_t second = log->loop != NULL ? log->loop->clock.tv_sec : time(NULL);
    if (second != log->syslog_second || log->syslog_time[0] == '\0') {
        struct tm parts;
        if (localtime_r(&second, &parts) == NULL ||
            strftime(log->syslog_time, sizeof log->syslog_time, "%b %e %H:%M:%S", &parts) == 0) {
            memcpy(log->syslog_time, "-", sizeof "-");
        }
        log->syslog_second = second;
    }
    return log->syslog_time;
}

static size_t make_head(struct log *log, const struct log_sender *sender,
                        enum table_log_level severity, char *head) {
    enum { SEVERITIES = 8 };
    int size = snprintf(head, HEAD_SIZE,
                        "<%u>%s%s%s %.*s: ", sender->facility * SEVERITIES + (uint32_t)severity,
                        time_text(log), sender->hides_host ? "" : " ",
                        sender->hides_host ? "" : log->host_name, SLICE_ARGS(sender->tag));
    return size < HEAD_SIZE ? (size_t)size : HEAD_SIZE - 1;
}

/* A message longer than any buffer, or for which there is no memory, is sent by itself. */
static void send_single(struct log *log, struct log_file *file, struct slice head,
                        struct slice line) {
    struct iovec parts[2] = {{.iov_base = (void *)(uintptr_t)head.data, .iov_len = head.size},
                             {.iov_base = (void *)(uintptr_t)line.data, .iov_len = line.size}};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = parts, .msg_iovlen = 2}};
    struct sending sending = {0};
    send_all(file, &message, 1, &sending);
    log_file_lose(log, file, sending.lost + (1 - sending.done), sending.error);
}

void log_server_send(struct log *log, const struct log_target *target,
                     enum table_log_level severity, struct slice line) {
    char head[HEAD_SIZE];
    size_t head_size = make_head(log, &target->sender, severity, head);
    message_size size = (message_size)(head_size + line.size);
    char *room = log_file_reserve(log, target->file, sizeof size + size);
    if (room == NULL) {
        send_single(log, target->file, (struct slice){head, head_size}, line);
        return;
    }
    memcpy(room, &size, sizeof size);
    memcpy(room + sizeof size, head, head_size);
    if (line.size > 0) {
        memcpy(room + sizeof size + head_size, line.data, line.size);
    }
    log_file_commit(log, target->file, sizeof size + size);
}
