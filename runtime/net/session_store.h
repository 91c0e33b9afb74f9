/* Sessions of TLS from clients, in memory that all workers of one rpcd share: what
 * ssl_session_cache shared:NAME:SIZE says. A store has a fixed size; the session that was not used
 * for the longest time makes room. What a session is only its bytes say, which are kept and given
 * back as they are.
 *
 * The memory is not believed: whatever another process wrote there, nothing outside of it is read
 * or written, and a store that makes no sense is emptied. Nor is anybody waited for for long: who
 * cannot get the lock goes on as if nothing were stored. Times are seconds of one clock, the same
 * in all processes. */
#ifndef NET_SESSION_STORE_H
#define NET_SESSION_STORE_H

#include "base/slice.h"

struct session_store;

enum {
    SESSION_LARGEST_ID = 32,
    SESSION_LARGEST = 16384, /* bytes of a session with its client's certificates */
};

/* Memory for a store of about so many bytes. Returns its descriptor, or -1 with errno set. */
int session_store_create(uint64_t size);

/* The store in that memory, for this process, whose number among the owners of locks is `owner`
 * (net/zone_lock.h). The descriptor stays the caller's. NULL with errno set. */
struct session_store *session_store_map(int descriptor, uint32_t owner);

struct session_store *session_store_hold(struct session_store *store);
void session_store_release(struct session_store *store);

/* Keeps a session until `expires`. One that is too large, or for which the lock cannot be had, is
 * not kept. */
void session_store_put(struct session_store *store, struct slice id, struct slice session,
                       uint64_t now, uint64_t expires);

/* Copies the session of that id; returns its size, or 0 when there is none. */
size_t session_store_get(struct session_store *store, struct slice id, uint64_t now,
                         char session[SESSION_LARGEST]);

void session_store_remove(struct session_store *store, struct slice id);

/* The process of that number has ended: frees the lock if it had it. */
void session_store_forget_owner(struct session_store *store, uint32_t owner);

#endif
