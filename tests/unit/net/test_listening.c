/* Listening sockets: binding, sharing, socket files, and the words for what goes wrong. */
#include "net/listening.h"

#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { NAME_LENGTH = 9, PATH_OFFSET = 32 };

/* A table with one listener; the strings are its source, its name and its path. */
struct fixture {
    struct table table;
    struct table_source source;
    struct table_listener listener;
    char strings[256];
};

static void set_up(struct fixture *fixture, enum table_family family) {
    memset(fixture, 0, sizeof *fixture);
    memcpy(fixture->strings, "site.conf\0localhost", sizeof "site.conf\0localhost");
    fixture->source.name = (struct table_string){0, NAME_LENGTH};
    fixture->listener = (struct table_listener){
        .family = family,
        .name = {NAME_LENGTH + 1, NAME_LENGTH},
        .place = {0, 12},
    };
    if (family == TABLE_FAMILY_IPV4) {
        const uint8_t loopback[4] = {127, 0, 0, 1};
        memcpy(fixture->listener.address.bytes, loopback, sizeof loopback);
    } else if (family == TABLE_FAMILY_IPV6) {
        fixture->listener.address.bytes[15] = 1;
        fixture->listener.ipv6only = 1;
    }
    fixture->table = (struct table){
        .strings = fixture->strings,
        .source = &fixture->source,
        .source_count = 1,
        .listener = &fixture->listener,
        .listener_count = 1,
    };
}

static void set_path(struct fixture *fixture, const char *path) {
    size_t size = strlen(path);
    memcpy(fixture->strings + PATH_OFFSET, path, size + 1);
    fixture->listener.path = (struct table_string){PATH_OFFSET, (uint32_t)size};
}

