/* The settings of a table: what directives.def says of the fields that come from it. Validation,
 * dump and emission treat every setting alike by these descriptions. */
#ifndef TABLE_SETTING_H
#define TABLE_SETTING_H

#include "base/slice.h"
#include "table/layout.h"

/* Storage kinds of directives.def. */
enum table_storage {
    TABLE_STORAGE_FLAG,
    TABLE_STORAGE_NUMBER,
    TABLE_STORAGE_SIZE,
    TABLE_STORAGE_TIME,
    TABLE_STORAGE_ENUM,
    TABLE_STORAGE_WORDS,
    TABLE_STORAGE_TEXT,
    TABLE_STORAGE_PAIR,
    TABLE_STORAGE_HEADERS,
    TABLE_STORAGE_NAMES,
    TABLE_STORAGE_ACCESS_LOGS,
    TABLE_STORAGE_ERROR_LOGS,
    TABLE_STORAGE_TEMPLATE,
    TABLE_STORAGE_RESOLVER,
    TABLE_STORAGE_ERROR_PAGES,
    TABLE_STORAGE_ACCESS_RULES,
    TABLE_STORAGE_REQUEST_LIMITS,
    TABLE_STORAGE_CONNECTION_LIMITS,
    TABLE_STORAGE_BINDING,
    TABLE_STORAGE_REFERERS,
    TABLE_STORAGE_SESSION_CACHE,
    TABLE_STORAGE_REPLACEMENTS,
    TABLE_STORAGE_COOKIE_RULES,
    TABLE_STORAGE_ALIAS,
    TABLE_STORAGE_TEMPLATES,
    TABLE_STORAGE_TYPES,
    TABLE_STORAGE_EXPIRES,
    TABLE_STORAGE_SYMLINKS,
    TABLE_STORAGE_LOG_CACHE,
    TABLE_STORAGE_TRUSTED_NETWORKS,
    TABLE_STORAGE_EXPRESSIONS,
    TABLE_STORAGE_ASSIGNMENTS,
};

struct table_setting {
    const char *name;           /* of the directive and of the field */
    enum table_section section; /* process, settings, server_settings or upstream */
    enum table_storage storage;
    uint32_t offset;        /* of the field in its record */
    struct slice words;     /* ENUM, WORDS: joined by | */
    struct slice pair_kind; /* PAIR: the setter, which says what the two numbers are */
};

/* In the order of directives.def. */
extern const struct table_setting table_settings[];
extern const uint32_t table_setting_count;

/* The setting in this field, or NULL when the field is no setting. */
const struct table_setting *table_setting_find(enum table_section section, uint32_t offset);

/* What rpcd can work with: a table with other numbers is refused, and so emission reports them.
 * `maximum` and `second_maximum` belong to the two numbers of a PAIR. */
struct table_setting_limits {
    uint64_t minimum;
    uint64_t maximum;
    uint64_t second_minimum;
    uint64_t second_maximum;
};
struct table_setting_limits table_setting_limits(const struct table_setting *setting);

/* Whether it holds one number; see table_setting_number. */
bool table_setting_is_number(const struct table_setting *setting);

/* Word number `index` of an ENUM or WORDS; empty when there is none. */
struct slice table_setting_word(const struct table_setting *setting, uint32_t index);

/* The number a setting holds in `record`: FLAG, NUMBER, SIZE, TIME, ENUM, WORDS. */
uint64_t table_setting_number(const struct table_setting *setting, const void *record);

#endif
