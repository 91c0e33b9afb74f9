/* Ranges of peers by weight. */
#include "balance/ranges.h"

#include "balance/group.h"

#include <stdlib.h>

bool balance_ranges_arrange(struct balance_group *group) {
    const struct balance_peers *peers = &group->peers;
    struct balance_ranges *ranges =
        malloc(sizeof *ranges + (size_t)peers->count * sizeof *ranges->ends);
    if (ranges == NULL) {
        return false;
    }
    uint64_t sum = 0;
    ranges->count = peers->count;
    for (uint32_t i = 0; i < peers->count; i++) {
        sum += (uint64_t)peers->items[i]->settings.weight;
        ranges->ends[i] = sum;
    }
    free(group->arranged);
    group->arranged = ranges;
    return true;
}

void balance_ranges_release(struct balance_group *group) {
    free(group->arranged);
    group->arranged = NULL;
}

const struct balance_ranges *balance_ranges_of(const struct balance_group *group,
                                               const struct balance_peers *among) {
    const struct balance_ranges *ranges = group->arranged;
    return ranges != NULL && ranges->count == among->count && among->count > 1 ? ranges : NULL;
}

uint64_t balance_ranges_total(const struct balance_ranges *ranges) {
    return ranges->ends[ranges->count - 1];
}

uint32_t balance_ranges_find(const struct balance_ranges *ranges, uint64_t place) {
    uint32_t low = 0;
    uint32_t high = ranges->count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ranges->ends[middle] <= place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
