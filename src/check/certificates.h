/* The certificates that a site names, read from their files. Only `rpc lint --certs` asks for that:
 * elsewhere a configuration is judged without the machine it is for. */
#ifndef CHECK_CERTIFICATES_H
#define CHECK_CERTIFICATES_H

#include "certificate/certificate_chain.h"
#include "certificate/certificate_file.h"
#include "model/model.h"

/* How the files are read. */
struct certificate_options {
    const char *prefix; /* where relative paths begin */
    int64_t now;        /* seconds since 1970 */
};

/* A path as a directive names it. */
struct certificate_place {
    const struct statement *statement;
    const struct word *word;
    struct slice path; /* complete */
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
    bool is_file_repeated; /* an earlier pair has the same certificate */
    bool is_for_backends;  /* shown to them, not to clients */
};

/* A file of which no more is known than whether it is of use. */
struct certificate_other {
    struct certificate_place place;
    struct slice problem; /* or empty */
};

struct certificate_set {
    struct certificate_options options;
    const struct certificate_trust *trust;
    /* Each pair of files once, at the first place that names it. */
    VECTOR_OF(struct certificate_pair) pairs;
    VECTOR_OF(struct certificate_other) others;
    struct arena *arena;
    struct map files; /* path to struct certificate_file */
    struct map keys;  /* path to struct certificate_key */
    struct map seen;  /* pairs and other files that are in the lists */
    struct map first; /* path to the position of its first pair */
};

/* Reads what the model names; the set lives as long as the model's arena. */
struct certificate_set *certificates_read(const struct model *model,
                                          const struct certificate_options *options);

/* The first pair of a certificate, by its path as it is written; NULL when it is none that can be
 * looked at, such as one with variables in its name. */
const struct certificate_pair *certificates_find(const struct certificate_set *set,
                                                 struct slice path);

#endif
