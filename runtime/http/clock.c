/* The current second as text, in the forms that headers and logs want. */
#include "http/internal.h"

#include <string.h>

static void refresh(struct http_service *service) {
    time_t now = service->loop->clock.tv_sec;
    struct tm parts;
    if (now == service->second && service->date[0] != '\0') {
        return;
    }
    service->second = now;
    gmtime_r(&now, &parts);
    /* The process runs in the C locale, so that names of days and months are English. */
    strftime(service->date, sizeof service->date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    localtime_r(&now, &parts);
    strftime(service->local, sizeof service->local, "%d/%b/%Y:%H:%M:%S %z", &parts);
    size_t size =
        strftime(service->iso8601, sizeof service->iso8601 - 1, "%Y-%m-%dT%H:%M:%S%z", &parts);
    /* strftime writes the offset as +0100; ISO 8601's extended form has a colon in it. */
    memmove(service->iso8601 + size - 1, service->iso8601 + size - 2, 3);
    service->iso8601[size - 2] = ':';
}

struct slice http_service_date(struct http_service *service) {
    refresh(service);
    return slice_from_string(service->date);
}

struct slice http_service_time_local(struct http_service *service) {
    refresh(service);
    return slice_from_string(service->local);
}

struct slice http_service_time_iso8601(struct http_service *service) {
    refresh(service);
    return slice_from_string(service->iso8601);
}
