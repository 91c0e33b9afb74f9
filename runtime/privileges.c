/* Users, groups, limits. */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Without a group of its own name, as nginx takes by default, the user's primary one. */
static bool find_group(struct privileges *privileges, const char *name, bool is_required,
                       struct failure *failure) {
    errno = 0;
    const struct group *group = getgrnam(name);
    if (group != NULL) {
        privileges->group = group->gr_gid;
        return true;
    }
    if (!is_required) {
        return true;
    }
    return failure_set(failure, "group \"%s\": %s", name,
                       errno != 0 ? strerror(errno) : "there is no such group");
}

static bool uses_foreign_addresses(const struct table *table) {
    for (uint32_t i = 0; i < table->binding_count; i++) {
        if (table->binding[i].transparent != 0) {
            return true;
        }
    }
    return false;
}

bool privileges_find(struct privileges *privileges, const struct table *table,
                     struct failure *failure) {
    memset(privileges, 0, sizeof *privileges);
    if (geteuid() != 0) {
        return true;
    }
    struct table_range words = table->process->user;
    const char *name =
        words.count > 0 ? table_chars(table, table->name[words.first].text) : "nobody";
    errno = 0;
    const struct passwd *user = getpwnam(name);
    if (user == NULL) {
        return failure_set(failure, "user \"%s\": %s", name,
                           errno != 0 ? strerror(errno) : "there is no such user");
    }
    privileges->is_dropped = true;
    privileges->keeps_net_raw = uses_foreign_addresses(table);
    privileges->user = user->pw_uid;
    privileges->group = user->pw_gid;
    snprintf(privileges->user_name, sizeof privileges->user_name, "%s", name);
    if (words.count > 1) {
        name = table_chars(table, table->name[words.first + 1].text);
    }
    return find_group(privileges, name, words.count > 1, failure);
}

/* Of all of root's rights only the one to bind to addresses of others, as in nginx. */
static bool keep_net_raw(struct failure *failure) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct rights[_LINUX_CAPABILITY_U32S_3] = {
        {.effective = 1u << CAP_NET_RAW, .permitted = 1u << CAP_NET_RAW}};
    return syscall(SYS_capset, &header, rights) == 0 ||
           failure_set(failure, "capset(CAP_NET_RAW) failed: %s", strerror(errno));
}

bool privileges_drop(const struct privileges *privileges, struct failure *failure) {
    if (!privileges->is_dropped) {
        return true;
    }
    if (initgroups(privileges->user_name, privileges->group) != 0) {
        return failure_set(failure, "initgroups(%s) failed: %s", privileges->user_name,
                           strerror(errno));
    }
    if (privileges->keeps_net_raw && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) {
        return failure_set(failure, "prctl(PR_SET_KEEPCAPS) failed: %s", strerror(errno));
    }
    if (setgid(privileges->group) != 0 || setuid(privileges->user) != 0) {
        return failure_set(failure, "cannot become user %s: %s", privileges->user_name,
                           strerror(errno));
    }
    if (privileges->keeps_net_raw && !keep_net_raw(failure)) {
        return false;
    }
    /* Changing the user forbade core files and debuggers; as in nginx they are allowed again. */
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return true;
}

uint64_t privileges_raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return UINT64_MAX;
    }
    if (limit.rlim_cur != limit.rlim_max) {
        rlim_t before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            return before;
        }
    }
    return limit.rlim_cur;
}
