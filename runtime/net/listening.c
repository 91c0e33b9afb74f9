/* Opening listening sockets: options, bind, listen, and words for what can go wrong. */
#include "net/listening.h"

#include "net/socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_BACKLOG = 511, FIRST_ORDINARY_PORT = 1024 }; /* NGX_LISTEN_BACKLOG */

static const struct table_listener *find_record(const struct table *table, uint32_t listener) {
    return &table->listener[listener];
}

/* Words the failure of one step, with the place of the directive. */
static bool fail(struct failure *failure, const struct table *table, uint32_t listener,
                 const char *step, int error) {
    const struct table_listener *record = find_record(table, listener);
    const char *source = "";
    if (record->place.source != TABLE_NONE) {
        source = table_chars(table, table->source[record->place.source].name);
    }
    const char *hint = "";
    if (error == EACCES && record->family != TABLE_FAMILY_UNIX &&
        record->port < FIRST_ORDINARY_PORT) {
        hint = " (ports below 1024 need root or CAP_NET_BIND_SERVICE)";
    }
    return failure_set(failure, "%s:%u: cannot listen on %s: %s%s%s%s", source, record->place.line,
                       table_chars(table, record->name), step, *step != '\0' ? ": " : "",
                       strerror(error), hint);
}

static bool set_option(int descriptor, int level, int option, int value) {
    return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

/* The name of the option that could not be set, or NULL. */
static const char *set_options(int descriptor, const struct table_listener *record) {
    if (record->family == TABLE_FAMILY_UNIX) {
        return NULL;
    }
    if (!set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)) {
        return "SO_REUSEADDR";
    }
    if (record->reuseport != 0 && !set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)) {
        return "SO_REUSEPORT";
    }
    if (record->family == TABLE_FAMILY_IPV6 &&
        !set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, record->ipv6only != 0)) {
        return "IPV6_V6ONLY";
    }
    /* Connections inherit it, which saves a call for each. */
    if (!set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1)) {
        return "TCP_NODELAY";
    }
    return NULL;
}

/* Options that hold for connections to come, whatever there has been. Those that are not given stay
 * as they are, as in nginx. The name of one that could not be set, or NULL. */
static const char *tune(int descriptor, const struct table_listener *record) {
    bool is_tcp = record->family != TABLE_FAMILY_UNIX;
    const struct {
        const char *name;
        int level;
        int option;
        bool is_set;
        uint32_t value;
    } options[] = {
        {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, record->receive_buffer > 0, record->receive_buffer},
        {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, record->send_buffer > 0, record->send_buffer},
        {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, true, record->keepalive != 0},
        {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, record->keepalive_idle > 0,
         record->keepalive_idle},
        {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, record->keepalive_interval > 0,
         record->keepalive_interval},
        {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, record->keepalive_count > 0,
         record->keepalive_count},
        {"TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, true, record->deferred != 0},
        {"TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN, record->fastopen > 0, record->fastopen},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        bool is_wanted = options[i].is_set && (is_tcp || options[i].level == SOL_SOCKET);
        if (is_wanted &&
            !set_option(descriptor, options[i].level, options[i].option, (int)options[i].value)) {
            return options[i].name;
        }
    }
    return NULL;
}

/* Whether a socket file belongs to nobody any more. */
static bool is_abandoned(const struct sockaddr_un *address, socklen_t size) {
    struct stat status;
    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return false;
    }
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0) {
        return false;
    }
    bool is_refused =
        connect(probe, (const struct sockaddr *)address, size) != 0 && errno == ECONNREFUSED;
    close(probe);
    return is_refused;
}

/* Everybody may connect to a unix socket, as with nginx; its folder says who gets that far. */
static int bind_unix(int descriptor, const struct sockaddr_un *address, socklen_t size) {
    if (bind(descriptor, (const struct sockaddr *)address, size) != 0) {
        if (errno != EADDRINUSE) {
            return errno;
        }
        if (!is_abandoned(address, size)) {
            return EADDRINUSE;
        }
        if (unlink(address->sun_path) != 0 ||
            bind(descriptor, (const struct sockaddr *)address, size) != 0) {
            return errno;
        }
    }
    if (chmod(address->sun_path, 0666) != 0) {
        int error = errno;
        unlink(address->sun_path);
        return error;
    }
    return 0;
}

