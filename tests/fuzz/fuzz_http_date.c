/* fuzz: runtime */
/* Times of HTTP: what is read is read again from what it is written as. */
#include "fuzz.h"

#include "engine/http_date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = copy_input(data, size);
    char text[HTTP_DATE_SIZE];
    int64_t seconds;
    int64_t again;
    if (http_date_parse((struct slice){copy, size}, &seconds)) {
        require(seconds > -63000000000 && seconds < 253402300800);
        struct slice date = http_date_format(seconds, text);
        require(date.size <= sizeof text);
        require(seconds < 0 || (http_date_parse(date, &again) && again == seconds));
    }
    free(copy);
    return 0;
}
