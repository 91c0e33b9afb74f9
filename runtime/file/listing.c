/* Texts of lists of folders, byte for byte as nginx's autoindex module writes them. */
#include "file/internal.h"

#include "engine/http_date.h"
#include "engine/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NAME_WIDTH = 50, FIRST_ROOM = 4096 };

/* A text that grows in an arena. */
struct listing {
    struct arena *arena;
    char *data;
    size_t size;
    size_t room;
    bool has_failed;
};

/* --- writing --- */

/* Where `size` more bytes may be written; NULL without memory. */
static char *reserve(struct listing *listing, size_t size) {
    if (listing->room - listing->size >= size) {
        return listing->data + listing->size;
    }
    size_t room = listing->room > 0 ? listing->room * 2 : FIRST_ROOM;
    while (room - listing->size < size) {
        room *= 2;
    }
    char *larger = listing->has_failed ? NULL : arena_allocate_bytes(listing->arena, room);
    if (larger == NULL) {
        listing->has_failed = true;
        return NULL;
    }
    if (listing->size > 0) {
        memcpy(larger, listing->data, listing->size);
    }
    listing->data = larger;
    listing->room = room;
    return larger + listing->size;
}

static void add(struct listing *listing, struct slice text) {
    char *out = reserve(listing, text.size);
    if (out != NULL && text.size > 0) {
        memcpy(out, text.data, text.size);
        listing->size += text.size;
    }
}

/* A few bytes. */
__attribute__((format(printf, 2, 3))) static void add_format(struct listing *listing,
                                                             const char *format, ...) {
    char text[128];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    add(listing, (struct slice){text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1});
}

static void add_html(struct listing *listing, struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        switch (text.data[i]) {
        case '<':
            add(listing, SLICE("&lt;"));
            break;
        case '>':
            add(listing, SLICE("&gt;"));
            break;
        case '&':
            add(listing, SLICE("&amp;"));
            break;
        case '"':
            add(listing, SLICE("&quot;"));
            break;
        default:
            add(listing, slice_take(slice_skip(text, i), 1));
        }
    }
}

static void add_json(struct listing *listing, struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        char *out = reserve(listing, ENGINE_JSON_LONGEST);
        if (out == NULL) {
            return;
        }
        listing->size += (size_t)(engine_json_write(out, (unsigned char)text.data[i]) - out);
    }
}

static bool is_unreserved(char byte) {
    char lower = byte_lower(byte);
    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '.' || byte == '_' || byte == '~';
}

/* As a part of a path (RFC 3986 2.3). */
static void add_link(struct listing *listing, struct slice name) {
    for (size_t i = 0; i < name.size; i++) {
        if (is_unreserved(name.data[i])) {
            add(listing, slice_take(slice_skip(name, i), 1));
        } else {
            add_format(listing, "%%%02X", (unsigned char)name.data[i]);
        }
    }
}

/* --- HTML --- */

/* In a column of its own: what is too long is cut. */
static void add_name(struct listing *listing, const struct file_folder_entry *entry) {
    size_t width = entry->name.size;
    if (width > NAME_WIDTH) {
        add_html(listing, slice_take(entry->name, NAME_WIDTH - 3));
        add(listing, SLICE("..&gt;</a>"));
        return;
    }
    add_html(listing, entry->name);
    if (entry->is_folder && width < NAME_WIDTH) {
        add(listing, SLICE("/"));
        width++;
    }
    add_format(listing, "</a>%*s", (int)(NAME_WIDTH - width), "");
}

/* Rounded as by nginx, which does not before there are five digits. */
static void add_rounded(struct listing *listing, uint64_t size) {
    static const struct {
        uint64_t from;
        uint64_t unit;
        char letter;
    } scales[] = {
        {UINT64_C(1) << 30, UINT64_C(1) << 30, 'G'},
        {UINT64_C(1) << 20, UINT64_C(1) << 20, 'M'},
        {10000, UINT64_C(1) << 10, 'K'},
    };
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        if (size >= scales[i].from) {
            uint64_t rounded =
                size / scales[i].unit + (size % scales[i].unit >= scales[i].unit / 2);
            add_format(listing, "%6llu%c", (unsigned long long)rounded, scales[i].letter);
            return;
        }
    }
    add_format(listing, " %6llu", (unsigned long long)size);
}

static void add_size(struct listing *listing, const struct file_folder_entry *entry,
                     bool is_exact) {
    if (is_exact && entry->is_folder) {
        add_format(listing, "%19s", "-");
    } else if (is_exact) {
        add_format(listing, "%19llu", (unsigned long long)entry->size);
    } else if (entry->is_folder) {
        add_format(listing, "%7s", "-");
    } else {
        add_rounded(listing, entry->size);
    }
}

/* The zone's difference from UTC now, in seconds: as nginx for all times, whatever summer brought.
 */