static int bind_address(int descriptor, const struct table *table,
                        const struct table_listener *record) {
    struct sockaddr_storage address;
    socklen_t size = socket_address_from_table(&address, record->family, record->address.bytes,
                                               record->port, table_text(table, record->path));
    if (size == 0) {
        return ENAMETOOLONG;
    }
    if (record->family == TABLE_FAMILY_UNIX) {
        return bind_unix(descriptor, (const struct sockaddr_un *)&address, size);
    }
    return bind(descriptor, (const struct sockaddr *)&address, size) == 0 ? 0 : errno;
}

static bool start_listening(int descriptor, const struct table *table, uint32_t listener,
                            struct failure *failure) {
    const struct table_listener *record = find_record(table, listener);
    int backlog = record->backlog > 0 && record->backlog <= INT32_MAX ? (int)record->backlog
                                                                      : DEFAULT_BACKLOG;
    if (listen(descriptor, backlog) != 0) {
        return fail(failure, table, listener, "", errno);
    }
    const char *option = tune(descriptor, record);
    return option == NULL || fail(failure, table, listener, option, errno);
}

static int family_of(const struct table_listener *record) {
    static const int families[] = {
        [TABLE_FAMILY_IPV4] = AF_INET,
        [TABLE_FAMILY_IPV6] = AF_INET6,
        [TABLE_FAMILY_UNIX] = AF_UNIX,
        [TABLE_FAMILY_NAME] = AF_UNSPEC,
    };
    return families[record->family];
}

/* From here on releasing the socket cleans up. */
static bool set_up(struct listening_socket *socket, const struct table *table, uint32_t listener,
                   struct failure *failure) {
    const struct table_listener *record = find_record(table, listener);
    const char *option = set_options(socket->descriptor, record);
    if (option != NULL) {
        return fail(failure, table, listener, option, errno);
    }
    int error = bind_address(socket->descriptor, table, record);
    if (error != 0) {
        return fail(failure, table, listener, "", error);
    }
    if (record->family == TABLE_FAMILY_UNIX) {
        socket->path = strdup(table_chars(table, record->path));
        if (socket->path == NULL) {
            unlink(table_chars(table, record->path));
            return fail(failure, table, listener, "", ENOMEM);
        }
    }
    return start_listening(socket->descriptor, table, listener, failure);
}

struct listening_socket *listening_open(const struct table *table, uint32_t listener,
                                        struct failure *failure) {
    struct listening_socket *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        fail(failure, table, listener, "", ENOMEM);
        return NULL;
    }
    opened->references = 1;
    opened->descriptor = socket(family_of(find_record(table, listener)),
                                SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (opened->descriptor < 0) {
        fail(failure, table, listener, "", errno);
        free(opened);
        return NULL;
    }
    if (!set_up(opened, table, listener, failure)) {
        listening_release(opened, true);
        return NULL;
    }
    return opened;
}

bool listening_admit_others(const struct listening_socket *socket, const struct table *table,
                            uint32_t listener, struct failure *failure) {
    const struct table_listener *record = find_record(table, listener);
    return record->reuseport == 0 || record->family == TABLE_FAMILY_UNIX ||
           set_option(socket->descriptor, SOL_SOCKET, SO_REUSEPORT, 1) ||
           fail(failure, table, listener, "SO_REUSEPORT", errno);
}

bool listening_adjust(const struct listening_socket *socket, const struct table *table,
                      uint32_t listener, struct failure *failure) {
    return start_listening(socket->descriptor, table, listener, failure);
}

struct listening_socket *listening_hold(struct listening_socket *socket) {
    socket->references++;
    return socket;
}

void listening_release(struct listening_socket *socket, bool remove_file) {
    if (--socket->references > 0) {
        return;
    }
    close(socket->descriptor);
    if (socket->path != NULL && remove_file) {
        unlink(socket->path);
    }
    free(socket->path);
    free(socket);
}

bool listening_is_same(const struct table *table, uint32_t listener, const struct table *other,
                       uint32_t other_listener) {
    const struct table_listener *a = find_record(table, listener);
    const struct table_listener *b = find_record(other, other_listener);
    if (a->family != b->family) {
        return false;
    }
    if (a->family == TABLE_FAMILY_UNIX) {
        return slice_equals(table_text(table, a->path), table_text(other, b->path));
    }
    size_t size = a->family == TABLE_FAMILY_IPV4 ? 4 : 16;
    return a->port == b->port && memcmp(a->address.bytes, b->address.bytes, size) == 0;
}
