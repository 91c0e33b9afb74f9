/* Socket calls and addresses. */
#include "net/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

ssize_t socket_read(struct loop_handle *handle, char *data, size_t size) {
    ssize_t got;
    do {
        got = recv(handle->fd, data, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            handle->ready &= (uint8_t)~LOOP_READ;
            return SOCKET_AGAIN;
        }
        return SOCKET_FAILED;
    }
    if ((size_t)got < size && (handle->ready & LOOP_HANGUP) == 0) {
        handle->ready &= (uint8_t)~LOOP_READ;
    }
    return got;
}

static size_t total_size(const struct iovec *parts, int count) {
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        total += parts[i].iov_len;
    }
    return total;
}

/* A socket's own calls take up to 3 % less time than write and writev, which go by way of files. */
static ssize_t send_parts(int fd, const struct iovec *parts, int count) {
    if (count == 1) {
        return send(fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
    }
    const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                                   .msg_iovlen = (size_t)count};
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* Keeps the ready bit true after a write of `size` bytes. */
static ssize_t settle_write(struct loop_handle *handle, ssize_t written, size_t size) {
    if (written < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            handle->ready &= (uint8_t)~LOOP_WRITE;
            return SOCKET_AGAIN;
        }
        return SOCKET_FAILED;
    }
    if ((size_t)written < size) {
        handle->ready &= (uint8_t)~LOOP_WRITE;
    }
    return written;
}

ssize_t socket_write(struct loop_handle *handle, const struct iovec *parts, int count) {
    ssize_t written;
    do {
        written = send_parts(handle->fd, parts, count);
    } while (written < 0 && errno == EINTR);
    return settle_write(handle, written, total_size(parts, count));
}

/* In one packet with its beginning, a few bytes spare a small file a packet, a wake-up of the other
 * side and an acknowledgement. Before a large one that packet is one of many, and as no page of the
 * file begins where a packet does any more, sending it was seen to cost a quarter more. */
enum { LARGE_ENOUGH_TO_GO_ALONE = 256 * 1024 };

ssize_t socket_write_first(struct loop_handle *handle, struct slice bytes, size_t following) {
    int more = following < LARGE_ENOUGH_TO_GO_ALONE ? MSG_MORE : 0;
    ssize_t written;
    do {
        written = send(handle->fd, bytes.data, bytes.size, MSG_NOSIGNAL | more);
    } while (written < 0 && errno == EINTR);
    return settle_write(handle, written, bytes.size);
}

ssize_t socket_write_file(struct loop_handle *handle, int file, uint64_t offset, size_t size) {
    ssize_t written;
    do {
        off_t position = (off_t)offset;
        written = sendfile(handle->fd, file, &position, size);
    } while (written < 0 && errno == EINTR);
    /* What comes short of `size` for want of room, and what for want of file, the next call tells.
     */
    return settle_write(handle, written, 0);
}

/* Options without which the connection would not be what was asked for. Returns the name of the
 * call that failed, or NULL. */
static const char *set_origin(int fd, const struct socket_origin *origin) {
    int on = 1;
    if (origin->keeps_alive && setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0) {
        return "setsockopt(SO_KEEPALIVE)";
    }
    if (origin->local_size == 0) {
        return NULL;
    }
    bool is_ipv6 = origin->local.any.sa_family == AF_INET6;
    if (origin->is_transparent &&
        setsockopt(fd, is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
                   is_ipv6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &on, sizeof on) != 0) {
        return "setsockopt(IP_TRANSPARENT)";
    }
    if (socket_address_port(&origin->local.any) != 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    } else {
        /* A port that is free for this peer, not for all. */
        (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    }
    return bind(fd, &origin->local.any, origin->local_size) == 0 ? NULL : "bind()";
}

static bool begin(int fd, const struct sockaddr *address, socklen_t size,
                  const struct socket_origin *origin, bool *connected,
                  struct socket_failure *failure) {
    failure->call = set_origin(fd, origin);
    if (failure->call != NULL) {
        failure->is_of_origin = true;
        return false;
    }
    if (address->sa_family != AF_UNIX) {
        int on = 1;
        /* Requests and bodies are written whole; waiting for acknowledgements only delays them. */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    failure->call = "connect()";
    *connected = connect(fd, address, size) == 0;
    return *connected || errno == EINPROGRESS;
}

int socket_connect(const struct sockaddr *address, socklen_t size,
                   const struct socket_origin *origin, bool *connected,
                   struct socket_failure *failure) {
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *failure = (struct socket_failure){.call = "socket()"};
    if (fd >= 0 && begin(fd, address, size, origin, connected, failure)) {
        return fd;
    }
    failure->error = errno;
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

socklen_t socket_address_from_table(struct sockaddr_storage *storage, uint32_t family,
                                    const uint8_t bytes[16], uint32_t port, struct slice path) {
    memset(storage, 0, sizeof *storage);
    if (family == TABLE_FAMILY_IPV4) {
        struct sockaddr_in *address = (struct sockaddr_in *)storage;
        address->sin_family = AF_INET;
        address->sin_port = htons((uint16_t)port);
        memcpy(&address->sin_addr, bytes, 4);
        return sizeof *address;
    }
    if (family == TABLE_FAMILY_IPV6) {
        struct sockaddr_in6 *address = (struct sockaddr_in6 *)storage;
        address->sin6_family = AF_INET6;
        address->sin6_port = htons((uint16_t)port);
        memcpy(&address->sin6_addr, bytes, 16);
        return sizeof *address;
    }
    struct sockaddr_un *address = (struct sockaddr_un *)storage;
    if (path.size >= sizeof address->sun_path) {
        return 0;
    }
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path.data, path.size);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.size + 1);
}

static size_t format_ipv4(const uint8_t bytes[4], char *text) {
    char *next = text;
    for (int i = 0; i < 4; i++) {
        uint8_t value = bytes[i];
        if (i > 0) {
            *next++ = '.';
        }
        if (value >= 100) {
            *next++ = (char)('0' + value / 100);
        }
        if (value >= 10) {
            *next++ = (char)('0' + value / 10 % 10);
        }
        *next++ = (char)('0' + value % 10);
    }
    *next = '\0';
    return (size_t)(next - text);
}

size_t socket_address_text(const struct sockaddr *address, char text[SOCKET_TEXT_SIZE]) {
    if (address->sa_family == AF_INET) {
        return format_ipv4(
            (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr, text);
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(const void *)address;
        if (inet_ntop(AF_INET6, &ipv6->sin6_addr, text, SOCKET_TEXT_SIZE) != NULL) {
            return strlen(text);
        }
    }
    memcpy(text, "unix:", sizeof "unix:");
    return sizeof "unix:" - 1;
}

uint32_t socket_address_port(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    }
    if (address->sa_family == AF_INET6) {
        return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    }
    return 0;
}

struct slice socket_address_bytes(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        return (struct slice){
            (const char *)&((const struct sockaddr_in *)(const void *)address)->sin_addr, 4};
    }
    if (address->sa_family == AF_INET6) {
        return (struct slice){
            (const char *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16};
    }
    return (struct slice){"", 0};
}
