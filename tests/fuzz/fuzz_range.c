/* fuzz: runtime */
/* The Range field: the first eight bytes are the size of a file and the number of ranges that may
 * be. What comes out lies inside the file, and in order of what was asked. */
#include "fuzz.h"

#include "file/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint32_t numbers[2];
    if (size < sizeof numbers) {
        return 0;
    }
    memcpy(numbers, data, sizeof numbers);
    char *copy = copy_input(data + sizeof numbers, size - sizeof numbers);
    struct slice value = {copy, size - sizeof numbers};
    size_t limit = file_range_limit(value);
    struct file_range *ranges = malloc(limit * sizeof *ranges);
    require(ranges != NULL);
    uint64_t file_size = numbers[0] % 3 == 0 ? numbers[0] : numbers[0] % 64;
    uint64_t most = numbers[1] % 8 + 1;
    size_t count;
    enum file_range_result result = file_range_parse(value, file_size, most, ranges, &count);
    require(count <= limit);
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        require(ranges[i].begin < ranges[i].end && ranges[i].end <= file_size);
        total += ranges[i].end - ranges[i].begin;
    }
    require(result != FILE_RANGE_FOUND || (count > 0 && count <= most && total <= file_size));
    free(ranges);
    free(copy);
    return 0;
}
