/* The binary format of a table, whole: header, section directory, records. Little-endian, records
 * aligned to 8 bytes, only relative offsets and indexes, so that a table is used where it is
 * mapped. docs/table-format.md explains it to readers in other languages. */
#ifndef TABLE_LAYOUT_H
#define TABLE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#define TABLE_MAGIC "RPTABLE\n"
#define TABLE_VERSION 1u
#define TABLE_BYTE_ORDER 0x01020304u
#define TABLE_NONE UINT32_MAX

struct table_string {
    uint32_t offset; /* in the strings section; a zero byte follows the text */
    uint32_t length;
};

struct table_range {
    uint32_t first;
    uint32_t count;
};

struct table_place {
    uint32_t source; /* record of section source */
    uint32_t line;   /* from 1 */
};

struct table_pair {
    uint64_t first;
    uint64_t second;
};

struct table_bytes16 {
    uint8_t bytes[16];
};

enum table_family { TABLE_FAMILY_IPV4, TABLE_FAMILY_IPV6, TABLE_FAMILY_UNIX, TABLE_FAMILY_NAME };
#define TABLE_family_COUNT 4u

enum table_name_kind { TABLE_NAME_EXACT, TABLE_NAME_LEADING, TABLE_NAME_TRAILING };
#define TABLE_name_kind_COUNT 3u

enum table_location_kind {
    TABLE_LOCATION_PREFIX,
    TABLE_LOCATION_EXACT,           /* = */
    TABLE_LOCATION_PREFIX_NO_REGEX, /* ^~ */
    TABLE_LOCATION_REGEX,           /* ~ */
    TABLE_LOCATION_REGEX_NOCASE,    /* ~* */
    TABLE_LOCATION_NAMED,           /* @ */
};
#define TABLE_location_kind_COUNT 6u

/* nginx's levels, most severe first, as in syslog. */
enum table_log_level {
    TABLE_LOG_EMERG,
    TABLE_LOG_ALERT,
    TABLE_LOG_CRIT,
    TABLE_LOG_ERROR,
    TABLE_LOG_WARN,
    TABLE_LOG_NOTICE,
    TABLE_LOG_INFO,
    TABLE_LOG_DEBUG,
};
#define TABLE_log_level_COUNT 8u

enum table_log_escape { TABLE_ESCAPE_DEFAULT, TABLE_ESCAPE_JSON, TABLE_ESCAPE_NONE };
#define TABLE_log_escape_COUNT 3u

/* What a client's address is compared with. */
enum table_client_match {
    TABLE_CLIENT_ALL,
    TABLE_CLIENT_IPV4,
    TABLE_CLIENT_IPV6,
    TABLE_CLIENT_UNIX,
};
#define TABLE_client_match_COUNT 4u

enum table_slot_source {
    TABLE_SLOT_SET,
    TABLE_SLOT_CAPTURE,
    TABLE_SLOT_MAP,
    TABLE_SLOT_GEO,
    TABLE_SLOT_SPLIT,
    TABLE_SLOT_REPLY, /* auth_request_set */
};
#define TABLE_slot_source_COUNT 6u

enum table_rewrite_flag { TABLE_REWRITE_GO_ON, TABLE_REWRITE_LAST, TABLE_REWRITE_BREAK };
#define TABLE_rewrite_flag_COUNT 3u

/* How the peer of a request is chosen among those of its group. */
enum table_balance_method {
    TABLE_BALANCE_ROUND_ROBIN,
    TABLE_BALANCE_LEAST_CONN,
    TABLE_BALANCE_IP_HASH,
    TABLE_BALANCE_HASH,
    TABLE_BALANCE_HASH_CONSISTENT,
    TABLE_BALANCE_RANDOM,
    TABLE_BALANCE_RANDOM_TWO_LEAST_CONN,
};
#define TABLE_balance_method_COUNT 7u

enum table_limit_kind { TABLE_LIMIT_REQUESTS, TABLE_LIMIT_CONNECTIONS };
#define TABLE_limit_kind_COUNT 2u

