/* What keeps strangers out of a block: whether it takes more than an address to get in. */
#ifndef CHECK_PROTECTION_H
#define CHECK_PROTECTION_H

#include "check/site.h"

/* Whether auth_basic asks for a password there. */
bool protection_has_password(const struct settings *settings);

/* Whether access rules turn some away, wherever from. */
bool protection_has_deny(const struct settings *settings);

/* Whether access rules turn away whom they do not name. */
bool protection_denies_others(const struct settings *settings);

/* Whether a subject of this value meets the condition. */
bool protection_is_met_by(struct model *model, const struct condition *condition,
                          struct slice value);

/* Whether the condition is met by those whom nothing knows: it asks for an address, a certificate
 * or a header that is known, or is about what a map or geo says of them. */
bool protection_is_met_by_strangers(struct model *model, const struct condition *condition);

/* Whether only this machine gets to the server. */
bool protection_is_local(const struct server *server);

/* Whether it is known which machines requests come from: access rules deny others, a condition
 * does, or nobody outside gets there. */
bool protection_knows_peers(struct site *site, const struct site_block *block);

/* Whether strangers are kept out: by access rules that deny whom they do not name, a password,
 * auth_request and its like, a certificate, a condition that refuses, `internal`, or an address
 * that nobody outside gets to. */
bool protection_is_there(struct site *site, const struct site_block *block);

/* Whether nobody gets anything there: everybody is denied, or all requests are answered by an
 * error. */
bool protection_is_closed(struct arena *arena, const struct location *location);

#endif
