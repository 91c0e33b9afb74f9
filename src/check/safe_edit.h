/* Edits of findings that need a look around before they are safe. Each adds its edits to the
 * diagnostic, or none when something else would change. */
#ifndef CHECK_SAFE_EDIT_H
#define CHECK_SAFE_EDIT_H

#include "check/check.h"

/* "ssl on;" goes where every listen of the server says ssl. */
void safe_edit_ssl(const struct tree *tree, struct diagnostic *diagnostic,
                   const struct statement *ssl);

/* Addresses on which some server listens without "http2" behind it. */
struct listen_survey {
    struct map without_http2;
};
void safe_edit_survey(const struct model *model, struct listen_survey *survey);

/* "http2" behind the listens of a server becomes "http2 on;", where all of them have it and so have
 * those of other servers on the same addresses, whose connections it is about, too. */
void safe_edit_http2(const struct model *model, const struct listen_survey *survey,
                     struct diagnostic *diagnostic, const struct server *server);

/* "rewrite ^ https://HOST$request_uri permanent;" becomes a return. */
void safe_edit_redirect(const struct tree *tree, struct diagnostic *diagnostic,
                        const struct rewrite_step *step);

#endif