/* Zones of limits are no smaller: eight pages, as in nginx. */
#define TABLE_LIMIT_ZONE_MINIMUM 32768u

/* The most connections that a limit_conn can allow. */
#define TABLE_CONNECTION_LIMIT 65535u

/* Bits of settings.proxy_next_upstream, in the order of its words in directives.def. */
enum table_next_upstream {
    TABLE_NEXT_ERROR = 1 << 0,
    TABLE_NEXT_TIMEOUT = 1 << 1,
    TABLE_NEXT_INVALID_HEADER = 1 << 2,
    TABLE_NEXT_HTTP_500 = 1 << 3,
    TABLE_NEXT_HTTP_502 = 1 << 4,
    TABLE_NEXT_HTTP_503 = 1 << 5,
    TABLE_NEXT_HTTP_504 = 1 << 6,
    TABLE_NEXT_HTTP_403 = 1 << 7,
    TABLE_NEXT_HTTP_404 = 1 << 8,
    TABLE_NEXT_HTTP_429 = 1 << 9,
    TABLE_NEXT_NON_IDEMPOTENT = 1 << 10,
    TABLE_NEXT_UPDATING = 1 << 11, /* for the cache's sake, as in nginx; nothing fails this way */
    TABLE_NEXT_OFF = 1 << 12,      /* excludes the others */
};

/* The words of autoindex_format. */
enum table_listing {
    TABLE_LISTING_HTML,
    TABLE_LISTING_XML,
    TABLE_LISTING_JSON,
    TABLE_LISTING_JSONP,
};

/* The words of proxy_http_version. */
enum table_http_version { TABLE_HTTP_1_0, TABLE_HTTP_1_1, TABLE_HTTP_2 };

/* How long clients keep the cookie of a `sticky`. */
enum table_cookie_life {
    TABLE_COOKIE_SESSION, /* until the browser is closed */
    TABLE_COOKIE_LIMITED,
    TABLE_COOKIE_MAX, /* as long as can be said */
};
#define TABLE_cookie_life_COUNT 3u

/* Seconds: a hundred years. */
#define TABLE_COOKIE_AGE_LIMIT 3153600000u

/* The longest name that a peer has in cookies: an MD5 sum in hexadecimal. */
#define TABLE_ROUTE_LIMIT 32u

/* Operand of op TEST_FILE: the letters of `if (-f file)`. */
enum table_file_test {
    TABLE_FILE_REGULAR,
    TABLE_FILE_DIRECTORY,
    TABLE_FILE_EXISTS,
    TABLE_FILE_EXECUTABLE,
};
#define TABLE_file_test_COUNT 4u

/* What an answer's `expires` counts from. */
enum table_expires_kind {
    TABLE_EXPIRES_EPOCH, /* it is over already */
    TABLE_EXPIRES_MAX,   /* never */
    TABLE_EXPIRES_ACCESS,
    TABLE_EXPIRES_MODIFIED, /* the file's time, if there is one */
    TABLE_EXPIRES_DAILY,    /* the last midnight; the next time that it is so late */
};
#define TABLE_expires_kind_COUNT 5u

/* The words of if_modified_since and of add_header_inherit. */
enum table_if_modified_since { TABLE_MODIFIED_OFF, TABLE_MODIFIED_EXACT, TABLE_MODIFIED_BEFORE };
enum table_add_header_inherit { TABLE_INHERIT_ON, TABLE_INHERIT_OFF, TABLE_INHERIT_MERGE };

/* What a match block asks of a header field. */
enum table_match_test {
    TABLE_MATCH_PRESENT,
    TABLE_MATCH_ABSENT,
    TABLE_MATCH_EQUAL,
    TABLE_MATCH_DIFFERENT,
    TABLE_MATCH_MATCHING,
    TABLE_MATCH_UNMATCHING,
};
#define TABLE_match_test_COUNT 6u

enum table_program_kind { TABLE_PROGRAM_TEMPLATE, TABLE_PROGRAM_SEQUENCE };
#define TABLE_program_kind_COUNT 2u

