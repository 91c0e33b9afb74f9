/* Listening sockets as the supervisor holds them: bound once, shared by workers and by successive
 * tables, closed when no table lists them. Accepting is the workers' business. */
#ifndef NET_LISTENING_H
#define NET_LISTENING_H

#include "log/failure.h"
#include "table/table.h"

struct listening_socket {
    int descriptor;
    uint32_t references;
    char *path; /* of a unix socket, else NULL */
};

/* Binds and listens as the record says. NULL with the address and the place of the directive in
 * `failure`. A socket file that a dead process left is replaced. */
struct listening_socket *listening_open(const struct table *table, uint32_t listener,
                                        struct failure *failure);

/* Lets others be bound beside a socket that is open already, if the record says so. That alone
 * changes nothing. */
bool listening_admit_others(const struct listening_socket *socket, const struct table *table,
                            uint32_t listener, struct failure *failure);

/* Gives a socket that is open already the settings of this record that can change: the backlog, and
 * what connections are like. */
bool listening_adjust(const struct listening_socket *socket, const struct table *table,
                      uint32_t listener, struct failure *failure);

struct listening_socket *listening_hold(struct listening_socket *socket);

/* The last holder closes the socket; `remove_file` also takes a unix socket's file away, which is
 * for the supervisor alone. */
void listening_release(struct listening_socket *socket, bool remove_file);

/* Whether two records, perhaps of different tables, name the same address. */
bool listening_is_same(const struct table *table, uint32_t listener, const struct table *other,
                       uint32_t other_listener);

#endif
