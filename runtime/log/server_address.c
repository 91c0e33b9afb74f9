/* Finding out a syslog server's address: what the supervisor does, as it may take its time. */
#include "log/server.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct slice scheme = SLICE_INIT("syslog:");
static const struct slice unix_scheme = SLICE_INIT("unix:");

bool log_is_server(struct slice path) {
    return slice_starts_with(path, scheme);
}

static int keep_address(const void *address, size_t size, struct failure *failure) {
    int descriptor = memfd_create("rpcd-syslog", MFD_CLOEXEC);
    if (descriptor < 0 || write(descriptor, address, size) != (ssize_t)size) {
        failure_set(failure, "cannot keep an address of syslog: %s", strerror(errno));
        if (descriptor >= 0) {
            close(descriptor);
        }
        return -1;
    }
    return descriptor;
}

static int find_unix(struct slice path, struct failure *failure) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path.size == 0 || path.size >= sizeof address.sun_path) {
        failure_set(failure, "invalid path of a syslog server: \"%.*s\"", SLICE_ARGS(path));
        return -1;
    }
    memcpy(address.sun_path, path.data, path.size);
    return keep_address(&address, sizeof address, failure);
}

/* As nginx: IPv4 where there is any. */
static const struct addrinfo *choose_address(const struct addrinfo *found) {
    for (const struct addrinfo *each = found; each != NULL; each = each->ai_next) {
        if (each->ai_family == AF_INET) {
            return each;
        }
    }
    return found;
}

static bool copy_text(struct slice text, char *copy, size_t size) {
    if (text.size == 0 || text.size >= size || memchr(text.data, '\0', text.size) != NULL) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return true;
}

static int find_inet(struct slice host, struct slice port, struct failure *failure) {
    char host_text[NI_MAXHOST];
    char port_text[NI_MAXSERV];
    bool is_bracketed = host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']';
    struct slice name = is_bracketed ? slice_take(slice_skip(host, 1), host.size - 2) : host;
    if (!copy_text(name, host_text, sizeof host_text) ||
        !copy_text(port, port_text, sizeof port_text)) {
        failure_set(failure, "invalid address of a syslog server: \"%.*s\"", SLICE_ARGS(host));
        return -1;
    }
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    int error = getaddrinfo(host_text, port_text, &hints, &found);
    if (error != 0) {
        failure_set(failure, "cannot find syslog server \"%s\": %s", host_text,
                    error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        return -1;
    }
    const struct addrinfo *address = choose_address(found);
    int descriptor = keep_address(address->ai_addr, address->ai_addrlen, failure);
    freeaddrinfo(found);
    return descriptor;
}

int log_server_find(struct slice path, struct failure *failure) {
    struct slice address = slice_skip(path, scheme.size);
    if (slice_starts_with(address, unix_scheme)) {
        return find_unix(slice_skip(address, unix_scheme.size), failure);
    }
    const char *colon = address.size > 0 ? memrchr(address.data, ':', address.size) : NULL;
    size_t host_size = colon != NULL ? (size_t)(colon - address.data) : address.size;
    return find_inet(slice_take(address, host_size), slice_skip(address, host_size + 1), failure);
}
