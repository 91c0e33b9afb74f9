/* Rewrite sequences and what they lead to: blocks of if as ops and as locations, try_files, error
 * pages and access rules. */
#include "compiled.h"

static struct compiled compiled;

/* The ops of a program, "SET SKIP_UNLESS 2 ...": counts and statuses, other operands left out. */
static const char *ops_of(uint32_t program) {
    static const char *const names[TABLE_op_code_COUNT] = {
#define OP(code, kind, a, b, summary) [TABLE_OP_##code] = #code,
#include "table/ops.def"
#undef OP
    };
    static char text[512];
    size_t size = 0;
    struct table_range ops = compiled.table.program[program].ops;
    text[0] = '\0';
    for (uint32_t i = 0; i < ops.count; i++) {
        const struct table_op *op = &compiled.table.op[ops.first + i];
        bool has_number = op->code == TABLE_OP_SKIP_IF || op->code == TABLE_OP_SKIP_UNLESS ||
                          op->code == TABLE_OP_RETURN_STATUS || op->code == TABLE_OP_RETURN_TEXT ||
                          op->code == TABLE_OP_RETURN_REDIRECT;
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%s", i > 0 ? " " : "",
                                 names[op->code]);
        if (has_number) {
            size += (size_t)snprintf(text + size, sizeof text - size, " %u", op->a);
        }
    }
    return text;
}

/* The op with that number in the program. */
static const struct table_op *op_at(uint32_t program, uint32_t number) {
    struct table_range ops = compiled.table.program[program].ops;
    CU_ASSERT_TRUE_FATAL(number < ops.count);
    return &compiled.table.op[ops.first + number];
}

/* A template of one literal. */
static bool is_literal(uint32_t program, const char *expected) {
    struct table_range ops = compiled.table.program[program].ops;
    const struct table_op *op = &compiled.table.op[ops.first];
    return ops.count == 1 && op->code == TABLE_OP_APPEND_TEXT && op->b == strlen(expected) &&
           memcmp(compiled.table.strings + op->a, expected, op->b) == 0;
}

/* Blocks of a location have its name, but no rewrites of their own. */
static const struct table_location *rewriting_location(const char *name) {
    for (uint32_t i = 0; i < compiled.table.location_count; i++) {
        const struct table_location *location = &compiled.table.location[i];
        if (location->rewrite != TABLE_NONE &&
            strcmp(table_chars(&compiled.table, location->name), name) == 0) {
            return location;
        }
    }
    CU_FAIL_FATAL("no such location");
    return NULL;
}

static void makes_ops_of_statements(void) {
    static const struct {
        const char *statements;
        const char *ops;
    } rows[] = {
        {"set $a b;", "SET"},
        {"set $args b;", "SET_ARGS"},
        {"set $limit_rate 10k;", "SET_RATE"},
        {"break;", "BREAK"},
        {"return 404;", "RETURN_STATUS 404"},
        {"return 200 text;", "RETURN_TEXT 200"},
        {"return 301 /a;", "RETURN_REDIRECT 301"},
        {"return http://a;", "RETURN_REDIRECT 302"},
        {"rewrite ^ /a;", "REWRITE"},
        {"if ($uri) { }", "TEST_TRUE SKIP_UNLESS 0"},
        {"if ($uri = a) { break; }", "TEST_EQUAL SKIP_UNLESS 1 BREAK"},
        {"if ($uri != a) { break; }", "TEST_EQUAL SKIP_IF 1 BREAK"},
        {"if ($uri ~ a) { break; }", "TEST_REGEX SKIP_UNLESS 1 BREAK"},
        {"if ($uri !~* a) { break; }", "TEST_REGEX SKIP_IF 1 BREAK"},
        {"if (-f a) { break; }", "TEST_FILE SKIP_UNLESS 1 BREAK"},
        {"if (!-d a) { break; }", "TEST_FILE SKIP_IF 1 BREAK"},
        {"if ($uri) { set $a b; set $c d; return 403; } set $e f;",
         "TEST_TRUE SKIP_UNLESS 3 SET SET RETURN_STATUS 403 SET"},
        {"set $a b; if ($a) { break; } if ($uri) { break; } return 200;",
         "SET TEST_TRUE SKIP_UNLESS 1 BREAK TEST_TRUE SKIP_UNLESS 1 BREAK RETURN_STATUS 200"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "server { %s }", rows[i].statements);
        COMPILE_FATAL(&compiled, text);
        CU_ASSERT_STRING_EQUAL(ops_of(compiled.table.server[0].rewrite), rows[i].ops);
        compiled_release(&compiled);
    }
}

