/* Comments that turn rules off:
 *
 *     proxy_pass http://$host;  # rpc:disable=open-proxy
 *
 *     # rpc:disable=missing-proxy-headers,header-inheritance (the backend needs none)
 *     location /metrics { ... }
 *
 * Such a comment covers the statement it stands beside or directly above, with all of its block
 * and with the files it includes. */
#ifndef CHECK_SUPPRESSION_H
#define CHECK_SUPPRESSION_H

#include "check/check.h"

/* Puts the findings that a comment covers apart. */
void suppression_apply(struct finding_list *findings);

#endif
