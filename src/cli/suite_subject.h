/* What can be expected of a route. */
#ifndef CLI_SUITE_SUBJECT_H
#define CLI_SUITE_SUBJECT_H

#include "cli/suite.h"

/* Subjects whose values are written in a way of their own. */
enum suite_subject_kind { SUITE_OTHER, SUITE_LOCATION, SUITE_STATUS, SUITE_VARIABLE };

struct suite_subject {
    const char *name;
    enum suite_subject_kind kind;
    bool takes_name;  /* of a field or variable */
    bool needs_value; /* there always is one */
    unsigned shows;   /* SUITE_SHOWS_... */
    /* Value number `index` of what `name` is called; false when there are no more. */
    bool (*find)(struct route *route, struct slice name, uint32_t index, struct slice *actual);
    const char *absent; /* what is said when there is none */
};

enum { SUITE_SUBJECT_COUNT = 13 };
extern const struct suite_subject suite_subjects[SUITE_SUBJECT_COUNT];

#endif
