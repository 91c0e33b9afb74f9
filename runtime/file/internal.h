/* What the files of this room share: the worker's state, and what is kept of one answer. */
#ifndef FILE_INTERNAL_H
#define FILE_INTERNAL_H

#include "file/cache.h"
#include "file/file.h"
#include "file/range.h"
#include "http/internal.h"

/* A cache for each distinct open_file_cache or open_log_file_cache. */
struct file_cache_place {
    struct file_cache_place *next;
    struct file_cache_options options;
    struct file_cache *cache;
};

struct file_state {
    struct http_service *service;
    struct file_cache_place *caches;
    struct file_cache_place *log_caches; /* the same of open_log_file_cache */
    uint64_t log_reported;               /* when a line that was not written was, last; 0: never */
};

/* A part of a body: text, or bytes of the file. */
struct file_part {
    struct slice text; /* no data: of the file */
    struct file_range range;
};

/* In the exchange's arena. */
struct file_answer {
    struct exchange *exchange;
    struct file_view view;
    struct file_part *parts;
    size_t part_count;
    size_t part;        /* that is being sent */
    uint64_t sent;      /* of it */
    size_t stride;      /* bytes that are read at a time, as many as the client has taken lately */
    size_t turn_sent;   /* in this turn of the loop */
    bool is_read;       /* the kernel cannot send it by itself */
    bool is_compressed; /* FILE.gz stands for the file */
    struct loop_task send_on;
};

/* --- state.c --- */

/* Looks for the exchange's file by the settings in effect; the descriptor, if any, is to be given
 * back. */
void file_take(struct exchange *exchange, struct slice name, enum file_wish wish,
               struct file_view *view);
void file_give_back(struct exchange *exchange, struct file_view *view);

/* "open() "name" failed (2: No such file or directory)" */
void file_log_failure(struct exchange *exchange, enum table_log_level level, const char *call,
                      struct slice name, int error);

uint32_t file_look(struct exchange *exchange, struct slice path);
void *file_state_create(struct http_service *service);
void file_state_destroy(void *data);
void file_state_forget(void *data);
void file_state_forget_logs(void *data);

/* The same for a log file, by the cache in effect. */
void file_take_log(struct exchange *exchange, struct slice name, struct file_view *view);
void file_give_log_back(struct exchange *exchange, struct file_view *view);

/* --- log.c --- */

void file_log_line(struct exchange *exchange, const struct table_access_log *record,
                   struct slice line);

/* --- folder.c: lists of folders --- */

extern const struct http_handler file_folder_handler;

/* What is in a folder. */
struct file_folder_entry {
    struct slice name;
    bool is_folder;
    bool is_regular;
    int64_t modified; /* seconds since 1970 */
    uint64_t size;
};

struct file_folder {
    struct file_folder_entry *entries; /* folders first, each kind in the order of names */
    size_t count;
};

/* --- listing.c --- */

/* The text of the list by autoindex_format, in the exchange's arena; `callback` is a name for
 * jsonp, or empty. False without memory. */
__attribute__((warn_unused_result)) bool file_format_folder(struct exchange *exchange,
                                                            const struct file_folder *folder,
                                                            struct slice callback,
                                                            struct slice *text);

/* --- precompressed.c --- */

/* Looks for FILE.gz beside the exchange's file, where gzip_static and the client want it. False:
 * the file itself is to be looked for. */
bool file_take_precompressed(struct exchange *exchange, struct file_view *view);

/* --- parts.c --- */

/* Divides the body into what the client asks for, and sets the response's status, length, fields
 * and type accordingly. Returns 0, or the status to fail with. */
uint32_t file_choose_parts(struct file_answer *answer, struct slice etag, struct slice *type);

/* --- send.c --- */

/* Sends until the client takes no more for now. */
void file_send(struct file_answer *answer);

#endif
