/* fuzz: runtime -max_len=16384 -len_control=0 -entropic=0 */
/* Hostile tables, opened only: what the checks of the reader themselves do with any bytes, many
 * more of them than fuzz_table gets through, which also reads what is accepted. */
#include "table_mutator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = copy_input(data, size);
    struct table table;
    struct table_error error;
    char message[256];
    if (!table_open(&table, copy, size, &error)) {
        table_error_format(&error, message, sizeof message);
        require(strlen(error.reason) > 0);
    }
    free(copy);
    return 0;
}
