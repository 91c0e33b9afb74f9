/* Edits that put a finding right, in the terms of statements. They leave comments and the form of
 * what is around alone. An edit says nothing for statements that are made up: those have no source.
 */
#ifndef SYNTAX_EDIT_H
#define SYNTAX_EDIT_H

#include "syntax/tree.h"

/* Removes a statement, with its line when nothing else stands on it. */
void edit_remove_statement(const struct tree *tree, struct diagnostic *diagnostic,
                           const struct statement *statement);

/* Removes an argument (from 0) and the space before it. */
void edit_remove_argument(const struct tree *tree, struct diagnostic *diagnostic,
                          const struct statement *statement, uint32_t argument);

/* Writes a word behind the last one: "always". */
void edit_append_word(const struct tree *tree, struct diagnostic *diagnostic,
                      const struct statement *statement, const char *word);

/* Writes other words in place of all of a simple statement's, the name included. */
__attribute__((format(printf, 4, 5))) void edit_replace_words(const struct tree *tree,
                                                              struct diagnostic *diagnostic,
                                                              const struct statement *statement,
                                                              const char *format, ...);

/* Writes a statement on a line of its own below another one, with its indent. */
__attribute__((format(printf, 4, 5))) void edit_add_below(const struct tree *tree,
                                                          struct diagnostic *diagnostic,
                                                          const struct statement *statement,
                                                          const char *format, ...);

/* What to cut when the text of a span goes: its whole line, or the white space before it. */
struct span edit_widen(const struct tree *tree, struct span span);

#endif