static int64_t zone_offset(const struct exchange *exchange) {
    time_t now = exchange->service->loop->clock.tv_sec;
    struct tm parts;
    return localtime_r(&now, &parts) != NULL ? parts.tm_gmtoff : 0;
}

static void add_time(struct listing *listing, int64_t seconds) {
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t time = seconds;
    struct tm parts = {.tm_mday = 1, .tm_year = 70};
    (void)gmtime_r(&time, &parts);
    add_format(listing, " %02d-%s-%d %02d:%02d ", parts.tm_mday, months[parts.tm_mon],
               parts.tm_year + 1900, parts.tm_hour, parts.tm_min);
}

static void write_html(struct listing *listing, const struct exchange *exchange,
                       const struct file_folder *folder) {
    const struct table_settings *settings = exchange->request.settings;
    int64_t offset = settings->autoindex_localtime != 0 ? zone_offset(exchange) : 0;
    add(listing, SLICE("<html>\r\n<head><title>Index of "));
    add_html(listing, exchange->request.uri);
    add(listing, SLICE("</title></head>\r\n<body>\r\n<h1>Index of "));
    add_html(listing, exchange->request.uri);
    add(listing, SLICE("</h1><hr><pre><a href=\"../\">../</a>\r\n"));
    for (size_t i = 0; i < folder->count; i++) {
        const struct file_folder_entry *entry = &folder->entries[i];
        add(listing, SLICE("<a href=\""));
        add_link(listing, entry->name);
        add(listing, entry->is_folder ? SLICE("/\">") : SLICE("\">"));
        add_name(listing, entry);
        add_time(listing, entry->modified + offset);
        add_size(listing, entry, settings->autoindex_exact_size != 0);
        add(listing, SLICE("\r\n"));
    }
    add(listing, SLICE("</pre><hr></body>\r\n</html>\r\n"));
}

/* --- for programs --- */

static struct slice kind_of(const struct file_folder_entry *entry) {
    return entry->is_folder    ? SLICE("directory")
           : entry->is_regular ? SLICE("file")
                               : SLICE("other");
}

static void write_xml(struct listing *listing, const struct file_folder *folder) {
    add(listing, SLICE("<?xml version=\"1.0\"?>\r\n<list>\r\n"));
    for (size_t i = 0; i < folder->count; i++) {
        const struct file_folder_entry *entry = &folder->entries[i];
        struct slice kind = kind_of(entry);
        time_t time = entry->modified;
        struct tm parts = {.tm_mday = 1, .tm_year = 70};
        (void)gmtime_r(&time, &parts);
        add_format(listing, "<%.*s mtime=\"%4d-%02d-%02dT%02d:%02d:%02dZ\"", SLICE_ARGS(kind),
                   parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                   parts.tm_min, parts.tm_sec);
        if (entry->is_regular) {
            add_format(listing, " size=\"%llu\"", (unsigned long long)entry->size);
        }
        add(listing, SLICE(">"));
        add_html(listing, entry->name);
        add_format(listing, "</%.*s>\r\n", SLICE_ARGS(kind));
    }
    add(listing, SLICE("</list>\r\n"));
}

static void write_json(struct listing *listing, const struct file_folder *folder,
                       struct slice callback) {
    if (callback.size > 0) {
        add(listing, SLICE("/* callback */\r\n"));
        add(listing, callback);
        add(listing, SLICE("("));
    }
    add(listing, SLICE("["));
    for (size_t i = 0; i < folder->count; i++) {
        const struct file_folder_entry *entry = &folder->entries[i];
        char date[HTTP_DATE_SIZE];
        add(listing, i == 0 ? SLICE("\r\n{ \"name\":\"") : SLICE(",\r\n{ \"name\":\""));
        add_json(listing, entry->name);
        add_format(listing, "\", \"type\":\"%.*s\", \"mtime\":\"%.*s\"", SLICE_ARGS(kind_of(entry)),
                   SLICE_ARGS(http_date_format(entry->modified, date)));
        if (entry->is_regular) {
            add_format(listing, ", \"size\":%llu", (unsigned long long)entry->size);
        }
        add(listing, SLICE(" }"));
    }
    add(listing, SLICE("\r\n]"));
    if (callback.size > 0) {
        add(listing, SLICE(");"));
    }
}

bool file_format_folder(struct exchange *exchange, const struct file_folder *folder,
                        struct slice callback, struct slice *text) {
    struct listing listing = {.arena = &exchange->arena};
    switch ((enum table_listing)exchange->request.settings->autoindex_format) {
    case TABLE_LISTING_HTML:
        write_html(&listing, exchange, folder);
        break;
    case TABLE_LISTING_XML:
        write_xml(&listing, folder);
        break;
    case TABLE_LISTING_JSON:
    case TABLE_LISTING_JSONP:
        write_json(&listing, folder, callback);
        break;
    }
    *text = (struct slice){listing.data, listing.size};
    return !listing.has_failed;
}
