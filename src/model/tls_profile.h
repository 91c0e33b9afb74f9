/* What tls_profile stands for, as rows of grammar/tls-profiles.def; for those who explain it. */
#ifndef MODEL_TLS_PROFILE_H
#define MODEL_TLS_PROFILE_H

#include <stddef.h>

/* Where the rows are from. */
extern const char *const tls_profile_version;
extern const char *const tls_profile_date;
extern const char *const tls_profile_source;

/* A profile, or a directive of the profile before it. */
struct tls_profile_row {
    const char *profile; /* or NULL */
    const char *directive;
    const char *text; /* a profile's summary, a directive's arguments */
};

extern const struct tls_profile_row tls_profile_rows[];
extern const size_t tls_profile_row_count;

#endif
