/* Sending what was chosen of a file. No buffer is held while the client takes nothing: what it did
 * not take is read again, most likely out of the kernel's cache, once it does. */
#include "file/internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The least that is read at a time, and the most that is sent before others have their turn. */
enum { SMALLEST_STRIDE = 8192, TURN_SIZE = 1 << 20 };

static bool is_over(const struct file_answer *answer) {
    return answer->part == answer->part_count;
}

static uint64_t part_size(const struct file_part *part) {
    return part->text.data != NULL ? part->text.size : part->range.end - part->range.begin;
}

static void advance(struct file_answer *answer, uint64_t size) {
    while (answer->part < answer->part_count) {
        uint64_t left = part_size(&answer->parts[answer->part]) - answer->sent;
        if (size < left) {
            answer->sent += size;
            return;
        }
        size -= left;
        answer->sent = 0;
        answer->part++;
    }
}

/* The file has less in it than it had when the length was told: only a broken response says so. */
static void give_up(struct file_answer *answer, uint64_t position, const char *call, int error) {
    struct exchange *exchange = answer->exchange;
    if (error != 0) {
        file_log_failure(exchange, TABLE_LOG_CRIT, call, exchange->file_name, error);
    } else {
        exchange_log(exchange, TABLE_LOG_ALERT, (struct slice){0},
                     "%s reported that \"%.*s\" was truncated at %llu", call,
                     SLICE_ARGS(exchange->file_name), (unsigned long long)position);
    }
    exchange_fail(exchange, 500);
}

/* --- by the kernel --- */

/* True when the client can take more at once. */
static bool let_kernel_send(struct file_answer *answer) {
    struct exchange *exchange = answer->exchange;
    const struct file_part *part = &answer->parts[answer->part];
    uint64_t chunk = exchange->request.settings->sendfile_max_chunk;
    struct front_file file = {
        .fd = answer->view.fd,
        .offset = part->range.begin + answer->sent,
        .size = part_size(part) - answer->sent,
    };
    bool is_last = chunk == 0 || file.size <= chunk;
    file.size = is_last ? file.size : chunk;
    ssize_t taken = exchange_send_file(exchange, &file, is_last);
    if (taken == FRONT_NEEDS_BYTES) {
        answer->is_read = true;
        return true;
    }
    if (taken == FRONT_FILE_ENDED) {
        give_up(answer, file.offset, "sendfile()", errno);
        return false;
    }
    advance(answer, (uint64_t)taken);
    if ((uint64_t)taken == file.size && !is_last) {
        loop_defer_next(exchange->service->loop, &answer->send_on); /* others have their turn */
    }
    return false;
}

/* --- through a buffer --- */

/* Appends what comes next, as much as has room. False when the file does not have it. */
static bool fill(const struct file_answer *answer, struct buffer *buffer, size_t room,
                 bool *is_last) {
    size_t index = answer->part;
    uint64_t sent = answer->sent;
    for (; index < answer->part_count && room > 0; index++, sent = 0) {
        const struct file_part *part = &answer->parts[index];
        uint64_t left = part_size(part) - sent;
        size_t size = left < room ? (size_t)left : room;
        if (part->text.data != NULL) {
            memcpy(buffer->bytes + buffer->end, part->text.data + sent, size);
        } else if (size > 0) {
            ssize_t got;
            do {
                got = pread(answer->view.fd, buffer->bytes + buffer->end, size,
                            (off_t)(part->range.begin + sent));
            } while (got < 0 && errno == EINTR);
            if (got <= 0) {
                errno = got == 0 ? 0 : errno;
                return buffer->end > 0;
            }
            left -= (uint64_t)size - (uint64_t)got;
            size = (size_t)got;
        }
        buffer->end += size;
        room -= size;
        if (size < left) {
            return true;
        }
    }
    *is_last = index == answer->part_count;
    return true;
}

/* The more the client takes at a time, the more is read. */
static void adapt(struct file_answer *answer, size_t offered, size_t taken) {
    if (taken == offered && answer->stride < BUFFER_LARGE) {
        answer->stride = answer->stride * 2 < BUFFER_LARGE ? answer->stride * 2 : BUFFER_LARGE;
    } else if (taken < offered / 2 && answer->stride > SMALLEST_STRIDE) {
        answer->stride /= 2;
    }
}

/* True when the client can take more at once. */
static bool read_and_send(struct file_answer *answer) {
    struct exchange *exchange = answer->exchange;
    struct buffer_pool *pool = &exchange->service->buffers;
    struct buffer *buffer = buffer_take_large(pool, answer->stride > BUFFER_STANDARD);
    bool is_last = false;
    if (buffer == NULL) {
        exchange_fail_memory(exchange, "a file");
        return false;
    }
    size_t room = answer->stride < buffer->capacity ? answer->stride : buffer->capacity;
    if (!fill(answer, buffer, room, &is_last)) {
        int error = errno;
        buffer_give(pool, buffer);
        give_up(answer, answer->sent, "pread()", error);
        return false;
    }
    struct slice bytes = buffer_content(buffer);
    size_t taken = exchange_send_body(exchange, &bytes, 1, is_last);
    buffer_give(pool, buffer);
    advance(answer, taken);
    adapt(answer, bytes.size, taken);
    if (taken < bytes.size || is_last) {
        return false;
    }
    answer->turn_sent += taken;
    if (answer->turn_sent < TURN_SIZE) {
        return true;
    }
    loop_defer_next(exchange->service->loop, &answer->send_on);
    return false;
}

/* What fits into a buffer is sent with its head for less by reading it. */
static bool is_kernels(const struct file_answer *answer) {
    return !answer->is_read && answer->part_count == 1 &&
           answer->exchange->request.settings->sendfile != 0 &&
           part_size(answer->parts) > BUFFER_STANDARD;
}

void file_send(struct file_answer *answer) {
    bool goes_on = !is_over(answer);
    answer->turn_sent = 0;
    while (goes_on) {
        goes_on = is_kernels(answer) ? let_kernel_send(answer) : read_and_send(answer);
    }
}
