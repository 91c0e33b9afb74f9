/* fuzz: compiler runtime -max_len=16384 -len_control=0 -entropic=0 */
/* Hostile tables: any bytes are opened, and everything that reads tables reads what is accepted.
 * Damage alone would hardly get past the checksum and the checks behind it, so mutations know the
 * format: see table_mutator.h. Seeds are compiled from configurations by scripts/fuzz-seeds. */
#include "table/signature.h"
#include "table_mutator.h"
#include "table_readers.h"

/* Whatever the bytes are, they are not signed by anybody trusted; and what is accepted ends with
 * the table or with a signature. */
static void check_signature(const void *data, size_t size, bool is_accepted) {
    static const struct table_keys nobody;
    const struct table_signature *signature = table_signature_find(data, size);
    require(table_verify(&nobody, data, size) ==
            (signature != NULL ? TABLE_SIGNED_BY_ANOTHER : TABLE_UNSIGNED));
    if (is_accepted) {
        const struct table_header *header = data;
        require((signature != NULL) == (header->size != size));
        require(signature == NULL || size - header->size == sizeof *signature);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = copy_input(data, size);
    struct table table;
    struct table_error error;
    char message[256];
    bool is_accepted = table_open(&table, copy, size, &error);
    check_signature(copy, size, is_accepted);
    if (!is_accepted) {
        table_error_format(&error, message, sizeof message);
        require(strlen(error.reason) > 0);
    } else {
        read_by_all(&table);
    }
    free(copy);
    return 0;
}
