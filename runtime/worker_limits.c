/* Setting limits, priority and processors by the system's calls, which take a process. */
#include "worker_limits.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct task {
    const struct reporter *reporter;
    const struct table *table;
    pid_t process; /* 0: the caller */
    uint32_t place;
};

/* A worker that runs has given up root; without CAP_SYS_RESOURCE the supervisor may not touch its
 * limits, and it goes on with those it has. */
static void report(const struct task *task, const char *what) {
    int error = errno;
    if (task->process == 0) {
        reporter_say(task->reporter, TABLE_LOG_ALERT, "%s failed (%d: %s)", what, error,
                     strerror(error));
    } else {
        reporter_say(task->reporter, TABLE_LOG_WARN,
                     "%s failed (%d: %s) for worker process %d, which stays as it is until it is "
                     "restarted",
                     what, error, strerror(error), (int)task->process);
    }
}

/* --- limits --- */

static void set_limit(const struct task *task, __rlimit_resource_t resource, const char *name,
                      bool is_given, uint64_t value) {
    struct rlimit limit = {value, value};
    if (!is_given && getrlimit(resource, &limit) != 0) {
        return;
    }
    if (prlimit(task->process, resource, &limit, NULL) != 0) {
        report(task, name);
    }
}

static void limit_files(const struct task *task) {
    uint32_t limit = task->table->process->worker_rlimit_nofile;
    set_limit(task, RLIMIT_NOFILE, "setrlimit(RLIMIT_NOFILE)", limit != 0, limit);
}

static void limit_core(const struct task *task) {
    uint64_t limit = 0;
    struct slice text = table_text(task->table, task->table->process->worker_rlimit_core);
    bool is_given = slice_parse_u64(text, INT64_MAX, &limit);
    set_limit(task, RLIMIT_CORE, "setrlimit(RLIMIT_CORE)", is_given, limit);
}

/* --- priority --- */

static void set_priority(const struct task *task) {
    struct slice text = table_text(task->table, task->table->process->worker_priority);
    bool is_negative = slice_starts_with(text, SLICE("-"));
    uint64_t value;
    int priority = getpriority(PRIO_PROCESS, 0);
    if (slice_parse_u64(is_negative ? slice_skip(text, 1) : text, INT32_MAX, &value)) {
        priority = is_negative ? -(int)value : (int)value;
    }
    if (setpriority(PRIO_PROCESS, (id_t)task->process, priority) != 0) {
        report(task, "setpriority()");
    }
}

/* --- processors --- */

static struct slice take_word(struct slice *text) {
    struct slice word = slice_take(*text, slice_find_byte(*text, ' '));
    *text = slice_skip(*text, word.size + 1);
    return word;
}

/* The last digit of a mask is that of the first processor. */
static void read_mask(struct slice mask, cpu_set_t *set) {
    CPU_ZERO(set);
    for (size_t i = 0; i < mask.size && i < CPU_SETSIZE; i++) {
        if (mask.data[mask.size - 1 - i] == '1') {
            CPU_SET(i, set);
        }
    }
}

/* One processor of the mask for each place in turn; all there are without a mask. */
static bool choose_in_turn(struct slice mask, uint32_t place, cpu_set_t *set) {
    cpu_set_t all;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    read_mask(mask, &all);
    for (long i = 0; mask.size == 0 && i < online && i < CPU_SETSIZE; i++) {
        CPU_SET((size_t)i, &all);
    }
    int count = CPU_COUNT(&all);
    if (count == 0) {
        return false;
    }
    uint32_t turn = place % (uint32_t)count;
    size_t cpu = 0;
    while (!CPU_ISSET(cpu, &all) || turn-- > 0) {
        cpu++;
    }
    CPU_ZERO(set);
    CPU_SET(cpu, set);
    return true;
}

/* The mask of the place; the last one is that of all further places. False where there is none. */
static bool choose_processors(struct slice text, uint32_t place, cpu_set_t *set) {
    struct slice mask = take_word(&text);
    if (slice_equals(mask, SLICE("auto"))) {
        return choose_in_turn(text, place, set);
    }
    for (uint32_t i = 0; i < place && text.size > 0; i++) {
        mask = take_word(&text);
    }
    read_mask(mask, set);
    return mask.size > 0;
}

static void bind_to_processors(const struct task *task) {
    struct slice text = table_text(task->table, task->table->process->worker_cpu_affinity);
    cpu_set_t set;
    bool is_known =
        choose_processors(text, task->place, &set) || sched_getaffinity(0, sizeof set, &set) == 0;
    if (is_known && sched_setaffinity(task->process, sizeof set, &set) != 0) {
        report(task, "sched_setaffinity()");
    }
}

/* --- all of them --- */

static bool has_other_text(const struct table *table, struct table_string text,
                           const struct table *previous, struct table_string before) {
    struct slice old = previous != NULL ? table_text(previous, before) : SLICE("");
    return !slice_equals(table_text(table, text), old);
}

/* Without a previous table what the supervisor has is there already. */
static void apply(const struct task *task, const struct table *previous) {
    const struct table *table = task->table;
    const struct table_process none = {0};
    const struct table_process *process = table->process;
    const struct table_process *before = previous != NULL ? previous->process : &none;
    if (has_other_text(table, process->worker_priority, previous, before->worker_priority)) {
        set_priority(task);
    }
    if (process->worker_rlimit_nofile != before->worker_rlimit_nofile) {
        limit_files(task);
    }
    if (has_other_text(table, process->worker_rlimit_core, previous, before->worker_rlimit_core)) {
        limit_core(task);
    }
    if (has_other_text(table, process->worker_cpu_affinity, previous,
                       before->worker_cpu_affinity)) {
        bind_to_processors(task);
    }
}

uint64_t worker_limits_files(const struct table *table, uint64_t inherited) {
    uint32_t limit = table->process->worker_rlimit_nofile;
    return limit != 0 ? limit : inherited;
}

void worker_limits_begin(const struct reporter *reporter, const struct table *table,
                         uint32_t place) {
    apply(&(struct task){reporter, table, 0, place}, NULL);
}

void worker_limits_change(const struct reporter *reporter, const struct table *table,
                          const struct table *previous, uint32_t place, pid_t process) {
    apply(&(struct task){reporter, table, process, place}, previous);
}
