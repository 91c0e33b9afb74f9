/* A part of internal-headers-trusted: headers that tell a backend who has signed on. */
#ifndef CHECK_SIGNED_ON_H
#define CHECK_SIGNED_ON_H

#include "check/check.h"

/* Reports locations that let clients write such a header themselves. */
void signed_on_check(struct finding_list *findings);

#endif
