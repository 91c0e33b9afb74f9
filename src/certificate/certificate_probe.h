/* The files that TLS needs besides certificates and keys to show. */
#ifndef CERTIFICATE_CERTIFICATE_PROBE_H
#define CERTIFICATE_CERTIFICATE_PROBE_H

#include "base/arena.h"

/* What files are for, as in grammar/tls-files.def. */
enum certificate_content {
    CERTIFICATE_CONTENT_CERTIFICATE, /* this one and the next are certificate_file.h's business */
    CERTIFICATE_CONTENT_KEY,
    CERTIFICATE_CONTENT_PASSWORDS,
    CERTIFICATE_CONTENT_AUTHORITIES,
    CERTIFICATE_CONTENT_REVOCATIONS,
    CERTIFICATE_CONTENT_PARAMETERS,
    CERTIFICATE_CONTENT_TICKET_KEY,
    CERTIFICATE_CONTENT_ANSWER,
    CERTIFICATE_CONTENT_COUNT
};

/* Why a file is of no use for that, or an empty slice. Of certificates and keys it is told whether
 * they can be read. */
struct slice certificate_probe(struct arena *arena, struct slice path,
                               enum certificate_content content);

#endif
