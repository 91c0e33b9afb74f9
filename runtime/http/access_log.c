/* Access logs: one line per exchange and log of its location. */
#include "http/internal.h"

void exchange_write_access_logs(struct exchange *exchange) {
    const struct generation *generation = exchange->generation;
    const struct table *table = &generation->table;
    if (exchange->request.settings == NULL) {
        return; /* it never became a request */
    }
    if (!exchange_prepare(exchange)) {
        return;
    }
    struct table_range range = exchange->request.settings->access_log;
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        const struct table_access_log *record = &table->access_log[i];
        struct slice line;
        if (generation->access_logs[i] == NULL || record->format == TABLE_NONE) {
            continue;
        }
        if (engine_run_log_line(&exchange->request, &table->log_format[record->format], &line)) {
            log_write(exchange->service->log, generation->access_logs[i], line);
        }
    }
}
