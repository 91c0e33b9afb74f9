/* Field names, list values, byte classes. */
#include "unit.h"

#include "engine/http_byte.h"
#include "engine/http_field.h"

#include <ctype.h>
#include <string.h>

static const char *const names[] = {
#define HTTP_FIELD(id, name, request, response) name,
#include "engine/http_field.def"
#undef HTTP_FIELD
};

static void every_row_is_found_in_any_case(void) {
    for (unsigned id = 1; id < HTTP_FIELD_COUNT; id++) {
        char lower[64] = "";
        char upper[64] = "";
        for (size_t i = 0; names[id][i] != '\0'; i++) {
            lower[i] = (char)tolower((unsigned char)names[id][i]);
            upper[i] = (char)toupper((unsigned char)names[id][i]);
        }
        CU_ASSERT_EQUAL(http_field_find(slice_from_string(names[id])), id);
        CU_ASSERT_EQUAL(http_field_find(slice_from_string(lower)), id);
        CU_ASSERT_EQUAL(http_field_find(slice_from_string(upper)), id);
    }
}

static bool is_row(const char *name) {
    for (unsigned id = 1; id < HTTP_FIELD_COUNT; id++) {
        if (strcasecmp(name, names[id]) == 0) {
            return true;
        }
    }
    return false;
}

/* Each name with each byte replaced by each other byte that a token may hold. */
static void near_names_are_other(void) {
    for (unsigned id = 1; id < HTTP_FIELD_COUNT; id++) {
        char name[64];
        strcpy(name, names[id]);
        for (size_t i = 0; name[i] != '\0'; i++) {
            for (unsigned byte = 1; byte < 256; byte++) {
                name[i] = (char)byte;
                if (http_byte_is(name[i], HTTP_BYTE_TOKEN) && !is_row(name)) {
                    CU_ASSERT_EQUAL(http_field_find(slice_from_string(name)), HTTP_FIELD_OTHER);
                }
            }
            name[i] = names[id][i];
        }
        CU_ASSERT_EQUAL(http_field_find((struct slice){name, strlen(name) - 1}), HTTP_FIELD_OTHER);
        strcat(name, "s");
        CU_ASSERT_EQUAL(http_field_find(slice_from_string(name)), HTTP_FIELD_OTHER);
    }
    CU_ASSERT_EQUAL(http_field_find(SLICE("")), HTTP_FIELD_OTHER);
    CU_ASSERT_EQUAL(http_field_find(SLICE("A-name-longer-than-all-of-those-known")),
                    HTTP_FIELD_OTHER);
}

static void passage_follows_the_rows(void) {
    CU_ASSERT_EQUAL(http_field_in_request[HTTP_FIELD_CONNECTION], HTTP_HOP);
    CU_ASSERT_EQUAL(http_field_in_request[HTTP_FIELD_TRANSFER_ENCODING], HTTP_OURS);
    CU_ASSERT_EQUAL(http_field_in_request[HTTP_FIELD_COOKIE], HTTP_PASS);
    CU_ASSERT_EQUAL(http_field_in_response[HTTP_FIELD_CONTENT_LENGTH], HTTP_OURS);
    CU_ASSERT_EQUAL(http_field_in_response[HTTP_FIELD_OTHER], HTTP_PASS);
}

static void a_list_has_its_elements_and_no_others(void) {
    struct slice list = SLICE("keep-alive ,\tUpgrade,, x-a");
    CU_ASSERT_TRUE(http_list_has_token(list, SLICE("Keep-Alive")));
    CU_ASSERT_TRUE(http_list_has_token(list, SLICE("upgrade")));
    CU_ASSERT_TRUE(http_list_has_token(list, SLICE("x-a")));
    CU_ASSERT_FALSE(http_list_has_token(list, SLICE("keep")));
    CU_ASSERT_FALSE(http_list_has_token(list, SLICE("x-ab")));
    CU_ASSERT_FALSE(http_list_has_token(list, SLICE("keep-alive ,\tUpgrade")));
    CU_ASSERT_FALSE(http_list_has_token(SLICE(""), SLICE("close")));
    CU_ASSERT_FALSE(http_list_has_token((struct slice){NULL, 0}, SLICE("close")));
}

static void all_connection_fields_name_options(void) {
    struct engine_header items[] = {
        {SLICE_INIT("Connection"), SLICE_INIT("close, X-One")},
        {SLICE_INIT("Via"), SLICE_INIT("X-Three")},
        {SLICE_INIT("connection"), SLICE_INIT("x-two")},
    };
    uint8_t ids[] = {HTTP_FIELD_CONNECTION, HTTP_FIELD_OTHER, HTTP_FIELD_CONNECTION};
    CU_ASSERT_TRUE(http_fields_connection_names(items, ids, 3, SLICE("x-one")));
    CU_ASSERT_TRUE(http_fields_connection_names(items, ids, 3, SLICE("X-Two")));
    CU_ASSERT_FALSE(http_fields_connection_names(items, ids, 3, SLICE("X-Three")));
    CU_ASSERT_FALSE(http_fields_connection_names(items, ids, 3, SLICE("Connection")));
}

/* The classes again, written as the grammars have them. */
static void byte_classes_follow_the_grammars(void) {
    for (unsigned byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        bool is_name = byte < 128 && (isalnum((int)byte) || byte == '-');
        bool is_token = is_name || (byte != 0 && strchr("!#$%&'*+.^_`|~", (int)byte) != NULL);
        bool is_method = (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '-';
        CU_ASSERT_EQUAL(http_byte_is(c, HTTP_BYTE_TOKEN), is_token);
        CU_ASSERT_EQUAL(http_byte_is(c, HTTP_BYTE_NAME), is_name);
        CU_ASSERT_EQUAL(http_byte_is(c, HTTP_BYTE_UNDERSCORE), is_name || byte == '_');
        CU_ASSERT_EQUAL(http_byte_is(c, HTTP_BYTE_METHOD), is_method);
        CU_ASSERT_EQUAL(http_byte_is(c, HTTP_BYTE_TARGET), byte > ' ' && byte != 0x7f);
        CU_ASSERT_EQUAL(http_byte_is(c, HTTP_BYTE_TEXT),
                        byte == '\t' || (byte >= ' ' && byte != 0x7f));
        CU_ASSERT_EQUAL(http_byte_is(c, HTTP_BYTE_HEXADECIMAL),
                        byte < 128 && isxdigit((int)byte) != 0);
    }
}

UNIT_TESTS("engine/http_field", {"every row is found in any case", every_row_is_found_in_any_case},
           {"near names are other", near_names_are_other},
           {"passage follows the rows", passage_follows_the_rows},
           {"a list has its elements and no others", a_list_has_its_elements_and_no_others},
           {"all Connection fields name options", all_connection_fields_name_options},
           {"byte classes follow the grammars", byte_classes_follow_the_grammars})
