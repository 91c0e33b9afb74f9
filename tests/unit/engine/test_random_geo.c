/* Networks and ranges at random, laid flat by the compiler, compared with a search that looks at
 * every line. */
#include "random_text.h"
#include "site_engine.h"

#include <arpa/inet.h>

enum { ROUNDS = 300, MOST_LINES = 40, ADDRESSES = 200 };

/* --- networks --- */

struct naive_network {
    int family;
    unsigned char bytes[16];
    unsigned prefix;
    bool is_deletion;
    bool counts; /* not deleted, not replaced */
    char value[24];
};

struct naive_geo {
    struct naive_network lines[MOST_LINES];
    size_t count;
};

static unsigned width(int family) {
    return family == AF_INET ? 32 : 128;
}

static unsigned bit_of(const unsigned char *bytes, unsigned bit) {
    unsigned byte = bytes[bit / 8];
    return byte >> (7 - bit % 8) & 1u;
}

static bool has_prefix(const unsigned char *bytes, const unsigned char *network, unsigned prefix) {
    for (unsigned bit = 0; bit < prefix; bit++) {
        if (bit_of(bytes, bit) != bit_of(network, bit)) {
            return false;
        }
    }
    return true;
}

/* Addresses that have long beginnings in common, and a few that do not. */
static void random_address(int family, unsigned char bytes[16]) {
    memset(bytes, random_below(8) == 0 ? 0xff : 0x0a, 16);
    unsigned flips = random_below(4);
    for (unsigned i = 0; i < flips; i++) {
        bytes[random_below(family == AF_INET ? 4 : 16)] ^= (unsigned char)(1u << random_below(8));
    }
}

static void clear_behind(unsigned char *bytes, unsigned prefix) {
    for (unsigned bit = prefix; bit < 128; bit++) {
        bytes[bit / 8] &= (unsigned char)~(0x80u >> bit % 8);
    }
}

/* A line takes the place of an equal one above, or takes it away. */
static void random_line(struct naive_geo *geo, const char *const values[], unsigned value_count) {
    struct naive_network *line = &geo->lines[geo->count];
    *line = (struct naive_network){.family = random_below(3) == 0 ? AF_INET6 : AF_INET};
    random_address(line->family, line->bytes);
    line->prefix = random_below(width(line->family) + 1);
    if (geo->count > 0 && random_below(4) == 0) {
        *line = geo->lines[random_below((unsigned)geo->count)];
    }
    clear_behind(line->bytes, line->prefix);
    line->is_deletion = random_below(6) == 0;
    line->counts = !line->is_deletion;
    strcpy(line->value, values[random_below(value_count)]);
    for (size_t i = 0; i < geo->count; i++) {
        struct naive_network *other = &geo->lines[i];
        if (other->family == line->family && other->prefix == line->prefix &&
            has_prefix(other->bytes, line->bytes, line->prefix)) {
            other->counts = false;
        }
    }
    geo->count++;
}

static void write_networks(struct script *script, const struct naive_geo *geo) {
    char address[INET6_ADDRSTRLEN];
    script->size = 0;
    script_add(script, "geo $arg_x $v {\n");
    for (size_t i = 0; i < geo->count; i++) {
        const struct naive_network *line = &geo->lines[i];
        inet_ntop(line->family, line->bytes, address, sizeof address);
        if (line->is_deletion) {
            script_add(script, "delete %s/%u;\n", address, line->prefix);
        } else {
            script_add(script, "%s/%u %s;\n", address, line->prefix, line->value);
        }
    }
    script_add(script, "}\nserver { listen 80; }\n");
}

static const char *search_networks(const struct naive_geo *geo, int family,
                                   const unsigned char *address) {
    const struct naive_network *longest = NULL;
    for (size_t i = 0; i < geo->count; i++) {
        const struct naive_network *line = &geo->lines[i];
        if (line->counts && line->family == family &&
            has_prefix(address, line->bytes, line->prefix) &&
            (longest == NULL || line->prefix > longest->prefix)) {
            longest = line;
        }
    }
    return longest == NULL ? "" : longest->value;
}

static void compare(struct site_engine *site, int family, const unsigned char *address,
                    const char *expected) {
    char args[INET6_ADDRSTRLEN + 2] = "x=";
    inet_ntop(family, address, args + 2, sizeof args - 2);
    const char *found = site_value_for(site, "v", slice_from_string(args));
    if (strcmp(found, expected) != 0) {
        printf("%s: expected \"%s\", got \"%s\", of\n%s", args, expected, found,
               site->compiled.sources.all.items[0]->text.data);
    }
    CU_ASSERT_STRING_EQUAL(found, expected);
}

/* The addresses at a network's ends and beside them, where mistakes would show. */
static void random_probe(const struct naive_geo *geo, int *family, unsigned char bytes[16]) {
    const struct naive_network *line = &geo->lines[random_below((unsigned)geo->count)];
    *family = line->family;
    memcpy(bytes, line->bytes, 16);
    unsigned bits = width(*family);
    if (random_below(2) == 0) {
        for (unsigned bit = line->prefix; bit < bits; bit++) {
            bytes[bit / 8] |= (unsigned char)(0x80u >> bit % 8);
        }
    }
    if (random_below(2) == 0) {
        unsigned char step = random_below(2) == 0 ? 1 : 255;
        unsigned i = bits / 8;
        while (i-- > 0) {
            bytes[i] = (unsigned char)(bytes[i] + step);
            if (bytes[i] != (step == 1 ? 0 : 255)) {
                break;
            }
        }
    }
    if (random_below(8) == 0) {
        random_address(*family, bytes);
    }
}

static bool is_mapped(const unsigned char *bytes) {
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(bytes, mapped, sizeof mapped) == 0;
}

