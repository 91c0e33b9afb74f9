/* The chunked transfer coding as a state machine. Its states are rows of a table that say which
 * bytes may come next (RFC 9112 7.1). Runs of body bytes are handed out whole. */
#include "http/chunked.h"

#include "engine/http_byte.h"

enum {
    SIZE_DIGITS_LIMIT = 16,
    EXTENSIONS_LIMIT = 4096,
    TRAILERS_LIMIT = 8192,
};

enum state {
    SIZE,
    SIZE_DIGITS,
    EXTENSION_SPACE, /* white space after which only ';' may come */
    EXTENSION_NAME_START,
    EXTENSION_NAME,
    EXTENSION_NAME_SPACE,
    EXTENSION_VALUE_START,
    EXTENSION_VALUE,
    EXTENSION_QUOTED,
    EXTENSION_QUOTED_ESCAPE,
    EXTENSION_QUOTED_END,
    SIZE_LINE_FEED,
    BODY,
    BODY_RETURN,
    BODY_LINE_FEED,
    TRAILER,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LINE_FEED,
    END_LINE_FEED,
    END,
    BAD,
    STATE_COUNT
};

/* Beside the classes of engine/http_byte.h, of which these continue the numbering. */
enum {
    TOKEN = HTTP_BYTE_TOKEN,
    TEXT = HTTP_BYTE_TEXT,
    DIGIT = HTTP_BYTE_HEXADECIMAL,
    RETURN = 0x100,
    LINE_FEED = 0x200,
    SPACE = 0x400, /* or tab */
    SEMICOLON = 0x800,
    EQUALS = 0x1000,
    QUOTE = 0x2000,
    BACKSLASH = 0x4000,
    COLON = 0x8000,
};

struct step {
    uint16_t bytes;
    uint8_t next;
};

enum { STEPS_LIMIT = 5 };

/* The first step that a byte fits is taken; a byte that fits none is an error. */
static const struct step steps[STATE_COUNT][STEPS_LIMIT] = {
    [SIZE] = {{DIGIT, SIZE_DIGITS}},
    [SIZE_DIGITS] = {{DIGIT, SIZE_DIGITS},
                     {RETURN, SIZE_LINE_FEED},
                     {SEMICOLON, EXTENSION_NAME_START},
                     {SPACE, EXTENSION_SPACE}},
    [EXTENSION_SPACE] = {{SPACE, EXTENSION_SPACE}, {SEMICOLON, EXTENSION_NAME_START}},
    [EXTENSION_NAME_START] = {{SPACE, EXTENSION_NAME_START}, {TOKEN, EXTENSION_NAME}},
    [EXTENSION_NAME] = {{TOKEN, EXTENSION_NAME},
                        {EQUALS, EXTENSION_VALUE_START},
                        {SEMICOLON, EXTENSION_NAME_START},
                        {RETURN, SIZE_LINE_FEED},
                        {SPACE, EXTENSION_NAME_SPACE}},
    [EXTENSION_NAME_SPACE] = {{SPACE, EXTENSION_NAME_SPACE},
                              {EQUALS, EXTENSION_VALUE_START},
                              {SEMICOLON, EXTENSION_NAME_START}},
    [EXTENSION_VALUE_START] = {{SPACE, EXTENSION_VALUE_START},
                               {QUOTE, EXTENSION_QUOTED},
                               {TOKEN, EXTENSION_VALUE}},
    [EXTENSION_VALUE] = {{TOKEN, EXTENSION_VALUE},
                         {SEMICOLON, EXTENSION_NAME_START},
                         {RETURN, SIZE_LINE_FEED},
                         {SPACE, EXTENSION_SPACE}},
    [EXTENSION_QUOTED] = {{QUOTE, EXTENSION_QUOTED_END},
                          {BACKSLASH, EXTENSION_QUOTED_ESCAPE},
                          {TEXT, EXTENSION_QUOTED}},
    [EXTENSION_QUOTED_ESCAPE] = {{TEXT, EXTENSION_QUOTED}},
    [EXTENSION_QUOTED_END] = {{SEMICOLON, EXTENSION_NAME_START},
                              {RETURN, SIZE_LINE_FEED},
                              {SPACE, EXTENSION_SPACE}},
    [SIZE_LINE_FEED] = {{LINE_FEED, BODY}},
    [BODY_RETURN] = {{RETURN, BODY_LINE_FEED}},
    [BODY_LINE_FEED] = {{LINE_FEED, SIZE}},
    [TRAILER] = {{TOKEN, TRAILER_NAME}, {RETURN, END_LINE_FEED}},
    [TRAILER_NAME] = {{TOKEN, TRAILER_NAME}, {COLON, TRAILER_VALUE}},
    [TRAILER_VALUE] = {{TEXT, TRAILER_VALUE}, {RETURN, TRAILER_LINE_FEED}},
    [TRAILER_LINE_FEED] = {{LINE_FEED, TRAILER}},
    [END_LINE_FEED] = {{LINE_FEED, END}},
};

