/* Checks: functions over a model that produce findings. rules.def is the registry. */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "check/certificates.h"
#include "check/dataflow.h"
#include "check/site.h"
#include "model/model.h"

enum rule_id {
#define RULE(id, slug, severity, summary, rationale, fix, references) RULE_##id,
#include "check/rules.def"
#undef RULE
    RULE_COUNT
};

enum rule_family {
#define FAMILY(name, title) FAMILY_##name,
#define RULE(id, slug, severity, summary, rationale, fix, references)
#include "check/rules.def"
#undef RULE
    FAMILY_COUNT
};

struct rule_family_row {
    const char *name; /* as --select takes it */
    const char *title;
};

extern const struct rule_family_row check_families[FAMILY_COUNT];

struct rule {
    const char *slug;
    enum severity severity;
    const char *summary;
    const char *rationale;  /* why it matters */
    const char *fix;        /* what to do */
    const char *references; /* URLs, separated by spaces; may be "" */
};

extern const struct rule check_rules[RULE_COUNT];

/* What findings depend on beside the configuration. */
struct check_options {
    const struct certificate_options *certificates; /* NULL: files are not looked at */
    bool requires_reasons;                          /* of comments that turn rules off */
    /* Of the nginx that the configuration is for, 1029007 being 1.29.7; 0: rpcd, or the newest. */
    uint32_t nginx_version;
    const char *tls_profile; /* that TLS is to be like, e.g. "modern"; NULL: any */
};

struct finding {
    enum rule_id rule;
    struct diagnostic *diagnostic; /* severity, place, message, notes, help, edits */
    struct slice reason; /* of a suppressed one: why, as the comment has it; may be empty */
};

struct finding_list {
    struct model *model;
    struct site site; /* the model's blocks, for the rules */
    const struct check_options *options;
    struct certificate_set *certificates; /* NULL: files are not looked at */
    struct dataflow flow;                 /* see check_flow */
    struct map cipher_lists;              /* struct cipher_list by the text; see ciphers.h */
    VECTOR_OF(struct finding) all;
    VECTOR_OF(struct finding) suppressed;  /* by comments */
    struct suppression_list *suppressions; /* those comments; NULL until they are asked for */
    /* Comments that turn something off, by "FILE:OFFSET" of the name in them. */
    struct map used_suppressions;
    /* Of each rule, so that a file of nothing but mistakes does not take all memory. */
    size_t counts[RULE_COUNT];
    struct diagnostic beyond; /* in place of those that are not kept */
};

/* Findings that are kept of one rule. */
#define CHECK_MOST_FINDINGS 100000

/* Runs every rule over the model; findings are sorted by place, suppressed ones apart. NULL
 * options are all zero. They are kept by reference. */
void check_run(struct model *model, const struct check_options *options,
               struct finding_list *findings);

/* The data flow of the model; made when the first rule asks for it. */
struct dataflow *check_flow(struct finding_list *findings);

/* Queues a finding; used by the rules. Returns it for notes and help. Behind CHECK_MOST_FINDINGS of
 * a rule it is only counted, and the last one says so. */
__attribute__((format(printf, 4, 5))) struct diagnostic *check_report(struct finding_list *findings,
                                                                      enum rule_id rule,
                                                                      struct span span,
                                                                      const char *format, ...);

/* The rule of that slug, or NULL. */
const struct rule *check_find_rule(struct slice slug);

enum rule_family check_rule_family(enum rule_id rule);

#endif
