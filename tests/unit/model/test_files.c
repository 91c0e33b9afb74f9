/* root and try_files. What is taken and what is not agrees with nginx 1.22 -t. */
#include "site.h"

static struct site site;

/* The template as it was written. */
static bool is_template(const struct template *template, const char *expected) {
    char text[256] = "";
    for (size_t i = 0; i < template->parts.count; i++) {
        const struct template_part *part = &template->parts.items[i];
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%.*s", part->kind == PART_TEXT ? "" : "$",
                 SLICE_ARGS(part->text));
    }
    return strcmp(text, expected) == 0;
}

static void cuts_one_slash_off_the_root(void) {
    static const struct {
        const char *word;
        const char *expected;
        size_t parts;
    } rows[] = {
        {"/srv", "/srv", 1},
        {"/srv/", "/srv", 1},
        {"/srv//", "/srv/", 1},
        {"srv", "srv", 1},
        {"/srv/$host/", "/srv/$host", 2},
        {"$host", "$host", 1},
        {"/", "", 1},
        {"\"\"", "", 0},
        {"//", "/", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "server { root %s; }", rows[i].word);
        site_read(&site, text);
        CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
        const struct template *root = &site.model.servers.items[0]->settings->root;
        CU_ASSERT_TRUE(is_template(root, rows[i].expected));
        CU_ASSERT_EQUAL(root->parts.count, rows[i].parts);
        site_release(&site);
    }
}

static void reports_mistakes_in_roots(void) {
    static const struct site_failure rows[] = {
        {"server { root $document_root/x; }", DIAGNOSTIC_INVALID_VALUE, "$document_root"},
        {"server { root /x/${document_root}; }", DIAGNOSTIC_INVALID_VALUE, "${document_root}"},
        {"server { root $realpath_root; }", DIAGNOSTIC_INVALID_VALUE, "$realpath_root"},
        {"server { root \"/a b/$realpath_root\"; }", DIAGNOSTIC_INVALID_VALUE, "$realpath_root"},
        {"server { root /a; root /b; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE, "root"},
        {"server { root; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "root"},
        {"server { root /a b; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "b"},
        {"server { root /$nope_at_all; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope_at_all"},
        {"server { if ($uri) { root /a; } }", DIAGNOSTIC_WRONG_CONTEXT, "root"},
        {"server { location / { limit_except GET { root /a; } } }", DIAGNOSTIC_WRONG_CONTEXT,
         "root"},
    };
    CHECK_FAILURES(rows);
}

static const struct try_files *try_files_of(const char *words) {
    static char text[256];
    snprintf(text, sizeof text, "server { location / { try_files %s; } }", words);
    site_read(&site, text);
    if (site.diagnostics.all.count > 0) {
        site_print(&site, text);
    }
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct try_files *try_files = site.model.servers.items[0]->locations.items[0]->try_files;
    CU_ASSERT_PTR_NOT_NULL_FATAL(try_files);
    return try_files;
}

static void tells_files_from_folders(void) {
    const struct try_files *try_files = try_files_of("$uri $uri/ / \"\" =404");
    static const struct {
        const char *name;
        bool is_directory;
    } expected[] = {{"$uri", false}, {"$uri", true}, {"", true}, {"", false}};
    CU_ASSERT_EQUAL_FATAL(try_files->files.count, 4);
    for (size_t i = 0; i < 4; i++) {
        CU_ASSERT_TRUE(is_template(&try_files->files.items[i].name, expected[i].name));
        CU_ASSERT_EQUAL(try_files->files.items[i].is_directory, expected[i].is_directory);
    }
    site_release(&site);
}

static void reads_the_fallback(void) {
    static const struct {
        const char *word;
        const char *target;
        uint32_t status;
    } rows[] = {
        {"=404", "", 404},     {"=999", "", 999},
        {"=1", "", 1},         {"=0", "=0", 0},
        {"=00", "=00", 0},     {"@a", "@a", 0},
        {"/a?b", "/a?b", 0},   {"/a/", "/a/", 0},
        {"$uri/", "$uri/", 0}, {"\"\"", "", 0},
        {"a", "a", 0},         {"/index.php?q=$uri&$args", "/index.php?q=$uri&$args", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char words[128];
        snprintf(words, sizeof words, "/x %s", rows[i].word);
        const struct try_files *try_files = try_files_of(words);
        CU_ASSERT_EQUAL(try_files->files.count, 1);
        CU_ASSERT_EQUAL(try_files->status, rows[i].status);
        CU_ASSERT_TRUE(is_template(&try_files->target, rows[i].target));
        site_release(&site);
    }
}

static void reports_mistakes_in_try_files(void) {
    static const struct site_failure rows[] = {
        {"server { try_files /a; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "try_files"},
        {"server { try_files; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "try_files"},
        {"server { try_files /a =; }", DIAGNOSTIC_INVALID_STATUS, "="},
        {"server { try_files /a =abc; }", DIAGNOSTIC_INVALID_STATUS, "=abc"},
        {"server { try_files /a =-1; }", DIAGNOSTIC_INVALID_STATUS, "=-1"},
        {"server { try_files /a =1000; }", DIAGNOSTIC_INVALID_STATUS, "=1000"},
        {"server { try_files /a =40$uri; }", DIAGNOSTIC_INVALID_STATUS, "=40$uri"},
        {"server { try_files /a /b; try_files /c /d; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "try_files"},
        {"server { location / { try_files /a /b; try_files /c /d; } }",
         DIAGNOSTIC_DUPLICATE_DIRECTIVE, "try_files"},
        {"server { try_files $nope_at_all =404; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope_at_all"},
        {"server { try_files /a $nope_at_all; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope_at_all"},
        {"server { location / { if ($uri) { try_files /a /b; } } }", DIAGNOSTIC_WRONG_CONTEXT,
         "try_files"},
        {"try_files /a /b; upstream u { server a; }", DIAGNOSTIC_WRONG_CONTEXT, "try_files"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_says("server { try_files /a =abc; }", SEVERITY_ERROR,
                             DIAGNOSTIC_INVALID_STATUS, "=abc", "\"=404\""));
}

/* Each block has its own or none. */
static void does_not_inherit_try_files(void) {
    site_read(&site, "server { try_files /a @b; location /c { location /c/d { }"
                     " if ($uri) { set $x y; } } location /e { try_files /f =404; } }");
    const struct server *server = site.model.servers.items[0];
    CU_ASSERT_PTR_NOT_NULL(server->try_files);
    CU_ASSERT_PTR_NULL(server->locations.items[0]->try_files);
    CU_ASSERT_PTR_NULL(server->locations.items[0]->nested.items[0]->try_files);
    CU_ASSERT_PTR_NULL(server->locations.items[0]->nested.items[1]->try_files);
    CU_ASSERT_PTR_NOT_NULL(server->locations.items[1]->try_files);
    site_release(&site);
}

UNIT_TESTS("model/files", {"cuts one slash off the root", cuts_one_slash_off_the_root},
           {"reports mistakes in roots", reports_mistakes_in_roots},
           {"tells files from folders", tells_files_from_folders},
           {"reads the fallback", reads_the_fallback},
           {"reports mistakes in try_files", reports_mistakes_in_try_files},
           {"does not inherit try_files", does_not_inherit_try_files})