/* How many bytes in all may lead to a state, where that has no other bound. */
static const uint16_t overhead_limits[STATE_COUNT] = {
    [EXTENSION_SPACE... EXTENSION_QUOTED_END] = EXTENSIONS_LIMIT,
    [TRAILER... TRAILER_LINE_FEED] = TRAILERS_LIMIT,
};

void http_chunked_init(struct http_chunked *decoder) {
    *decoder = (struct http_chunked){.state = SIZE};
}

static uint32_t classify(char byte) {
    switch (byte) {
    case '\r':
        return RETURN;
    case '\n':
        return LINE_FEED;
    case ' ':
    case '\t':
        return TEXT | SPACE;
    case ';':
        return TEXT | SEMICOLON;
    case '=':
        return TEXT | EQUALS;
    case '"':
        return TEXT | QUOTE;
    case '\\':
        return TEXT | BACKSLASH;
    case ':':
        return TEXT | COLON;
    default:
        return http_byte_class(byte);
    }
}

static enum state find_next(enum state state, char byte) {
    uint32_t classes = classify(byte);
    for (unsigned i = 0; i < STEPS_LIMIT; i++) {
        if ((steps[state][i].bytes & classes) != 0) {
            return steps[state][i].next;
        }
    }
    return BAD;
}

static bool add_digit(struct http_chunked *decoder, char digit) {
    unsigned value =
        digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(byte_lower(digit) - 'a') + 10;
    decoder->remaining = decoder->remaining << 4 | value;
    return ++decoder->digits <= SIZE_DIGITS_LIMIT;
}

/* The size line is complete. */
static enum state begin_chunk(struct http_chunked *decoder) {
    decoder->digits = 0;
    if (decoder->remaining > 0) {
        return BODY;
    }
    decoder->overhead = 0; /* trailers have a limit of their own */
    return TRAILER;
}

static enum state take_byte(struct http_chunked *decoder, char byte) {
    enum state next = find_next(decoder->state, byte);
    if (next == SIZE_DIGITS) {
        return add_digit(decoder, byte) ? SIZE_DIGITS : BAD;
    }
    if (next == BODY) {
        return begin_chunk(decoder);
    }
    if (overhead_limits[next] > 0 && ++decoder->overhead > overhead_limits[next]) {
        return BAD;
    }
    return next;
}

static struct slice take_body(struct http_chunked *decoder, struct slice input) {
    struct slice run = input;
    if (run.size >= decoder->remaining) {
        run.size = (size_t)decoder->remaining;
        decoder->state = BODY_RETURN;
    }
    decoder->remaining -= run.size;
    return run;
}

static bool is_in_trailer(const struct http_chunked *decoder) {
    return decoder->state >= TRAILER && decoder->state <= END_LINE_FEED;
}

static struct slice take_trailer(struct http_chunked *decoder, struct slice input) {
    size_t size = 0;
    while (size < input.size && is_in_trailer(decoder)) {
        decoder->state = (uint8_t)take_byte(decoder, input.data[size]);
        size++;
    }
    return slice_take(input, size);
}

enum http_chunked_result http_chunked_decode(struct http_chunked *decoder, struct slice input,
                                             size_t *consumed, struct slice *data) {
    size_t position = 0;
    *data = (struct slice){NULL, 0};
    while (position < input.size && decoder->state != END && decoder->state != BAD) {
        if (decoder->state == BODY) {
            *data = take_body(decoder, slice_skip(input, position));
            *consumed = position + data->size;
            return HTTP_CHUNKED_DATA;
        }
        if (decoder->gives_trailer && is_in_trailer(decoder)) {
            *data = take_trailer(decoder, slice_skip(input, position));
            position += data->size;
            break;
        }
        decoder->state = (uint8_t)take_byte(decoder, input.data[position]);
        position++;
    }
    *consumed = position;
    switch (decoder->state) {
    case END:
        return HTTP_CHUNKED_END;
    case BAD:
        return HTTP_CHUNKED_BAD;
    default:
        return data->size > 0 ? HTTP_CHUNKED_TRAILER : HTTP_CHUNKED_MORE;
    }
}

size_t http_chunk_header(char buffer[HTTP_CHUNK_HEADER_SIZE], uint64_t size) {
    size_t digits = slice_format_hex(size, buffer).size;
    buffer[digits] = '\r';
    buffer[digits + 1] = '\n';
    return digits + 2;
}
