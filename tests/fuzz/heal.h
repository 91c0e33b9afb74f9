/* Mutated tables made sound again, so that what was changed is not lost behind what it broke. Only
 * what most mutations break; the rest is left for validation to find. */
#ifndef HEAL_H
#define HEAL_H

#include "heal_agreement.h"
#include "heal_references.h"

/* The last string ends. */
static void heal_strings(struct draft *draft) {
    struct draft_section *strings = &draft->sections[TABLE_SECTION_strings];
    if (strings->count > 0) {
        strings->records[strings->count - 1] = '\0';
    }
}

/* `all`: references as well, so that what is wrong hides elsewhere. */
static void heal(struct draft *draft, bool all) {
    heal_strings(draft);
    if (all) {
        heal_owned(draft);
        heal_programs(draft);
        heal_references(draft);
    }
    heal_settings(draft);
    heal_locations(draft);
    heal_named(draft);
    heal_names(draft);
    heal_geo(draft);
    heal_splits(draft);
    heal_balancing(draft);
}

#endif
