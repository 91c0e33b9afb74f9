/* Deliveries as messages. One message carries at most as many descriptors as the kernel takes
 * (SCM_MAX_FD), so a delivery is a series: BEGIN, any number of the others, END. */
#include "control.h"

#include "table/layout.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { DESCRIPTORS_PER_MESSAGE = 253, SEND_PATIENCE_SECONDS = 2 };

enum message_kind {
    MESSAGE_BEGIN,
    MESSAGE_KEPT,
    MESSAGE_SOCKETS,
    MESSAGE_MEMORIES,
    MESSAGE_LOGS,
    MESSAGE_END
};

struct message {
    uint32_t kind;
    uint32_t count; /* of values */
    uint32_t first; /* KEPT, LOGS: position of the first value or descriptor */
    uint32_t number;
    uint32_t listener_count;
    uint32_t memory_count;
    uint32_t log_count;
    uint64_t table_size;
    uint64_t secrets_size;
    /* KEPT: previous listeners; SOCKETS: listeners; MEMORIES: a position and a number for each */
    uint32_t values[2 * DESCRIPTORS_PER_MESSAGE];
};

struct message_descriptors {
    uint32_t count;
    int descriptors[DESCRIPTORS_PER_MESSAGE];
};

union descriptor_space {
    struct cmsghdr header; /* for its alignment */
    char bytes[CMSG_SPACE(sizeof(int) * DESCRIPTORS_PER_MESSAGE)];
};

bool control_create(int *supervisor, int *worker) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    const struct timeval patience = {.tv_sec = SEND_PATIENCE_SECONDS};
    if (setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        errno = error;
        return false;
    }
    *supervisor = ends[0];
    *worker = ends[1];
    return true;
}