static void finds_the_longest_prefix(void) {
    static const char *const values[] = {"a", "b", "c", "d", "''"};
    static struct script script;
    srand(32);
    for (int round = 0; round < ROUNDS; round++) {
        struct naive_geo geo = {.count = 0};
        struct site_engine site;
        size_t wanted = 1 + random_below(MOST_LINES);
        while (geo.count < wanted) {
            random_line(&geo, values, 4 + random_below(2));
        }
        write_networks(&script, &geo);
        site_open(&site, script.text);
        for (int i = 0; i < ADDRESSES; i++) {
            int family;
            unsigned char bytes[16];
            random_probe(&geo, &family, bytes);
            if (family == AF_INET6 && is_mapped(bytes)) {
                continue;
            }
            const char *expected = search_networks(&geo, family, bytes);
            compare(&site, family, bytes, strcmp(expected, "''") == 0 ? "" : expected);
        }
        site_close(&site);
    }
}

/* --- ranges --- */

/* Four slices of 65536 addresses, each address with the piece it belongs to. */
enum { SLICE = 65536, SPACE = 4 * SLICE, FREE = 0 };

struct naive_ranges {
    uint32_t piece[SPACE]; /* FREE, or its number */
    char value[SPACE];     /* 0: none */
    uint32_t pieces;
};

static void own(struct naive_ranges *ranges, uint32_t first, uint32_t last, uint32_t piece) {
    for (uint32_t i = first; i <= last; i++) {
        ranges->piece[i] = piece;
    }
}

/* Whether nginx takes the piece: all of it is free, or it is inside another. */
static bool fits(const struct naive_ranges *ranges, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i <= last; i++) {
        if (ranges->piece[i] != ranges->piece[first]) {
            return false;
        }
    }
    return true;
}

/* What is left of the outer piece behind the new one is a piece of its own from then on. */
static void put_piece(struct naive_ranges *ranges, uint32_t first, uint32_t last, char value) {
    uint32_t outer = ranges->piece[first];
    uint32_t end = last + 1;
    while (outer != FREE && end % SLICE != 0 && ranges->piece[end] == outer) {
        end++;
    }
    if (outer != FREE && end > last + 1) {
        own(ranges, last + 1, end - 1, ++ranges->pieces);
    }
    own(ranges, first, last, ++ranges->pieces);
    memset(ranges->value + first, value, last - first + 1);
}

static uint32_t piece_end(uint32_t first, uint32_t last) {
    uint32_t end = first | (SLICE - 1);
    return end < last ? end : last;
}

static bool range_fits(const struct naive_ranges *ranges, uint32_t first, uint32_t last) {
    for (uint32_t at = first; at <= last; at = (at | (SLICE - 1)) + 1) {
        if (!fits(ranges, at, piece_end(at, last))) {
            return false;
        }
    }
    return true;
}

static uint32_t random_offset(void) {
    static const uint32_t bases[] = {0, 100, SLICE - 4, SLICE, 2 * SLICE, 3 * SLICE - 4, SPACE - 9};
    return bases[random_below(7)] + random_below(9);
}

static void script_add_range(struct script *script, uint32_t first, uint32_t last) {
    struct in_addr begin = {htonl(0x0a000000 + first)};
    struct in_addr end = {htonl(0x0a000000 + last)};
    script_add(script, "%s-", inet_ntoa(begin));
    script_add(script, "%s", inet_ntoa(end));
}

/* Lines that fit into what is above them; `refused` gets one that does not, if any came up. */
static void random_ranges(struct naive_ranges *ranges, struct script *script,
                          struct script *refused) {
    memset(ranges, 0, sizeof *ranges);
    script->size = 0;
    refused->size = 0;
    script_add(script, "geo $arg_x $v { ranges; default d;\n");
    unsigned wanted = 1 + random_below(12);
    while (wanted-- > 0) {
        uint32_t a = random_offset();
        uint32_t b = random_offset();
        uint32_t first = a < b ? a : b;
        uint32_t last = a < b ? b : a;
        char value = (char)('e' + random_below(4));
        if (!range_fits(ranges, first, last)) {
            *refused = *script;
            script_add_range(refused, first, last);
            script_add(refused, " x;\n} server { listen 80; }\n");
            continue;
        }
        for (uint32_t at = first; at <= last; at = (at | (SLICE - 1)) + 1) {
            put_piece(ranges, at, piece_end(at, last), value);
        }
        script_add_range(script, first, last);
        script_add(script, " %c;\n", value);
    }
    script_add(script, "}\nserver { listen 80; }\n");
}

static void check_refused(const struct script *script) {
    struct compiled compiled;
    if (script->size > 0) {
        compile_text(&compiled, script->text);
        CU_ASSERT_FALSE(compiled.is_emitted);
        compiled_release(&compiled);
    }
}

static void finds_the_innermost_range(void) {
    static struct naive_ranges ranges;
    static struct script script;
    static struct script refused;
    srand(33);
    for (int round = 0; round < ROUNDS; round++) {
        struct site_engine site;
        random_ranges(&ranges, &script, &refused);
        site_open(&site, script.text);
        for (int i = 0; i < ADDRESSES; i++) {
            uint32_t offset = random_offset() - (random_below(4) == 0 ? 1 : 0);
            uint32_t address = htonl(0x0a000000 + offset);
            char expected[2] = "d";
            if (offset < SPACE && ranges.value[offset] != 0) {
                expected[0] = ranges.value[offset];
            }
            compare(&site, AF_INET, (const unsigned char *)&address, expected);
        }
        site_close(&site);
        check_refused(&refused);
    }
}

UNIT_TESTS("engine/random_geo", {"finds the longest prefix", finds_the_longest_prefix},
           {"finds the innermost range", finds_the_innermost_range})