enum table_op_code {
#define OP(code, kind, a, b, summary) TABLE_OP_##code,
#include "table/ops.def"
#undef OP
    TABLE_op_code_COUNT
};

enum variable_id {
#define VARIABLE(id, name, form, provider, control, characters, help) VARIABLE_##id,
#include "variables.def"
#undef VARIABLE
    TABLE_variable_id_COUNT
};

/* C types of field kinds. */
#define TABLE_TYPE_U32 uint32_t
#define TABLE_TYPE_U64 uint64_t
#define TABLE_TYPE_FLAG uint32_t
#define TABLE_TYPE_ENUM uint32_t
#define TABLE_TYPE_STRING struct table_string
#define TABLE_TYPE_BYTES16 struct table_bytes16
#define TABLE_TYPE_PAIR struct table_pair
#define TABLE_TYPE_PLACE struct table_place
#define TABLE_TYPE_INDEX uint32_t
#define TABLE_TYPE_OPTIONAL uint32_t
#define TABLE_TYPE_RANGE struct table_range
#define TABLE_TYPE_OWNED struct table_range

/* One section per record, and the bytes of all strings. */
enum table_section {
#define RECORD_BEGIN(name, summary) TABLE_SECTION_##name,
#include "table/layout.def"
    TABLE_SECTION_strings,
    TABLE_SECTION_COUNT
};

#define RECORD_BEGIN(name, summary) struct table_##name {
#define FIELD(record, kind, target, field) TABLE_TYPE_##kind field;
#define RECORD_END(name)                                                                           \
    }                                                                                              \
    ;
#include "table/layout.def"

/* The slot of a name index or map at which the search for a key with that hash begins. */
static inline uint32_t table_hash_home(uint64_t hash, uint32_t slot_count) {
    return (uint32_t)((hash & UINT32_MAX) * slot_count >> 32);
}

struct table_section_entry {
    uint64_t offset; /* from the start of the file; a multiple of 8 */
    uint32_t count;  /* of records; of bytes for strings */
    uint32_t record_size;
};

/* The file begins with this. `layout` is a hash over the names and kinds of all fields, over the
 * settings' storage kinds and words, the op codes and the variables, so that a table of a
 * differently built compiler is refused even when nobody remembered to raise TABLE_VERSION.
 * `checksum` is XXH3-64 over the whole file with the checksum field itself zero. The sections
 * follow in the directory's order, each at the first multiple of 8 behind the one before; the
 * bytes between are zero. */
struct table_header {
    char magic[8];
    uint32_t byte_order;
    uint32_t version;
    uint64_t layout;
    uint64_t checksum;
    uint64_t size; /* of the whole file */
    uint32_t section_count;
    uint32_t reserved; /* 0 */
    struct table_section_entry sections[TABLE_SECTION_COUNT];
};

/* What may stand behind the table, and nothing else may: `size` and `checksum` of the header do not
 * count it, so that signing changes no byte of a table. The signature is over every byte of the
 * file in front of it, header and table and this record's own beginning. */
#define TABLE_SIGNATURE_MAGIC "RPTSIGN\n"
#define TABLE_SIGNATURE_ED25519 1u

struct table_signature {
    char magic[8];
    uint32_t algorithm;    /* TABLE_SIGNATURE_ED25519 (RFC 8032) */
    uint32_t reserved;     /* 0 */
    uint8_t key[32];       /* the public key it was made for */
    uint8_t signature[64]; /* the last bytes of the file */
};

_Static_assert(sizeof(struct table_string) == 8, "format");
_Static_assert(sizeof(struct table_range) == 8, "format");
_Static_assert(sizeof(struct table_place) == 8, "format");
_Static_assert(sizeof(struct table_pair) == 16, "format");
_Static_assert(sizeof(struct table_bytes16) == 16, "format");
_Static_assert(sizeof(struct table_section_entry) == 16, "format");
_Static_assert(sizeof(struct table_signature) == 112, "format");
_Static_assert(sizeof(struct table_header) == 48 + 16 * TABLE_SECTION_COUNT, "format");

#endif