static bool send_message(int line, struct message *message,
                         const struct message_descriptors *carried) {
    struct iovec part = {
        .iov_base = message,
        .iov_len = offsetof(struct message, values) + message->count * sizeof message->values[0],
    };
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    union descriptor_space space;
    if (carried != NULL && carried->count > 0) {
        size_t size = carried->count * sizeof(int);
        memset(&space, 0, sizeof space);
        header.msg_control = &space;
        header.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *control = CMSG_FIRSTHDR(&header);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(control), carried->descriptors, size);
    }
    ssize_t sent;
    do {
        sent = sendmsg(line, &header, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

static bool send_begin(int line, const struct delivery *delivery) {
    struct message message = {
        .kind = MESSAGE_BEGIN,
        .number = delivery->number,
        .listener_count = delivery->listener_count,
        .memory_count = delivery->memory_count,
        .log_count = delivery->log_count,
        .table_size = delivery->table_size,
        .secrets_size = delivery->secrets_size,
    };
    struct message_descriptors carried = {.count = 0};
    if (delivery->table >= 0) {
        carried.descriptors[carried.count++] = delivery->table;
    }
    if (delivery->secrets >= 0) {
        carried.descriptors[carried.count++] = delivery->secrets;
    }
    return send_message(line, &message, &carried);
}

static bool send_kept(int line, const struct delivery *delivery) {
    struct message message = {.kind = MESSAGE_KEPT};
    for (uint32_t done = 0; done < delivery->listener_count; done += message.count) {
        uint32_t left = delivery->listener_count - done;
        message.first = done;
        message.count = left < DESCRIPTORS_PER_MESSAGE ? left : DESCRIPTORS_PER_MESSAGE;
        memcpy(message.values, delivery->kept + done, message.count * sizeof message.values[0]);
        if (!send_message(line, &message, NULL)) {
            return false;
        }
    }
    return true;
}

static bool send_sockets(int line, const struct delivery *delivery) {
    uint32_t next = 0;
    while (next < delivery->listener_count) {
        struct message message = {.kind = MESSAGE_SOCKETS};
        struct message_descriptors carried = {.count = 0};
        while (next < delivery->listener_count && carried.count < DESCRIPTORS_PER_MESSAGE) {
            if (delivery->sockets[next] >= 0) {
                message.values[message.count++] = next;
                carried.descriptors[carried.count++] = delivery->sockets[next];
            }
            next++;
        }
        if (carried.count > 0 && !send_message(line, &message, &carried)) {
            return false;
        }
    }
    return true;
}

static bool send_memories(int line, const struct delivery *delivery) {
    uint32_t next = 0;
    while (next < delivery->memory_count) {
        struct message message = {.kind = MESSAGE_MEMORIES};
        struct message_descriptors carried = {.count = 0};
        for (; next < delivery->memory_count && carried.count < DESCRIPTORS_PER_MESSAGE; next++) {
            if (delivery->memories[next] >= 0) {
                message.values[message.count++] = next;
                message.values[message.count++] = delivery->memory_numbers[next];
                carried.descriptors[carried.count++] = delivery->memories[next];
            }
        }
        if (carried.count > 0 && !send_message(line, &message, &carried)) {
            return false;
        }
    }
    return true;
}

static bool send_logs(int line, const struct delivery *delivery) {
    struct message message = {.kind = MESSAGE_LOGS};
    struct message_descriptors carried;
    for (uint32_t done = 0; done < delivery->log_count; done += carried.count) {
        uint32_t left = delivery->log_count - done;
        message.first = done;
        carried.count = left < DESCRIPTORS_PER_MESSAGE ? left : DESCRIPTORS_PER_MESSAGE;
        memcpy(carried.descriptors, delivery->logs + done, carried.count * sizeof(int));
        if (!send_message(line, &message, &carried)) {
            return false;
        }
    }
    return true;
}

bool control_send(int line, const struct delivery *delivery) {
    struct message end = {.kind = MESSAGE_END};
    return send_begin(line, delivery) && send_kept(line, delivery) &&
           send_sockets(line, delivery) && send_memories(line, delivery) &&
           send_logs(line, delivery) && send_message(line, &end, NULL);
}

static void close_carried(struct message_descriptors *carried) {
    for (uint32_t i = 0; i < carried->count; i++) {
        if (carried->descriptors[i] >= 0) { /* not taken */
            close(carried->descriptors[i]);
        }
    }
    carried->count = 0;
}

/* The kernel's control data; other kinds than descriptors are never sent to us. */
static void take_descriptors(struct msghdr *header, struct message_descriptors *carried) {
    carried->count = 0;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS) {
            size_t size = control->cmsg_len - CMSG_LEN(0);
            memcpy(carried->descriptors, CMSG_DATA(control), size);
            carried->count = (uint32_t)(size / sizeof(int));
        }
    }
}

/* COMPLETE here means that a message was read. */
static enum control_result read_message(int line, struct message *message,
                                        struct message_descriptors *carried) {
    union descriptor_space space;
    struct iovec part = {.iov_base = message, .iov_len = sizeof *message};
    struct msghdr header = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &space,
        .msg_controllen = sizeof space,
    };
    ssize_t size;
    do {
        size = recvmsg(line, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? CONTROL_WAIT : CONTROL_ENDED;
    }
    if (size == 0) {
        return CONTROL_ENDED;
    }
    take_descriptors(&header, carried);
    size_t fixed = offsetof(struct message, values);
    bool is_whole = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 && (size_t)size >= fixed &&
                    message->count <= 2 * DESCRIPTORS_PER_MESSAGE &&
                    (size_t)size == fixed + message->count * sizeof message->values[0];
    if (!is_whole) {
        close_carried(carried);
        return CONTROL_BROKEN;
    }
    return CONTROL_COMPLETE;
}

static bool take_begin(struct control_intake *intake, const struct message *message,
                       struct message_descriptors *carried) {
    control_intake_clear(intake);
    if (message->log_count == 0 || /* there is always the fallback */
        !delivery_create(&intake->delivery, message->listener_count, message->memory_count,
                         message->log_count)) {
        return false;
    }
    intake->is_open = true;
    intake->delivery.number = message->number;
    intake->delivery.table_size = message->table_size;
    intake->delivery.secrets_size = message->secrets_size;
    if (carried->count == 1 || carried->count == 2) {
        intake->delivery.table = carried->descriptors[0];
        intake->delivery.secrets = carried->count == 2 ? carried->descriptors[1] : -1;
        carried->count = 0;
    }
    return true;
}

