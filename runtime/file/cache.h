/* A cache of open files (open_file_cache, open_log_file_cache): descriptors, facts, and errors of
 * names that were asked for lately. Its rules are those of nginx's ngx_open_file_cache.c. What is
 * in use outlives its place in the cache. */
#ifndef FILE_CACHE_H
#define FILE_CACHE_H

#include "file/find.h"

struct file_cache_options {
    uint64_t max;         /* entries; at least 1 */
    uint64_t inactive_ms; /* until one that nobody asks for goes */
};

/* What the settings in effect say. */
struct file_cache_rules {
    uint64_t valid_ms; /* what is known for longer is looked at again */
    uint32_t min_uses; /* less often asked for, a file is not kept open */
    bool keeps_errors;
    bool is_appended; /* files are written to; see FILE_WISH_APPEND */
    struct file_link_rule links;
};

/* NULL without memory. */
struct file_cache *file_cache_create(const struct file_cache_options *options);
void file_cache_destroy(struct file_cache *cache);

/* Forgets everything; what is in use is closed with its last user. */
void file_cache_empty(struct file_cache *cache);

/* As file_find with FILE_WISH_OPEN or FILE_WISH_APPEND; a view with an `entry` is to be given back.
 * `now` is in milliseconds. */
void file_cache_find(struct file_cache *cache, const char *name, size_t size,
                     const struct file_cache_rules *rules, uint64_t now, struct file_view *view);

/* The use of a view's descriptor is over; it may be closed with that. */
void file_cache_give_back(struct file_entry *entry, uint32_t min_uses, uint64_t now);

#endif
