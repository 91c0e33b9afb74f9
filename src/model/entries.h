/* What map, geo and split_clients have in common: a block of lines KEY VALUE, which together define
 * one variable. */
#ifndef MODEL_ENTRIES_H
#define MODEL_ENTRIES_H

#include "model/reading.h"

/* Such a block while it is read. */
struct entry_block {
    struct model *model;
    const struct statement *statement; /* the block's own */
    struct variable_definition definition;
    struct config_variable *variable; /* NULL when the name is refused */
    size_t position;                  /* of the definition among the variable's */
};

/* Takes the definition's place among those of the variable that `word` names: regexes of the block
 * may define the same variable, and the last definition wins. */
struct entry_block entry_block_begin(const struct setter_call *call, enum definition_kind kind,
                                     const struct word *word);

/* Puts the definition as it is now in that place. */
void entry_block_end(const struct entry_block *block);

/* Whether a line is one of `flags` alone; its position among them, or `count`. */
size_t entry_find_flag(const struct statement *line, const struct slice *flags, size_t count);

/* Whether a line is KEY VALUE; says what is wrong if not. `flags` may stand alone. */
bool entry_is_pair(const struct entry_block *block, const struct statement *line,
                   const struct slice *flags, size_t count);

/* Adds a possible value: a text with variables, or a literal. */
struct template entry_add_template(struct entry_block *block, const struct word *word);
void entry_add_literal(struct entry_block *block, const struct word *word);
/* Nothing may match. */
void entry_add_empty(struct entry_block *block);

/* `invalid line in "map": "KEY"`, with what to write instead. */
void entry_reject(const struct entry_block *block, const struct word *word, const char *help);

#endif