static bool take_kept(struct control_intake *intake, const struct message *message,
                      struct message_descriptors *carried) {
    struct delivery *delivery = &intake->delivery;
    (void)carried;
    if (message->first > delivery->listener_count ||
        message->count > delivery->listener_count - message->first) {
        return false;
    }
    memcpy(delivery->kept + message->first, message->values,
           message->count * sizeof message->values[0]);
    return true;
}

static bool take_sockets(struct control_intake *intake, const struct message *message,
                         struct message_descriptors *carried) {
    struct delivery *delivery = &intake->delivery;
    if (message->count != carried->count) {
        return false;
    }
    for (uint32_t i = 0; i < message->count; i++) {
        if (message->values[i] >= delivery->listener_count ||
            delivery->sockets[message->values[i]] >= 0) {
            return false;
        }
    }
    for (uint32_t i = 0; i < message->count; i++) {
        delivery->sockets[message->values[i]] = carried->descriptors[i];
    }
    carried->count = 0;
    return true;
}

static bool take_memories(struct control_intake *intake, const struct message *message,
                          struct message_descriptors *carried) {
    struct delivery *delivery = &intake->delivery;
    if (message->count != 2 * carried->count) {
        return false;
    }
    for (size_t i = 0; i < carried->count; i++) {
        uint32_t position = message->values[2 * i];
        if (position >= delivery->memory_count || delivery->memories[position] >= 0) {
            return false;
        }
        delivery->memory_numbers[position] = message->values[2 * i + 1];
        delivery->memories[position] = carried->descriptors[i];
        carried->descriptors[i] = -1;
    }
    carried->count = 0;
    return true;
}

static bool take_logs(struct control_intake *intake, const struct message *message,
                      struct message_descriptors *carried) {
    struct delivery *delivery = &intake->delivery;
    if (message->first > delivery->log_count ||
        carried->count > delivery->log_count - message->first) {
        return false;
    }
    memcpy(delivery->logs + message->first, carried->descriptors, carried->count * sizeof(int));
    carried->count = 0;
    return true;
}

static bool take_message(struct control_intake *intake, const struct message *message,
                         struct message_descriptors *carried) {
    static bool (*const takers[])(struct control_intake *, const struct message *,
                                  struct message_descriptors *) = {
        [MESSAGE_BEGIN] = take_begin,     [MESSAGE_KEPT] = take_kept,
        [MESSAGE_SOCKETS] = take_sockets, [MESSAGE_MEMORIES] = take_memories,
        [MESSAGE_LOGS] = take_logs,
    };
    bool is_known = message->kind < sizeof takers / sizeof takers[0];
    return is_known && (intake->is_open || message->kind == MESSAGE_BEGIN) &&
           takers[message->kind](intake, message, carried);
}

/* Whether the log files that were promised have come; sockets may be any number. */
static bool is_whole(const struct delivery *delivery) {
    for (uint32_t i = 0; i < delivery->log_count; i++) {
        if (delivery->logs[i] < 0) {
            return false;
        }
    }
    return true;
}

enum control_result control_receive(int line, struct control_intake *intake) {
    struct message message;
    struct message_descriptors carried;
    for (;;) {
        enum control_result result = read_message(line, &message, &carried);
        if (result != CONTROL_COMPLETE) {
            return result;
        }
        if (message.kind == MESSAGE_END) {
            close_carried(&carried);
            return intake->is_open && is_whole(&intake->delivery) ? CONTROL_COMPLETE
                                                                  : CONTROL_BROKEN;
        }
        bool is_taken = take_message(intake, &message, &carried);
        close_carried(&carried);
        if (!is_taken) {
            return CONTROL_BROKEN;
        }
    }
}

void control_intake_clear(struct control_intake *intake) {
    if (intake->is_open) {
        delivery_close(&intake->delivery);
        delivery_release(&intake->delivery);
        intake->is_open = false;
    }
}