static uint32_t port_of(const struct listening_socket *opened) {
    struct sockaddr_in6 address; /* the port is at the same place in both */
    socklen_t size = sizeof address;
    CU_ASSERT_EQUAL(getsockname(opened->descriptor, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin6_port);
}

static int option_of(const struct listening_socket *opened, int level, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    CU_ASSERT_EQUAL(getsockopt(opened->descriptor, level, option, &value, &size), 0);
    return value;
}

static void listens_on_an_address(void) {
    struct fixture fixture;
    struct failure failure;
    set_up(&fixture, TABLE_FAMILY_IPV4);
    struct listening_socket *opened = listening_open(&fixture.table, 0, &failure);
    CU_ASSERT_PTR_NOT_NULL_FATAL(opened);
    CU_ASSERT_EQUAL(option_of(opened, SOL_SOCKET, SO_ACCEPTCONN), 1);
    CU_ASSERT_EQUAL(option_of(opened, SOL_SOCKET, SO_REUSEADDR), 1);
    CU_ASSERT_EQUAL(option_of(opened, SOL_SOCKET, SO_REUSEPORT), 0);
    CU_ASSERT(fcntl(opened->descriptor, F_GETFL) & O_NONBLOCK);
    CU_ASSERT(fcntl(opened->descriptor, F_GETFD) & FD_CLOEXEC);
    listening_release(opened, true);
}

static void names_address_and_place_when_in_use(void) {
    struct fixture fixture;
    struct failure failure;
    set_up(&fixture, TABLE_FAMILY_IPV4);
    struct listening_socket *opened = listening_open(&fixture.table, 0, &failure);
    CU_ASSERT_PTR_NOT_NULL_FATAL(opened);
    fixture.listener.port = port_of(opened);
    CU_ASSERT_PTR_NULL(listening_open(&fixture.table, 0, &failure));
    CU_ASSERT_STRING_EQUAL(failure.text,
                           "site.conf:12: cannot listen on localhost: Address already in use");
    /* It was made without reuseport, and can be made to share afterwards. */
    fixture.listener.reuseport = 1;
    CU_ASSERT_PTR_NULL(listening_open(&fixture.table, 0, &failure));
    CU_ASSERT_TRUE(listening_admit_others(opened, &fixture.table, 0, &failure));
    struct listening_socket *beside = listening_open(&fixture.table, 0, &failure);
    CU_ASSERT_PTR_NOT_NULL_FATAL(beside);
    CU_ASSERT_EQUAL(port_of(beside), fixture.listener.port);
    listening_release(opened, true);
    listening_release(beside, true);
}

static void ipv6_and_ipv4_may_have_the_same_port(void) {
    struct fixture fixture;
    struct failure failure;
    set_up(&fixture, TABLE_FAMILY_IPV6);
    struct listening_socket *opened = listening_open(&fixture.table, 0, &failure);
    if (opened == NULL && strstr(failure.text, "Cannot assign") != NULL) {
        return; /* this machine has no IPv6 */
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(opened);
    CU_ASSERT_EQUAL(option_of(opened, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    listening_release(opened, true);
}

static void make_socket_path(char folder[32], char path[64]) {
    memcpy(folder, "/tmp/rpcd-net-XXXXXX", sizeof "/tmp/rpcd-net-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, 64, "%s/socket", folder);
}

static void a_socket_file_lives_as_long_as_the_socket(void) {
    char folder[32];
    char path[64];
    make_socket_path(folder, path);
    struct fixture fixture;
    struct failure failure;
    set_up(&fixture, TABLE_FAMILY_UNIX);
    set_path(&fixture, path);
    struct listening_socket *opened = listening_open(&fixture.table, 0, &failure);
    CU_ASSERT_PTR_NOT_NULL_FATAL(opened);
    struct stat status;
    CU_ASSERT_EQUAL(stat(path, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 0777, 0666);
    CU_ASSERT_PTR_NULL(listening_open(&fixture.table, 0, &failure));
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "Address already in use"));
    listening_hold(opened);
    listening_release(opened, true);
    CU_ASSERT_EQUAL(access(path, F_OK), 0);
    listening_release(opened, true);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    rmdir(folder);
}

static void an_abandoned_socket_file_is_replaced(void) {
    char folder[32];
    char path[64];
    make_socket_path(folder, path);
    struct fixture fixture;
    struct failure failure;
    set_up(&fixture, TABLE_FAMILY_UNIX);
    set_path(&fixture, path);
    struct listening_socket *dead = listening_open(&fixture.table, 0, &failure);
    CU_ASSERT_PTR_NOT_NULL_FATAL(dead);
    listening_release(dead, false); /* as a killed process does */
    CU_ASSERT_EQUAL(access(path, F_OK), 0);
    struct listening_socket *opened = listening_open(&fixture.table, 0, &failure);
    CU_ASSERT_PTR_NOT_NULL_FATAL(opened);
    listening_release(opened, true);
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CU_ASSERT_FATAL(file >= 0);
    CU_ASSERT_PTR_NULL(listening_open(&fixture.table, 0, &failure)); /* not a socket: not ours */
    CU_ASSERT_EQUAL(access(path, F_OK), 0);
    close(file);
    unlink(path);
    rmdir(folder);
}

static void a_path_may_be_too_long(void) {
    struct fixture fixture;
    struct failure failure;
    set_up(&fixture, TABLE_FAMILY_UNIX);
    char path[120];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    set_path(&fixture, path);
    CU_ASSERT_PTR_NULL(listening_open(&fixture.table, 0, &failure));
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "File name too long"));
}

static void compares_addresses(void) {
    struct fixture a;
    struct fixture b;
    set_up(&a, TABLE_FAMILY_IPV4);
    set_up(&b, TABLE_FAMILY_IPV4);
    b.listener.address.bytes[9] = 1; /* beyond an IPv4 address */
    CU_ASSERT_TRUE(listening_is_same(&a.table, 0, &b.table, 0));
    b.listener.port = 80;
    CU_ASSERT_FALSE(listening_is_same(&a.table, 0, &b.table, 0));
    set_up(&b, TABLE_FAMILY_IPV6);
    CU_ASSERT_FALSE(listening_is_same(&a.table, 0, &b.table, 0));
    set_up(&a, TABLE_FAMILY_UNIX);
    set_up(&b, TABLE_FAMILY_UNIX);
    set_path(&a, "/run/a");
    set_path(&b, "/run/a");
    CU_ASSERT_TRUE(listening_is_same(&a.table, 0, &b.table, 0));
    set_path(&b, "/run/b");
    CU_ASSERT_FALSE(listening_is_same(&a.table, 0, &b.table, 0));
}

UNIT_TESTS("net/listening", {"listens on an address", listens_on_an_address},
           {"names address and place when in use", names_address_and_place_when_in_use},
           {"IPv6 and IPv4 may have the same port", ipv6_and_ipv4_may_have_the_same_port},
           {"a socket file lives as long as the socket", a_socket_file_lives_as_long_as_the_socket},
           {"an abandoned socket file is replaced", an_abandoned_socket_file_is_replaced},
           {"a path may be too long", a_path_may_be_too_long},
           {"compares addresses", compares_addresses})
