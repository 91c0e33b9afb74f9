/* Ranges of a geo block. nginx cuts each at multiples of 65536 addresses and compares only the
 * pieces: a piece may repeat an earlier one or lie inside it, touching one of its ends or none, and
 * then wins; any other overlap is an error. So does this, to accept the same blocks. */
#include "base/ip.h"
#include "model/geo.h"
#include "model/network.h"
#include "model/reading.h"

#include <arpa/inet.h>
#include <string.h>

enum { SLICE_COUNT = 65536, LAST_OFFSET = 65535 };

/* Addresses within one slice. */
struct piece {
    uint16_t first;
    uint16_t last;
    const struct statement *line;
};

struct geo_slice {
    VECTOR_OF(struct piece) pieces; /* in ascending order */
};

struct geo_slices {
    struct geo_slice all[SLICE_COUNT];
};

struct geo_slices *geo_range_begin(struct model *model) {
    return arena_require(model->arena, sizeof(struct geo_slices));
}

/* --- reading --- */

static uint32_t read_number(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void format_address(uint32_t number, char text[INET_ADDRSTRLEN]) {
    struct in_addr address = {htonl(number)};
    inet_ntop(AF_INET, &address, text, INET_ADDRSTRLEN);
}

static bool parse_range(struct slice text, uint32_t *first, uint32_t *last) {
    uint8_t bytes[IP_V4_SIZE];
    size_t dash = slice_find_byte(text, '-');
    if (dash == text.size || !ip_parse_v4(slice_take(text, dash), bytes)) {
        return false;
    }
    *first = read_number(bytes);
    if (!ip_parse_v4(slice_skip(text, dash + 1), bytes)) {
        return false;
    }
    *last = read_number(bytes);
    return true;
}

/* A network is easily told as a range. */
static void help_with_range(struct model *model, struct diagnostic *diagnostic, struct slice text) {
    struct client_network network;
    if (network_parse(text, &network) == NETWORK_INVALID) {
        diagnostic_help(model->arena, diagnostic,
                        "write the first and the last address: 192.0.2.0-192.0.2.255");
        return;
    }
    if (network.match == TABLE_CLIENT_IPV6) {
        diagnostic_help(model->arena, diagnostic,
                        "ranges are of IPv4 alone; leave \"ranges;\" out to write networks");
        return;
    }
    char first[INET_ADDRSTRLEN];
    char last[INET_ADDRSTRLEN];
    uint32_t begin = read_number(network.bytes);
    format_address(begin, first);
    format_address(begin | (uint32_t)((uint64_t)UINT32_MAX >> network.prefix), last);
    diagnostic_help(model->arena, diagnostic, "write \"%s-%s\"", first, last);
}

static bool read_range(struct model *model, const struct word *word, uint32_t *first,
                       uint32_t *last) {
    struct slice text = word->text;
    bool is_range = parse_range(text, first, last);
    if (is_range && *first <= *last && *last < UINT32_MAX) {
        return true;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_ADDRESS, word->span,
                         "\"%.*s\" is not a range of IPv4 addresses", SLICE_ARGS(text));
    if (!is_range) {
        help_with_range(model, diagnostic, text);
    } else if (*first > *last) {
        size_t dash = slice_find_byte(text, '-');
        diagnostic_help(model->arena, diagnostic,
                        "the lower address comes first: write \"%.*s-%.*s\"",
                        SLICE_ARGS(slice_skip(text, dash + 1)), SLICE_ARGS(slice_take(text, dash)));
    } else {
        diagnostic_help(model->arena, diagnostic,
                        "255.255.255.255 stands for clients without an IPv4 address; "
                        "255.255.255.254 is the last of a range");
    }
    return false;
}

/* --- pieces --- */

/* How many pieces begin at `offset` or below. */
static size_t count_up_to(const struct geo_slice *slice, uint32_t offset) {
    size_t low = 0;
    size_t high = slice->pieces.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice->pieces.items[middle].first <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void insert(struct model *model, struct geo_slice *slice, size_t index, struct piece piece) {
    VECTOR_PUSH(model->arena, &slice->pieces, piece);
    struct piece *items = slice->pieces.items;
    memmove(&items[index + 1], &items[index], (slice->pieces.count - 1 - index) * sizeof *items);
    items[index] = piece;
}

/* Puts `piece` inside piece `index`, of which one part or two are left. */
static void insert_inside(struct model *model, struct geo_slice *slice, size_t index,
                          struct piece piece) {
    struct piece outer = slice->pieces.items[index];
    if (outer.first < piece.first) {
        slice->pieces.items[index].last = (uint16_t)(piece.first - 1);
        insert(model, slice, ++index, piece);
    } else {
        slice->pieces.items[index] = piece;
    }
    if (piece.last < outer.last) {
        outer.first = (uint16_t)(piece.last + 1);
        insert(model, slice, index + 1, outer);
    }
}

enum addition { ADDED, REPLACED, OVERLAPS };

/* `other` gets the piece that is in the way. */
static enum addition add_piece(struct model *model, struct geo_slice *slice, struct piece piece,
                               struct piece *other) {
    size_t count = count_up_to(slice, piece.last);
    if (count == 0 || slice->pieces.items[count - 1].last < piece.first) {
        insert(model, slice, count, piece);
        return ADDED;
    }
    *other = slice->pieces.items[count - 1];
    if (piece.first < other->first || piece.last > other->last) {
        return OVERLAPS;
    }
    insert_inside(model, slice, count - 1, piece);
    return piece.first == other->first && piece.last == other->last ? REPLACED : ADDED;
}

static bool delete_piece(struct geo_slice *slice, struct piece piece) {
    size_t count = count_up_to(slice, piece.first);
    if (count == 0) {
        return false;
    }
    struct piece *found = &slice->pieces.items[count - 1];
    if (found->first != piece.first || found->last != piece.last) {
        return false;
    }
    memmove(found, found + 1, (slice->pieces.count - count) * sizeof *found);
    slice->pieces.count--;
    return true;
}

/* The part of a range that is in a slice. */
static struct piece cut(uint32_t first, uint32_t last, uint32_t slice,
                        const struct statement *line) {
    return (struct piece){
        .first = (uint16_t)(first >> 16 == slice ? first & LAST_OFFSET : 0),
        .last = (uint16_t)(last >> 16 == slice ? last & LAST_OFFSET : LAST_OFFSET),
        .line = line,
    };
}

/* --- lines --- */

static void report_overlap(struct model *model, const struct word *word, uint32_t slice,
                           const struct piece *other) {
    char first[INET_ADDRSTRLEN];
    char last[INET_ADDRSTRLEN];
    format_address(slice << 16 | other->first, first);
    format_address(slice << 16 | other->last, last);
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_OVERLAPPING_RANGES, word->span,
                         "range \"%.*s\" overlaps \"%s-%s\"", SLICE_ARGS(word->text), first, last);
    diagnostic_note(model->arena, diagnostic, other->line->words[0].span, "which stands here");
    diagnostic_help(model->arena, diagnostic,
                    "a range lies wholly inside one above it, or apart from all of them");
}

static void report_repeated(struct model *model, const struct word *word,
                            const struct statement *earlier) {
    struct diagnostic *diagnostic =
        diagnostic_add(model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_DUPLICATE_KEY, word->span,
                       "range \"%.*s\" is given twice; this value counts", SLICE_ARGS(word->text));
    diagnostic_note(model->arena, diagnostic, earlier->words[0].span, "not this one");
}

void geo_range_add(struct model *model, struct geo_slices *slices, const struct statement *line) {
    const struct word *word = &line->words[0];
    const struct statement *replaced = NULL;
    uint32_t first;
    uint32_t last;
    if (!read_range(model, word, &first, &last)) {
        return;
    }
    for (uint32_t slice = first >> 16; slice <= last >> 16; slice++) {
        struct piece other;
        switch (add_piece(model, &slices->all[slice], cut(first, last, slice, line), &other)) {
        case ADDED:
            break;
        case REPLACED:
            replaced = other.line;
            break;
        case OVERLAPS:
            report_overlap(model, word, slice, &other);
            return;
        }
    }
    if (replaced != NULL) {
        report_repeated(model, word, replaced);
    }
}

/* nginx takes out of each slice what is there exactly, and warns if that was not all of it. */
void geo_range_delete(struct model *model, struct geo_slices *slices,
                      const struct statement *line) {
    const struct word *word = &line->words[1];
    bool is_complete = true;
    uint32_t first;
    uint32_t last;
    if (!read_range(model, word, &first, &last)) {
        return;
    }
    for (uint32_t slice = first >> 16; slice <= last >> 16; slice++) {
        is_complete &= delete_piece(&slices->all[slice], cut(first, last, slice, line));
    }
    if (!is_complete) {
        diagnostic_add(model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE, word->span,
                       "there is no range \"%.*s\" above to delete", SLICE_ARGS(word->text));
    }
}

void geo_range_finish(struct model *model, const struct geo_slices *slices,
                      struct geo_definition *definition) {
    for (uint32_t slice = 0; slice < SLICE_COUNT; slice++) {
        for (size_t i = 0; i < slices->all[slice].pieces.count; i++) {
            const struct piece *piece = &slices->all[slice].pieces.items[i];
            VECTOR_PUSH(model->arena, &definition->ranges,
                        (struct geo_range){slice << 16 | piece->first, slice << 16 | piece->last,
                                           piece->line->words[1].text});
        }
    }
}
