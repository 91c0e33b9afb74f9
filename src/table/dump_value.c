/* Values of a table as text, by field kind and, for settings, by storage kind. */
#include "table/dump_value.h"

#include "table/setting.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

/* How much is shown of one string. */
enum { SHOWN_BYTES = 4096 };

void dump_text(const struct dumper *dumper, struct slice text) {
    struct slice shown = slice_take(text, SHOWN_BYTES);
    for (size_t i = 0; i < shown.size; i++) {
        unsigned char byte = (unsigned char)shown.data[i];
        if (byte == '"' || byte == '\\') {
            fprintf(dumper->out, "\\%c", byte);
        } else if (byte >= 0x20 && byte < 0x7f) {
            fputc(byte, dumper->out);
        } else {
            fprintf(dumper->out, "\\x%02x", byte);
        }
    }
    fputs(shown.size < text.size ? "..." : "", dumper->out);
}

void dump_string(const struct dumper *dumper, struct table_string string) {
    fputc('"', dumper->out);
    dump_text(dumper, table_text(dumper->table, string));
    fputc('"', dumper->out);
}

void dump_place(const struct dumper *dumper, struct table_place place) {
    if (place.source == TABLE_NONE) {
        fputs("nowhere", dumper->out);
        return;
    }
    dump_text(dumper, table_text(dumper->table, dumper->table->source[place.source].name));
    fprintf(dumper->out, ":%u", place.line);
}

void dump_network_address(const struct dumper *dumper, int family, const void *address) {
    char text[INET6_ADDRSTRLEN];
    fputs(inet_ntop(family, address, text, sizeof text) != NULL ? text : "?", dumper->out);
}

/* Records of whose ranges only the numbers are of interest. */
static bool is_plain_range(enum table_section target) {
    return target == TABLE_SECTION_name_slot || target == TABLE_SECTION_map_slot ||
           target == TABLE_SECTION_referer_slot || target == TABLE_SECTION_geo_ipv4 ||
           target == TABLE_SECTION_geo_ipv6 || target == TABLE_SECTION_node ||
           target == TABLE_SECTION_op;
}

static void print_range(const struct dumper *dumper, const struct table_field *field,
                        struct table_range range) {
    if (range.count > 0 && is_plain_range(field->target)) {
        fprintf(dumper->out, "%u to %u", range.first, range.first + range.count - 1);
    } else {
        dump_references(dumper, field->target, range);
    }
}

/* An address does not say of which family it is: one that ends with twelve zero bytes is shown as
 * IPv4. The overview shows the listener's name instead. */
void dump_address(const struct dumper *dumper, const struct table_bytes16 *address) {
    static const uint8_t zero[12];
    int family = memcmp(address->bytes + 4, zero, sizeof zero) == 0 ? AF_INET : AF_INET6;
    dump_network_address(dumper, family, address->bytes);
}

static void print_time(FILE *out, uint64_t milliseconds) {
    if (milliseconds % 1000 == 0) {
        fprintf(out, "%" PRIu64 "s", milliseconds / 1000);
    } else {
        fprintf(out, "%" PRIu64 "ms", milliseconds);
    }
}

static void print_size(FILE *out, uint64_t bytes) {
    if (bytes != 0 && bytes % 1048576 == 0) {
        fprintf(out, "%" PRIu64 "m", bytes / 1048576);
    } else if (bytes != 0 && bytes % 1024 == 0) {
        fprintf(out, "%" PRIu64 "k", bytes / 1024);
    } else {
        fprintf(out, "%" PRIu64, bytes);
    }
}

static void print_number(FILE *out, uint64_t number) {
    fprintf(out, "%" PRIu64, number);
}

static void print_locality(FILE *out, uint64_t is_local) {
    fputs(is_local != 0 ? "local" : "shared", out);
}

/* What the two numbers of a PAIR are, by its setter. */
static const struct {
    struct slice setter;
    void (*print_first)(FILE *, uint64_t);
    void (*print_second)(FILE *, uint64_t);
} pair_kinds[] = {
    {SLICE_INIT("keepalive_timeout"), print_time, print_time},
    {SLICE_INIT("buffers"), print_number, print_size},
    {SLICE_INIT("proxy_buffers"), print_number, print_size},
    {SLICE_INIT("upstream_keepalive"), print_number, print_locality},
};

static void print_pair(FILE *out, const struct table_setting *setting, struct table_pair pair) {
    for (size_t i = 0; i < sizeof pair_kinds / sizeof pair_kinds[0]; i++) {
        if (slice_equals(setting->pair_kind, pair_kinds[i].setter)) {
            pair_kinds[i].print_first(out, pair.first);
            fputc(' ', out);
            pair_kinds[i].print_second(out, pair.second);
            return;
        }
    }
    fprintf(out, "%" PRIu64 " %" PRIu64, pair.first, pair.second);
}

static void print_words(FILE *out, const struct table_setting *setting, uint64_t set) {
    const char *before = "";
    for (uint32_t i = 0; set >> i != 0; i++) {
        if ((set >> i & 1) != 0) {
            struct slice word = table_setting_word(setting, i);
            fprintf(out, "%s%.*s", before, SLICE_ARGS(word));
            before = " ";
        }
    }
}