static void has_no_program_without_statements(void) {
    COMPILE_FATAL(&compiled, "server { location / { proxy_pass http://127.0.0.1; } }");
    CU_ASSERT_EQUAL(compiled.table.server[0].rewrite, TABLE_NONE);
    CU_ASSERT_EQUAL(compiled_location(&compiled, "/")->rewrite, TABLE_NONE);
    compiled_release(&compiled);
}

/* In a location the block's own location is entered first; in a server there is none. */
static void enters_blocks_of_locations(void) {
    COMPILE_FATAL(&compiled,
                  "server { if ($uri) { set $a b; }"
                  " location / { if ($uri) { set $a b; } if ($uri = c) { } return 200; } }");
    CU_ASSERT_STRING_EQUAL(ops_of(compiled.table.server[0].rewrite), "TEST_TRUE SKIP_UNLESS 1 SET");
    uint32_t program = rewriting_location("/")->rewrite;
    CU_ASSERT_STRING_EQUAL(ops_of(program), "TEST_TRUE SKIP_UNLESS 2 ENTER SET "
                                            "TEST_EQUAL SKIP_UNLESS 1 ENTER RETURN_STATUS 200");
    CU_ASSERT_NOT_EQUAL(op_at(program, 2)->a, op_at(program, 6)->a);
    compiled_release(&compiled);
}

/* The location of a block is the one around it with other settings; no path leads to it. */
static void makes_locations_of_blocks(void) {
    COMPILE_FATAL(
        &compiled,
        "server { location /x/ { proxy_pass http://127.0.0.1:81; try_files /f @n; deny all;"
        "  if ($arg_a) { add_header A b; } if ($arg_b) { proxy_pass http://127.0.0.1:82; } }"
        " location ~ y { if ($arg_a) { return 200; } return 201; }"
        " location @n { return 202; } }");
    const struct table *table = &compiled.table;
    const struct table_location *around = rewriting_location("/x/");
    CU_ASSERT_STRING_EQUAL(ops_of(around->rewrite),
                           "TEST_TRUE SKIP_UNLESS 1 ENTER TEST_TRUE SKIP_UNLESS 1 ENTER");
    const struct table_location *first = &table->location[op_at(around->rewrite, 2)->a];
    const struct table_location *second = &table->location[op_at(around->rewrite, 5)->a];
    CU_ASSERT_STRING_EQUAL(table_chars(table, first->name), "/x/");
    CU_ASSERT_EQUAL(first->kind, TABLE_LOCATION_PREFIX);
    CU_ASSERT_TRUE(first->rewrite == TABLE_NONE && first->nested == TABLE_NONE);
    CU_ASSERT_EQUAL(first->proxy, around->proxy);
    CU_ASSERT_NOT_EQUAL(second->proxy, around->proxy);
    CU_ASSERT_EQUAL(table_handling_of(table, first)->try_files, TABLE_NONE);
    CU_ASSERT_NOT_EQUAL(table_handling_of(table, around)->try_files, TABLE_NONE);
    CU_ASSERT_NOT_EQUAL(first->settings, around->settings);
    CU_ASSERT_EQUAL(second->settings, around->settings);
    CU_ASSERT_EQUAL(table->settings[first->settings].allow.count, 1);
    CU_ASSERT_NOT_EQUAL(first->identity, around->identity);
    CU_ASSERT_NOT_EQUAL(first->identity, second->identity);
    /* Six locations: three with a path or name of their own, three blocks. */
    CU_ASSERT_EQUAL(table->location_count, 6);
    CU_ASSERT_EQUAL(table->location_set_count, 1);
    uint32_t in_tree = 0;
    for (uint32_t i = 0; i < table->node_count; i++) {
        in_tree += table->node[i].prefix != TABLE_NONE;
    }
    CU_ASSERT_EQUAL(in_tree, 1);
    CU_ASSERT_EQUAL(table->location_regex_count, 1);
    compiled_release(&compiled);
}

