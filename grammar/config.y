/* Statements and blocks. What a directive means, or whether it exists, is not known here.
 *
 * Every sequence of tokens is a sentence of this grammar: what is wrong has a production of its
 * own, whose action reports it. So one run reports every error, and none twice. reader.c returns
 * UNCLOSED at the end of the text, once for each block that is still open. */

%define api.pure full
%define api.prefix {config_parser_}
%define api.token.prefix {TOKEN_}
%define api.value.type {struct span}
%param {struct config_reader *reader}
%expect 0

%code requires {
#include "syntax/reader.h"
}

%code {
static void config_parser_error(struct config_reader *reader, const char *message);
}

%token END_OF_TEXT 0
%token WORD
%token SEMICOLON ";"
%token OPENING_BRACE "{"
%token CLOSING_BRACE "}"
%token UNCLOSED

%%

configuration
    : file unfinished
    ;

file
    : %empty
    | file statement
    | file "}"              { reader_drop_stray_brace(reader, $2); }
    | file words "}"        { reader_drop_stray_brace(reader, $3); }
    ;

statements
    : %empty
    | statements statement
    ;

statement
    : words ";"             { reader_end_statement(reader, $2); }
    | ";"                   { reader_drop_stray_semicolon(reader, $1); }
    | block
    ;

block
    : opening statements unfinished closing
    ;

opening
    : words "{"             { reader_open_block(reader, $2); }
    | "{"                   { reader_open_nameless_block(reader, $1); }
    ;

closing
    : "}"                   { reader_close_block(reader, $1); }
    | UNCLOSED              { reader_leave_unclosed_block(reader, $1); }
    ;

unfinished
    : %empty
    | words                 { reader_end_unfinished_statement(reader); }
    ;

words
    : WORD                  { reader_add_word(reader, $1); }
    | words WORD            { reader_add_word(reader, $2); }
    ;

%%

/* No text is a syntax error, so this can only be about the parser's stack. */
static void config_parser_error(struct config_reader *reader, const char *message) {
    (void)reader;
    (void)message;
    memory_exhausted();
}
