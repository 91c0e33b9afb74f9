/* Reads one text: the state that the scanner and the grammar in grammar/ work on, and the actions
 * they call, each of which builds one node or reports one error. Files and includes are parse.c's
 * and include.c's. */
#ifndef SYNTAX_READER_H
#define SYNTAX_READER_H

#include "syntax/tree.h"

enum {
    READER_BLOCK_LIMIT = 200, /* blocks within blocks, counted through includes */
    /* nginx reads through a buffer of 4096 bytes that has to hold a word without its opening
     * quote, and the byte that ends it (NGX_CONF_BUFFER in ngx_conf_file.c). */
    READER_WORD_LIMIT = 4095,
};

struct config_reader {
    struct tree *tree;
    const struct source *source;
    void *scanner;                /* flex's state */
    const char *scanned;          /* flex's copy of the text */
    struct span token;            /* the one that flex saw last */
    struct block *block;          /* the innermost open one */
    uint32_t outer_depth;         /* blocks around this text, by includes */
    uint32_t depth;               /* those and the ones open in this text */
    VECTOR_OF(struct word) words; /* of the statement being read */
    /* An error in the statement being read was reported: it stays out of the tree, and causes no
     * further report. */
    bool is_faulty;
    VECTOR_OF(struct statement *) includes; /* include statements, in order */
    struct diagnostic *unclosed;            /* the report of unclosed blocks, once there is one */
    uint32_t unclosed_count;
    bool has_zero_bytes;
    struct span glued_brace;     /* the last '}' that ended a word; empty when none did */
    const struct block *suspect; /* the first whose '}' is indented unlike its beginning */
};

/* Reads `source` into `file`, an empty block. `depth` is the number of blocks around it. Include
 * statements are left as they are, and listed in reader->includes. */
void reader_read(struct config_reader *reader, struct tree *tree, const struct source *source,
                 struct block *file, uint32_t depth);

/* Called by the scanner, about the token at hand. */
void reader_set_token(struct config_reader *reader, const char *text, size_t size);
void reader_add_comment(struct config_reader *reader);
void reader_check_after_quote(struct config_reader *reader);
/* Reports the quote; returns how many bytes to take for the word before going on behind it. */
size_t reader_cut_unclosed_quote(struct config_reader *reader);

/* Called by the grammar. */
void reader_add_word(struct config_reader *reader, struct span span);
void reader_end_statement(struct config_reader *reader, struct span end);
void reader_end_unfinished_statement(struct config_reader *reader);
void reader_open_block(struct config_reader *reader, struct span brace);
void reader_open_nameless_block(struct config_reader *reader, struct span brace);
void reader_close_block(struct config_reader *reader, struct span brace);
void reader_leave_unclosed_block(struct config_reader *reader, struct span end);
void reader_drop_stray_semicolon(struct config_reader *reader, struct span semicolon);
void reader_drop_stray_brace(struct config_reader *reader, struct span brace);

/* The grammar's source of tokens; the name is bison's. */
int config_parser_lex(struct span *value, struct config_reader *reader);

/* The errors; reader_errors.c. */
void reader_report_zero_byte(struct config_reader *reader, uint32_t offset);
void reader_report_long_word(struct config_reader *reader, const struct word *word);
void reader_report_after_quote(struct config_reader *reader);
void reader_report_unclosed_quote(struct config_reader *reader, size_t size);
void reader_report_missing_semicolon(struct config_reader *reader);
void reader_report_stray_semicolon(struct config_reader *reader, struct span semicolon);
void reader_report_nameless_block(struct config_reader *reader, struct span brace);
void reader_report_stray_brace(struct config_reader *reader, struct span brace);
void reader_report_unclosed_block(struct config_reader *reader);
void reader_report_nesting(struct config_reader *reader, struct span brace);

#endif