static void puts_limit_except_beside_its_location(void) {
    COMPILE_FATAL(&compiled, "server { location /a { proxy_pass http://127.0.0.1;"
                             "  limit_except GET { deny all; } } location /b { return 200; } }");
    const struct table *table = &compiled.table;
    const struct table_location *location = NULL;
    for (uint32_t i = 0; i < table->location_count; i++) {
        if (table_handling_of(table, &table->location[i])->limited != TABLE_NONE) {
            location = &table->location[i];
        }
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(location);
    const struct table_handling *handling = table_handling_of(table, location);
    CU_ASSERT_EQUAL_FATAL(handling->methods.count, 2);
    CU_ASSERT_STRING_EQUAL(table_chars(table, table->name[handling->methods.first].text), "GET");
    CU_ASSERT_STRING_EQUAL(table_chars(table, table->name[handling->methods.first + 1].text),
                           "HEAD");
    const struct table_location *limited = &table->location[handling->limited];
    CU_ASSERT_EQUAL(limited->proxy, location->proxy);
    CU_ASSERT_EQUAL(table->settings[limited->settings].allow.count, 1);
    CU_ASSERT_EQUAL(table->settings[location->settings].allow.count, 0);
    CU_ASSERT_EQUAL(table_handling_of(table, limited)->limited, TABLE_NONE);
    compiled_release(&compiled);
}

static void emits_rewrites(void) {
    COMPILE_FATAL(&compiled, "server { rewrite ^/a /b?c=d last; rewrite ^/a /b? break;"
                             " rewrite ^/a http://b/?c permanent; rewrite ^/a ?c; return 200; }");
    const struct table_rewrite *rewrite = compiled.table.rewrite;
    CU_ASSERT_EQUAL_FATAL(compiled.table.rewrite_count, 4);
    CU_ASSERT_TRUE(is_literal(rewrite[0].path, "/b") && is_literal(rewrite[0].args, "c=d"));
    CU_ASSERT_TRUE(rewrite[0].keep_args == 1 && rewrite[0].redirect == 0);
    CU_ASSERT_EQUAL(rewrite[0].flag, TABLE_REWRITE_LAST);
    CU_ASSERT_TRUE(is_literal(rewrite[1].path, "/b") && rewrite[1].args == TABLE_NONE);
    CU_ASSERT_TRUE(rewrite[1].keep_args == 0 && rewrite[1].flag == TABLE_REWRITE_BREAK);
    CU_ASSERT_TRUE(is_literal(rewrite[2].path, "http://b/?c") && rewrite[2].args == TABLE_NONE);
    CU_ASSERT_TRUE(rewrite[2].redirect == 301 && rewrite[2].has_args == 1);
    CU_ASSERT_EQUAL(compiled.table.program[rewrite[3].path].ops.count, 0);
    CU_ASSERT_TRUE(is_literal(rewrite[3].args, "c"));
    CU_ASSERT_EQUAL(compiled.table.regex_count, 1); /* all four have the same */
    compiled_release(&compiled);
}

static void emits_try_files(void) {
    COMPILE_FATAL(&compiled, "server { location /a { try_files $uri /b/ =404;"
                             "  proxy_pass http://127.0.0.1; }"
                             " location /c { try_files /d @e; proxy_pass http://127.0.0.1; }"
                             " location /f { try_files /g =0; proxy_pass http://127.0.0.1; }"
                             " location /h { try_files /i \"\"; proxy_pass http://127.0.0.1; } }");
    const struct table *table = &compiled.table;
    CU_ASSERT_EQUAL_FATAL(table->try_files_count, 4);
    const struct table_try_files *try_files = table->try_files;
    CU_ASSERT_TRUE(try_files[0].status == 404 && try_files[0].target == TABLE_NONE);
    CU_ASSERT_EQUAL_FATAL(try_files[0].files.count, 2);
    const struct table_try_file *file = &table->try_file[try_files[0].files.first];
    CU_ASSERT_FALSE(file[0].is_directory);
    CU_ASSERT_TRUE(file[1].is_directory && is_literal(file[1].name, "/b"));
    CU_ASSERT_TRUE(try_files[1].status == 0 && is_literal(try_files[1].target, "@e"));
    CU_ASSERT_TRUE(try_files[2].status == 0 && is_literal(try_files[2].target, "=0"));
    CU_ASSERT_EQUAL(table->program[try_files[3].target].ops.count, 0);
    compiled_release(&compiled);
}

/* "root /" is a text without bytes, no root at all and "" have none. */
static void tells_the_top_from_nothing(void) {
    COMPILE_FATAL(&compiled, "server { location /a { root /; return 200; }"
                             " location /b { root \"\"; return 200; }"
                             " location /c { root /x/; return 200; } }");
    const struct table *table = &compiled.table;
    uint32_t a = table->settings[compiled_location(&compiled, "/a")->settings].root;
    uint32_t b = table->settings[compiled_location(&compiled, "/b")->settings].root;
    uint32_t c = table->settings[compiled_location(&compiled, "/c")->settings].root;
    CU_ASSERT_TRUE(is_literal(a, ""));
    CU_ASSERT_EQUAL(table->program[b].ops.count, 0);
    CU_ASSERT_TRUE(is_literal(c, "/x"));
    compiled_release(&compiled);
}

/* Lists that blocks inherit are stored once. */
static void shares_lists(void) {
    COMPILE_FATAL(&compiled,
                  "error_page 404 403 =200 /a; allow 192.0.2.0/24; allow 2001:db8::/32; deny all;"
                  "server { location /a { return 200; } location /b { return 200; } }"
                  "server { location /c { return 200; } }");
    const struct table *table = &compiled.table;
    CU_ASSERT_EQUAL(table->error_page_count, 2);
    CU_ASSERT_EQUAL(table->access_rule_count, 3);
    for (uint32_t i = 0; i < table->location_count; i++) {
        const struct table_settings *settings = &table->settings[table->location[i].settings];
        CU_ASSERT_EQUAL(settings->error_page.count, 2);
        CU_ASSERT_EQUAL(settings->allow.count, 3);
    }
    const struct table_error_page *page = table->error_page;
    CU_ASSERT_TRUE(page[0].status == 404 && page[1].status == 403);
    CU_ASSERT_TRUE(page[0].response == 200 && is_literal(page[0].target, "/a"));
    const struct table_access_rule *rule = table->access_rule;
    CU_ASSERT_TRUE(rule[0].match == TABLE_CLIENT_IPV4 && rule[0].prefix == 24 && !rule[0].deny);
    CU_ASSERT_EQUAL(memcmp(rule[0].address.bytes, "\xc0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0", 16), 0);
    CU_ASSERT_TRUE(rule[1].match == TABLE_CLIENT_IPV6 && rule[1].prefix == 32 && !rule[1].deny);
    CU_ASSERT_TRUE(rule[2].match == TABLE_CLIENT_ALL && rule[2].deny == 1);
    compiled_release(&compiled);
}

/* Equal sequences at different places are one program, unless a place is a part of them. */
static void shares_programs(void) {
    COMPILE_FATAL(&compiled, "server { location /a { set $x y; return 200 $x; }"
                             " location /b { set $x y; return 200 $x; } }");
    CU_ASSERT_EQUAL(compiled_location(&compiled, "/a")->rewrite,
                    compiled_location(&compiled, "/b")->rewrite);
    compiled_release(&compiled);
}

static void gives_the_same_bytes(void) {
    static const char text[] =
        "error_page 404 @n; server { if ($arg_a ~ (?<x>b)) { rewrite ^/(.*)$ /$1?$x last; }"
        " location / { try_files $uri $uri/ @n; if (-f $request_filename) { set $y z; }"
        "  limit_except GET { allow 192.0.2.1; deny all; } proxy_pass http://127.0.0.1; }"
        " location @n { internal; return 404 \"$x $y\"; } }";
    struct compiled again;
    COMPILE_FATAL(&compiled, text);
    COMPILE_FATAL(&again, text);
    CU_ASSERT_TRUE(slice_equals(compiled.bytes, again.bytes));
    compiled_release(&again);
    compiled_release(&compiled);
}

UNIT_TESTS("emit/rewrite", {"makes ops of statements", makes_ops_of_statements},
           {"has no program without statements", has_no_program_without_statements},
           {"enters blocks of locations", enters_blocks_of_locations},
           {"makes locations of blocks", makes_locations_of_blocks},
           {"puts limit_except beside its location", puts_limit_except_beside_its_location},
           {"emits rewrites", emits_rewrites}, {"emits try_files", emits_try_files},
           {"tells the top from nothing", tells_the_top_from_nothing},
           {"shares lists", shares_lists}, {"shares programs", shares_programs},
           {"gives the same bytes", gives_the_same_bytes})
