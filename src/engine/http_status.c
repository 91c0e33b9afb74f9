/* Reason phrases and page headings by status code. */
#include "engine/http_status.h"

#include <stdio.h>
#include <string.h>

struct status_row {
    uint32_t status;
    struct slice phrase;
    /* The heading of the page where it says more than the phrase. */
    struct slice note;
    bool has_page;
};

/* Sorted by status. Which codes have a page follows nginx: an error without one is sent empty. */
static const struct status_row rows[] = {
    {100, SLICE_INIT("Continue"), SLICE_INIT(""), false},
    {101, SLICE_INIT("Switching Protocols"), SLICE_INIT(""), false},
    {102, SLICE_INIT("Processing"), SLICE_INIT(""), false},
    {103, SLICE_INIT("Early Hints"), SLICE_INIT(""), false},
    {200, SLICE_INIT("OK"), SLICE_INIT(""), false},
    {201, SLICE_INIT("Created"), SLICE_INIT(""), false},
    {202, SLICE_INIT("Accepted"), SLICE_INIT(""), false},
    {204, SLICE_INIT("No Content"), SLICE_INIT(""), false},
    {206, SLICE_INIT("Partial Content"), SLICE_INIT(""), false},
    {301, SLICE_INIT("Moved Permanently"), SLICE_INIT(""), true},
    {302, SLICE_INIT("Moved Temporarily"), SLICE_INIT("302 Found"), true},
    {303, SLICE_INIT("See Other"), SLICE_INIT(""), true},
    {304, SLICE_INIT("Not Modified"), SLICE_INIT(""), false},
    {307, SLICE_INIT("Temporary Redirect"), SLICE_INIT(""), true},
    {308, SLICE_INIT("Permanent Redirect"), SLICE_INIT(""), true},
    {400, SLICE_INIT("Bad Request"), SLICE_INIT(""), true},
    {401, SLICE_INIT("Unauthorized"), SLICE_INIT("401 Authorization Required"), true},
    {402, SLICE_INIT("Payment Required"), SLICE_INIT(""), true},
    {403, SLICE_INIT("Forbidden"), SLICE_INIT(""), true},
    {404, SLICE_INIT("Not Found"), SLICE_INIT(""), true},
    {405, SLICE_INIT("Not Allowed"), SLICE_INIT(""), true},
    {406, SLICE_INIT("Not Acceptable"), SLICE_INIT(""), true},
    {408, SLICE_INIT("Request Time-out"), SLICE_INIT(""), true},
    {409, SLICE_INIT("Conflict"), SLICE_INIT(""), true},
    {410, SLICE_INIT("Gone"), SLICE_INIT(""), true},
    {411, SLICE_INIT("Length Required"), SLICE_INIT(""), true},
    {412, SLICE_INIT("Precondition Failed"), SLICE_INIT(""), true},
    {413, SLICE_INIT("Request Entity Too Large"), SLICE_INIT(""), true},
    {414, SLICE_INIT("Request-URI Too Large"), SLICE_INIT(""), true},
    {415, SLICE_INIT("Unsupported Media Type"), SLICE_INIT(""), true},
    {416, SLICE_INIT("Requested Range Not Satisfiable"), SLICE_INIT(""), true},
    {417, SLICE_INIT("Expectation Failed"), SLICE_INIT(""), true},
    {421, SLICE_INIT("Misdirected Request"), SLICE_INIT(""), true},
    {429, SLICE_INIT("Too Many Requests"), SLICE_INIT(""), true},
    {431, SLICE_INIT("Request Header Fields Too Large"), SLICE_INIT(""), true},
    {494, SLICE_INIT("Request Header Or Cookie Too Large"), SLICE_INIT(""), true},
    {495, SLICE_INIT("The SSL certificate error"), SLICE_INIT(""), true},
    {496, SLICE_INIT("No required SSL certificate was sent"), SLICE_INIT(""), true},
    {497, SLICE_INIT("The plain HTTP request was sent to HTTPS port"), SLICE_INIT(""), true},
    {500, SLICE_INIT("Internal Server Error"), SLICE_INIT(""), true},
    {501, SLICE_INIT("Not Implemented"), SLICE_INIT(""), true},
    {502, SLICE_INIT("Bad Gateway"), SLICE_INIT(""), true},
    {503, SLICE_INIT("Service Temporarily Unavailable"), SLICE_INIT(""), true},
    {504, SLICE_INIT("Gateway Time-out"), SLICE_INIT(""), true},
    {505, SLICE_INIT("HTTP Version Not Supported"), SLICE_INIT(""), true},
    {507, SLICE_INIT("Insufficient Storage"), SLICE_INIT(""), true},
};

static const struct status_row *find(uint32_t status) {
    size_t low = 0;
    size_t high = sizeof rows / sizeof rows[0];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rows[middle].status == status) {
            return &rows[middle];
        }
        if (rows[middle].status < status) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

struct slice http_status_phrase(uint32_t status) {
    const struct status_row *row = find(status);
    return row == NULL ? (struct slice){"", 0} : row->phrase;
}

struct slice http_status_text(uint32_t status, char text[HTTP_STATUS_TEXT]) {
    struct slice phrase = http_status_phrase(status);
    int size = snprintf(text, HTTP_STATUS_TEXT, "%03u%s%.*s", status, phrase.size > 0 ? " " : "",
                        SLICE_ARGS(phrase));
    return (struct slice){text, (size_t)size};
}

uint32_t http_status_sent(uint32_t status) {
    return status >= 494 && status <= 497 ? 400 : status;
}

struct slice http_status_page_note(uint32_t status) {
    const struct status_row *row = find(status);
    return row == NULL ? (struct slice){"", 0} : row->note;
}

static bool holds(struct slice text, struct slice part) {
    return text.size > 0 && memmem(text.data, text.size, part.data, part.size) != NULL;
}

/* ngx_http_process_user_agent: "MSIE 7.0", of which something has to be there behind the point. */
bool http_status_is_hidden_by(struct slice user_agent) {
    const struct slice name = SLICE("MSIE ");
    const char *found =
        user_agent.size > 0 ? memmem(user_agent.data, user_agent.size, name.data, name.size) : NULL;
    if (holds(user_agent, SLICE("Opera"))) {
        return false;
    }
    if (found != NULL && (size_t)(found - user_agent.data) + 7 < user_agent.size) {
        return true;
    }
    return holds(user_agent, SLICE("Chrome/")) && !holds(user_agent, SLICE("Gecko/"));
}

bool http_status_has_page(uint32_t status) {
    const struct status_row *row = find(status);
    return row != NULL && row->has_page;
}
