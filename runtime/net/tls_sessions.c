/* A list of sessions, the most recently used first. It is searched for new connections only, whose
 * handshakes cost a thousand times as much. */
#include "net/tls_sessions.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct entry *next;
    uint64_t hash;
    SSL_SESSION *session;
    size_t key_size;
    char key[];
};

struct tls_sessions {
    struct entry *first;
    uint32_t count;
    uint32_t limit;
};

struct tls_sessions *tls_sessions_create(uint32_t limit) {
    struct tls_sessions *sessions = calloc(1, sizeof *sessions);
    if (sessions != NULL) {
        sessions->limit = limit;
    }
    return sessions;
}

static void drop(struct tls_sessions *sessions, struct entry **link) {
    struct entry *entry = *link;
    *link = entry->next;
    SSL_SESSION_free(entry->session);
    free(entry);
    sessions->count--;
}

void tls_sessions_destroy(struct tls_sessions *sessions) {
    while (sessions->first != NULL) {
        drop(sessions, &sessions->first);
    }
    free(sessions);
}

static struct entry *find(struct tls_sessions *sessions, struct slice key) {
    uint64_t hash = slice_hash(key);
    for (struct entry **link = &sessions->first; *link != NULL; link = &(*link)->next) {
        struct entry *entry = *link;
        if (entry->hash == hash && slice_equals((struct slice){entry->key, entry->key_size}, key)) {
            *link = entry->next;
            entry->next = sessions->first;
            sessions->first = entry;
            return entry;
        }
    }
    return NULL;
}

SSL_SESSION *tls_sessions_find(struct tls_sessions *sessions, struct slice key) {
    struct entry *entry = find(sessions, key);
    return entry != NULL && SSL_SESSION_is_resumable(entry->session) ? entry->session : NULL;
}

static void make_room(struct tls_sessions *sessions) {
    struct entry **link = &sessions->first;
    while (*link != NULL && (*link)->next != NULL) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        drop(sessions, link);
    }
}

bool tls_sessions_keep(struct tls_sessions *sessions, struct slice key, SSL_SESSION *session) {
    struct entry *entry = find(sessions, key);
    if (entry != NULL) {
        SSL_SESSION_free(entry->session);
        entry->session = session;
        return true;
    }
    entry = malloc(sizeof *entry + key.size);
    if (entry == NULL) {
        return false;
    }
    if (sessions->count >= sessions->limit) {
        make_room(sessions);
    }
    *entry = (struct entry){
        .next = sessions->first,
        .hash = slice_hash(key),
        .session = session,
        .key_size = key.size,
    };
    memcpy(entry->key, key.data, key.size);
    sessions->first = entry;
    sessions->count++;
    return true;
}
