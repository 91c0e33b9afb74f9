/* Descriptions of all records and their fields, and the hash over them: layout.def made into data,
 * for validation, dump and diff. */
#include "table/table.h"

#include <stddef.h>

/* What the values of enums are called, in their order. */
static const char *const family_words[] = {"ipv4", "ipv6", "unix", "name"};
static const char *const name_kind_words[] = {"exact", "leading", "trailing"};
static const char *const location_kind_words[] = {"prefix", "exact",        "prefix-no-regex",
                                                  "regex",  "regex-nocase", "named"};
static const char *const log_level_words[] = {"emerg", "alert",  "crit", "error",
                                              "warn",  "notice", "info", "debug"};
static const char *const log_escape_words[] = {"default", "json", "none"};
static const char *const client_match_words[] = {"all", "ipv4", "ipv6", "unix"};
static const char *const limit_kind_words[] = {"requests", "connections"};
static const char *const slot_source_words[] = {"set", "capture", "map", "geo", "split", "reply"};
static const char *const rewrite_flag_words[] = {"none", "last", "break"};
static const char *const balance_method_words[] = {
    "round_robin", "least_conn",           "ip_hash", "hash", "hash-consistent",
    "random",      "random-two-least_conn"};
static const char *const cookie_life_words[] = {"session", "limited", "max"};
static const char *const expires_kind_words[] = {"epoch", "max", "access", "modified", "daily"};
static const char *const match_test_words[] = {"present",   "absent",   "equal",
                                               "different", "matching", "unmatching"};
static const char *const program_kind_words[] = {"template", "sequence"};
static const char *const op_code_words[] = {
#define OP(code, kind, a, b, summary) #code,
#include "table/ops.def"
#undef OP
};
static const char *const variable_id_words[] = {
#define VARIABLE(id, name, form, provider, control, characters, help) name,
#include "variables.def"
#undef VARIABLE
};

#define WORDS_ARE_COMPLETE(name)                                                                   \
    _Static_assert(sizeof name##_words / sizeof name##_words[0] == TABLE_##name##_COUNT, #name)
WORDS_ARE_COMPLETE(family);
WORDS_ARE_COMPLETE(name_kind);
WORDS_ARE_COMPLETE(location_kind);
WORDS_ARE_COMPLETE(log_level);
WORDS_ARE_COMPLETE(log_escape);
WORDS_ARE_COMPLETE(client_match);
WORDS_ARE_COMPLETE(limit_kind);
WORDS_ARE_COMPLETE(slot_source);
WORDS_ARE_COMPLETE(rewrite_flag);
WORDS_ARE_COMPLETE(balance_method);
WORDS_ARE_COMPLETE(cookie_life);
WORDS_ARE_COMPLETE(expires_kind);
WORDS_ARE_COMPLETE(match_test);
WORDS_ARE_COMPLETE(program_kind);
WORDS_ARE_COMPLETE(op_code);
WORDS_ARE_COMPLETE(variable_id);

/* What a field's kind makes of its target: words, number of words, section. */
#define TARGET_NUMBER(of) .target = TABLE_SECTION_COUNT
#define TARGET_RECORDS(of) .target = TABLE_SECTION_##of
#define TARGET_U32 TARGET_NUMBER
#define TARGET_U64 TARGET_NUMBER
#define TARGET_FLAG TARGET_NUMBER
#define TARGET_ENUM(of)                                                                            \
    .target = TABLE_SECTION_COUNT, .enum_count = TABLE_##of##_COUNT, .words = of##_words
#define TARGET_STRING TARGET_NUMBER
#define TARGET_BYTES16 TARGET_NUMBER
#define TARGET_PAIR TARGET_NUMBER
#define TARGET_PLACE TARGET_NUMBER
#define TARGET_INDEX TARGET_RECORDS
#define TARGET_OPTIONAL TARGET_RECORDS
#define TARGET_RANGE TARGET_RECORDS
#define TARGET_OWNED TARGET_RECORDS

#define RECORD_BEGIN(name, summary) static const struct table_field name##_fields[] = {
#define FIELD(record, field_kind, of, field)                                                       \
    {.name = #field,                                                                               \
     .kind = TABLE_KIND_##field_kind,                                                              \
     .offset = offsetof(struct table_##record, field),                                             \
     TARGET_##field_kind(of)},
#define RECORD_END(name)                                                                           \
    }                                                                                              \
    ;
#include "table/layout.def"

const struct table_record table_records[TABLE_SECTION_COUNT] = {
#define RECORD_BEGIN(name, summary)                                                                \
    {#name, summary, sizeof(struct table_##name), sizeof name##_fields / sizeof name##_fields[0],  \
     name##_fields},
#include "table/layout.def"
    {"strings", "bytes of all strings", 1, 0, NULL},
};

const char *table_balance_method_word(uint32_t method) {
    return balance_method_words[method];
}

/* One line for everything on which a reader of a table depends. docs/table-format.md describes it
 * to those who compute the hash elsewhere. */
static const char layout_text[] = ""
#define RECORD_BEGIN(name, summary) "record " #name "\n"
#define FIELD(record, kind, target, field) #field " " #kind " " #target "\n"
#include "table/layout.def"
#define PROCESS_DIRECTIVE(name, contexts, min, max, storage, values, ...)                          \
    "process " #name " " #storage " " values "\n"
#define HTTP_DIRECTIVE(name, contexts, min, max, storage, values, ...)                             \
    "settings " #name " " #storage " " values "\n"
#define SERVER_DIRECTIVE(name, contexts, min, max, storage, values, ...)                           \
    "server_settings " #name " " #storage " " values "\n"
#define UPSTREAM_DIRECTIVE(name, contexts, min, max, storage, values, ...)                         \
    "upstream " #name " " #storage " " values "\n"
#include "directives.def"
#define OP(code, kind, a, b, summary) "op " #code " " #kind " " #a " " #b "\n"
#include "table/ops.def"
#undef OP
#define VARIABLE(id, name, ...) "variable " name "\n"
#include "variables.def"
#undef VARIABLE
    ;

uint64_t table_layout_hash(void) {
    return slice_hash((struct slice){layout_text, sizeof layout_text - 1});
}
