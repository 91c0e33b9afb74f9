/* The certificates that a site names, read from their files. Only `rpc lint --certs` asks for that:
 * elsewhere a configuration is judged without the machine it is for. Read is what rpcd opens when
 * it starts, see grammar/tls-files.def: what nobody opens may be missing. */
#ifndef CHECK_CERTIFICATES_H
#define CHECK_CERTIFICATES_H

#include "certificate/certificate_chain.h"
#include "certificate/certificate_file.h"
#include "check/site.h"
#include "model/model.h"

/* How the files are read. */
struct certificate_options {
    const char *prefix; /* where relative paths begin */
    int64_t now;        /* seconds since 1970 */
};

/* A path as a directive names it. */
struct certificate_place {
    const struct statement *statement; /* NULL: nothing is named */
    const struct word *word;
    struct slice path; /* complete; empty: no file is named, or one that cannot be looked at */
};

/* A certificate and the key that is used with it. */
struct certificate_pair {
    struct certificate_place certificate;
    struct certificate_place key;
    const struct certificate_file *file;
    const struct certificate_key *private_key; /* NULL: no key is named */
    /* The key's own among the file's certificates: 0, unless something is wrong; CERTIFICATE_NONE
     * when it is none of them. */
    size_t owner;
};

/* A file of certificates that somebody is shown. */
struct certificate_shown {
    struct certificate_place place;
    const struct certificate_file *file;
    bool is_for_clients; /* not only for backends */
    bool has_key;        /* its first certificate is that of a key it is named with, or may be */
};

/* A file that whoever starts rpcd would meet. */
struct certificate_obstacle {
    struct certificate_place place;
    struct slice problem;
};

struct certificate_set {
    struct certificate_options options;
    const struct certificate_trust *trust;
    /* Everything once, at the first place that names it. */
    VECTOR_OF(struct certificate_shown *) shown;
    VECTOR_OF(struct certificate_pair *) pairs;
    VECTOR_OF(struct certificate_obstacle) obstacles;
    struct arena *arena;
    struct map shown_by_path;
    struct map keys_by_name;   /* of the files of key and passwords: struct certificate_key */
    struct map pairs_by_name;  /* of all three files */
    struct map probed_by_name; /* what a file is for, and the file: not NULL when it was tried */
};

/* Reads what the site names; the set lives as long as the model's arena. */
struct certificate_set *certificates_read(const struct model *model, const struct site *site,
                                          const struct certificate_options *options);

/* The pair at that position of a server's lists; NULL when its certificate cannot be looked at,
 * such as one with variables in its name. */
const struct certificate_pair *certificates_find(const struct certificate_set *set,
                                                 const struct server_settings *settings,
                                                 size_t position);

#endif
