/* Access logs: one line per exchange and log of its location. */
#include "http/internal.h"

/* What an access_log with if= has a line for: what has a value that is not "0". Without memory to
 * find out the line is written. */
static bool is_wanted(struct exchange *exchange, const struct table_access_log *record) {
    struct slice value;
    return record->condition == TABLE_NONE ||
           !engine_run_template(&exchange->request, record->condition, &value) ||
           (value.size > 0 && !slice_equals(value, SLICE("0")));
}

static void write_line(struct exchange *exchange, uint32_t number) {
    const struct generation *generation = exchange->generation;
    const struct table *table = &generation->table;
    const struct table_access_log *record = &table->access_log[number];
    const struct log_target *target = &generation->access_logs[number];
    struct slice line;
    bool is_off = target->file == NULL && record->name == TABLE_NONE;
    if (is_off || !is_wanted(exchange, record) ||
        !engine_run_log_line(&exchange->request, &table->log_format[record->format], &line)) {
        return;
    }
    if (record->name == TABLE_NONE) {
        log_hold(exchange->service->log, target, line);
    } else {
        exchange->service->files->log_line(exchange, record, line);
    }
}

void exchange_write_access_logs(struct exchange *exchange) {
    if (exchange->request.settings == NULL) {
        return; /* it never became a request */
    }
    if (!exchange_prepare(exchange)) {
        return;
    }
    struct table_range range = exchange->request.settings->access_log;
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        write_line(exchange, i);
    }
}
