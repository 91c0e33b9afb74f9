/* What the files credentials_*.c share: one for each kind of thing that needs certificates and
 * keys. All files are read first; then, with the contents in sealed memory, whatever is made of
 * them is tried. */
#ifndef CREDENTIALS_SEARCH_H
#define CREDENTIALS_SEARCH_H

#include "credentials.h"
#include "log/failure.h"
#include "net/secrets.h"
#include "net/tls_context.h"

struct credentials_search {
    const struct table *table;
    const char *prefix;
    struct secrets_reader *reader;
    struct failure *failure;
    struct tls_trust_list trusted; /* read while trying */
    struct credentials_warning **warnings_end;
};

struct credentials_kind {
    /* Whether the table has anything of that kind. */
    bool (*is_needed)(const struct table *table);
    /* Finds for each settings record, into `users` by its index, who needs it, or TABLE_NONE. */
    void (*find_users)(const struct table *table, uint32_t *users);
    /* How many settings records there are. */
    uint32_t (*count)(const struct table *table);
    /* Reads the files of one record, that `user` needs; false with the reason in search->failure.
     */
    bool (*read)(const struct credentials_search *search, uint32_t record, uint32_t user);
    /* Those with the same identity are tried once. */
    void (*identify)(const struct credentials_search *search, uint32_t record,
                     const struct secrets *secrets, uint8_t identity[TLS_IDENTITY_SIZE]);
    bool (*try)(struct credentials_search *search, uint32_t record, uint32_t user,
                const struct secrets *secrets);
};

extern const struct credentials_kind credentials_backends;
extern const struct credentials_kind credentials_servers;

/* Reads a file unless its path is empty; what is wrong is told with place and directive. */
bool credentials_read(const struct credentials_search *search, struct table_place place,
                      const char *directive, struct slice path);

/* Puts the place in front of what is wrong. Always false. */
bool credentials_fail(const struct credentials_search *search, struct table_place place,
                      const struct failure *reason);

/* The same for what keeps nothing from working. */
void credentials_warn(struct credentials_search *search, struct table_place place,
                      const char *text);

#endif
