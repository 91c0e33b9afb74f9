/* Non-blocking socket calls that keep a loop handle's ready bits true, and addresses as text. */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "base/slice.h"
#include "loop/loop.h"
#include "table/layout.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

enum {
    SOCKET_END = 0,    /* the peer has closed its sending side */
    SOCKET_AGAIN = -1, /* nothing now; the loop will say when */
    SOCKET_FAILED = -2 /* errno says why */
};

/* Any address a peer or client can have; small, as every connection holds one. */
union socket_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

/* Reads once. Returns the number of bytes, or SOCKET_…. Clears LOOP_READ when nothing more can be
 * expected before the next event: after EAGAIN, and after a short read unless the peer hung up. */
ssize_t socket_read(struct loop_handle *handle, char *data, size_t size);

/* Writes once. Returns the number of bytes (> 0, unless all parts are empty), or SOCKET_AGAIN or
 * SOCKET_FAILED. Clears LOOP_WRITE after EAGAIN and after a short write. */
ssize_t socket_write(struct loop_handle *handle, const struct iovec *parts, int count);

/* Writes bytes that `following` more, of a file, will follow at once, so that the kernel need not
 * make a packet of them. As socket_write. */
ssize_t socket_write_first(struct loop_handle *handle, struct slice bytes, size_t following);

/* Lets the kernel write up to `size` bytes of a file from `offset` on. Returns as socket_write, 0
 * for a file that ends there, or SOCKET_FAILED. */
ssize_t socket_write_file(struct loop_handle *handle, int file, uint64_t offset, size_t size);

/* How a connection is made, besides where to. */
struct socket_origin {
    union socket_address local; /* where it comes from */
    socklen_t local_size;       /* 0: where the kernel likes */
    bool is_transparent;        /* `local` need not be this machine's */
    bool keeps_alive;           /* SO_KEEPALIVE */
};

/* Why there is no connection; the other side has nothing to do with it when it is the origin's. */
struct socket_failure {
    const char *call;
    int error;
    bool is_of_origin;
};

/* Starts a connection on a new non-blocking descriptor. Returns the descriptor (`*connected` says
 * whether it is complete already), or -1 with the reason. */
int socket_connect(const struct sockaddr *address, socklen_t size,
                   const struct socket_origin *origin, bool *connected,
                   struct socket_failure *failure);

/* Fills in an address from a table's family, bytes and port. Returns its size. `storage` must be a
 * sockaddr_storage; a unix path too long for it gives 0. */
socklen_t socket_address_from_table(struct sockaddr_storage *storage, uint32_t family,
                                    const uint8_t bytes[16], uint32_t port, struct slice path);

enum { SOCKET_TEXT_SIZE = INET6_ADDRSTRLEN + 1 };

/* The address without port ("unix:" for unix sockets), into `text`. Returns its length. */
size_t socket_address_text(const struct sockaddr *address, char text[SOCKET_TEXT_SIZE]);

/* 0 for unix sockets. */
uint32_t socket_address_port(const struct sockaddr *address);

/* The address bytes in network order: 4, 16, or none. */
struct slice socket_address_bytes(const struct sockaddr *address);

#endif