/* Settings that are no list and no text: as in the configuration. */
static bool print_setting(FILE *out, const struct table_setting *setting, const char *record) {
    uint64_t number = 0;
    if (table_setting_is_number(setting)) {
        number = table_setting_number(setting, record);
    }
    switch (setting->storage) {
    case TABLE_STORAGE_FLAG:
        fputs(number != 0 ? "on" : "off", out);
        return true;
    case TABLE_STORAGE_NUMBER:
        print_number(out, number);
        return true;
    case TABLE_STORAGE_SIZE:
        print_size(out, number);
        return true;
    case TABLE_STORAGE_TIME:
        print_time(out, number);
        return true;
    case TABLE_STORAGE_ENUM: {
        struct slice word = table_setting_word(setting, (uint32_t)number);
        fprintf(out, "%.*s", SLICE_ARGS(word));
        return true;
    }
    case TABLE_STORAGE_WORDS:
        print_words(out, setting, number);
        return true;
    case TABLE_STORAGE_PAIR: {
        struct table_pair pair;
        memcpy(&pair, record + setting->offset, sizeof pair);
        print_pair(out, setting, pair);
        return true;
    }
    default:
        return false;
    }
}

static void print_kind(const struct dumper *dumper, const struct table_field *field,
                       const void *value) {
    FILE *out = dumper->out;
    const uint32_t *number = value;
    switch (field->kind) {
    case TABLE_KIND_U32:
        print_number(out, *number);
        break;
    case TABLE_KIND_U64:
        fprintf(out, "%016" PRIx64, *(const uint64_t *)value);
        break;
    case TABLE_KIND_FLAG:
        fputs(*number != 0 ? "yes" : "no", out);
        break;
    case TABLE_KIND_ENUM:
        fputs(field->words[*number], out);
        break;
    case TABLE_KIND_STRING:
        dump_string(dumper, *(const struct table_string *)value);
        break;
    case TABLE_KIND_BYTES16:
        dump_address(dumper, value);
        break;
    case TABLE_KIND_PAIR:
        break; /* only settings have pairs */
    case TABLE_KIND_PLACE:
        dump_place(dumper, *(const struct table_place *)value);
        break;
    case TABLE_KIND_INDEX:
    case TABLE_KIND_OPTIONAL:
        if (*number == TABLE_NONE) {
            fputs("none", out);
        } else {
            dump_reference(dumper, field->target, *number);
        }
        break;
    case TABLE_KIND_RANGE:
    case TABLE_KIND_OWNED:
        print_range(dumper, field, *(const struct table_range *)value);
        break;
    }
}

/* Addresses in a record that tells of which family they are. False for any other field. */
static bool print_known_address(const struct dumper *dumper, enum table_section section,
                                const struct table_field *field, const void *record) {
    const char *value = (const char *)record + field->offset;
    if (section == TABLE_SECTION_geo_ipv4 && field->kind == TABLE_KIND_U32) {
        uint32_t address = htonl(*(const uint32_t *)(const void *)value);
        dump_network_address(dumper, AF_INET, &address);
        return true;
    }
    bool is_ipv6 = section == TABLE_SECTION_geo_ipv6;
    if (section == TABLE_SECTION_geo_proxy) {
        is_ipv6 = ((const struct table_geo_proxy *)record)->match == TABLE_CLIENT_IPV6;
    } else if (section == TABLE_SECTION_access_rule) {
        is_ipv6 = ((const struct table_access_rule *)record)->match == TABLE_CLIENT_IPV6;
    } else if (section == TABLE_SECTION_trusted_network) {
        is_ipv6 = ((const struct table_trusted_network *)record)->match == TABLE_CLIENT_IPV6;
    } else if (section == TABLE_SECTION_name_server) {
        is_ipv6 = ((const struct table_name_server *)record)->family == TABLE_FAMILY_IPV6;
    }
    if (field->kind != TABLE_KIND_BYTES16 || !is_ipv6) {
        return false;
    }
    dump_network_address(dumper, AF_INET6, value);
    return true;
}

bool dump_is_time(enum table_section section, const struct table_field *field) {
    return field->kind == TABLE_KIND_U64 &&
           (section == TABLE_SECTION_peer || section == TABLE_SECTION_health_check);
}

bool dump_is_amount(enum table_section section, const struct table_field *field) {
    return field->kind == TABLE_KIND_U64 && section == TABLE_SECTION_limit_zone;
}

/* The part of all 32-bit hashes below a number, in percent. */
static void print_share(FILE *out, uint32_t below) {
    fprintf(out, "%u", below);
    if (below != 0) {
        fprintf(out, " (%.2f%%)", 100.0 * below / 4294967296.0);
    }
}

void dump_field(const struct dumper *dumper, enum table_section section,
                const struct table_field *field, const void *record) {
    if (print_known_address(dumper, section, field, record)) {
        return;
    }
    if (section == TABLE_SECTION_split_part && field->kind == TABLE_KIND_U32) {
        print_share(dumper->out, ((const struct table_split_part *)record)->below);
        return;
    }
    if (dump_is_time(section, field) || dump_is_amount(section, field)) {
        uint64_t number;
        memcpy(&number, (const char *)record + field->offset, sizeof number);
        if (dump_is_time(section, field)) {
            print_time(dumper->out, number);
        } else {
            print_number(dumper->out, number);
        }
        return;
    }
    const struct table_setting *setting = table_setting_find(section, field->offset);
    if (setting == NULL || !print_setting(dumper->out, setting, record)) {
        print_kind(dumper, field, (const char *)record + field->offset);
    }
}
