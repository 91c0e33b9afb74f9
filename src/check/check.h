/* Checks: functions over a model that produce findings. rules.def is the registry. */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "check/certificates.h"
#include "check/site.h"
#include "model/model.h"

enum rule_id {
#define RULE(id, slug, severity, summary, rationale, fix, references) RULE_##id,
#include "check/rules.def"
#undef RULE
    RULE_COUNT
};

struct rule {
    const char *slug;
    enum severity severity;
    const char *summary;
    const char *rationale;  /* why it matters */
    const char *fix;        /* what to do */
    const char *references; /* URLs, separated by spaces; may be "" */
};

extern const struct rule check_rules[RULE_COUNT];

struct finding {
    enum rule_id rule;
    struct diagnostic *diagnostic; /* severity, place, message, notes, help */
};

struct finding_list {
    struct model *model;
    struct site site;                     /* the model's blocks, for the rules */
    struct certificate_set *certificates; /* NULL: files are not looked at */
    VECTOR_OF(struct finding) all;
};

/* Runs every rule over the model; findings are sorted by place, suppressed ones left out. With
 * `certificates` the files that the model names are read, too; NULL leaves them alone. */
void check_run(struct model *model, const struct certificate_options *certificates,
               struct finding_list *findings);

/* Queues a finding; used by the rules. Returns it for notes and help. */
__attribute__((format(printf, 4, 5))) struct diagnostic *check_report(struct finding_list *findings,
                                                                      enum rule_id rule,
                                                                      struct span span,
                                                                      const char *format, ...);

/* The rule of that slug, or NULL. */
const struct rule *check_find_rule(struct slice slug);

#endif
