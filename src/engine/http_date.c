/* Times of HTTP, read and written. */
#include "engine/http_date.h"

#include <string.h>

enum { MONTHS = 12, SECONDS_OF_DAY = 86400, FEBRUARY = 1, FEBRUARY_29 = 29 };

static const int64_t LATEST = 253402300799; /* the last second of 9999 */

static const char months[MONTHS][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

enum date_form { DATE_IMF, DATE_RFC850, DATE_ASCTIME };

struct date {
    uint32_t year;
    uint32_t month; /* from 0 */
    uint32_t day;
    uint32_t hour;
    uint32_t minute;
    uint32_t second;
};

/* --- taking a text apart: each takes what it names off the front, or returns false --- */

static bool take_byte(struct slice *rest, char byte) {
    if (rest->size == 0 || rest->data[0] != byte) {
        return false;
    }
    *rest = slice_skip(*rest, 1);
    return true;
}

static bool is_digit(struct slice rest) {
    return rest.size > 0 && rest.data[0] >= '0' && rest.data[0] <= '9';
}

/* Exactly so many digits. */
static bool take_number(struct slice *rest, uint32_t digits, uint32_t *number) {
    *number = 0;
    for (uint32_t i = 0; i < digits; i++) {
        if (!is_digit(*rest)) {
            return false;
        }
        *number = *number * 10 + (uint32_t)(rest->data[0] - '0');
        *rest = slice_skip(*rest, 1);
    }
    return true;
}

static bool take_month(struct slice *rest, uint32_t *month) {
    for (*month = 0; *month < MONTHS; (*month)++) {
        if (slice_starts_with(*rest, (struct slice){months[*month], 3})) {
            *rest = slice_skip(*rest, 3);
            return true;
        }
    }
    return false;
}

static bool take_clock(struct slice *rest, struct date *date) {
    return take_number(rest, 2, &date->hour) && take_byte(rest, ':') &&
           take_number(rest, 2, &date->minute) && take_byte(rest, ':') &&
           take_number(rest, 2, &date->second);
}

/* The day of the week, of which only the end tells anything: a comma, or a space in asctime's. */
static enum date_form take_day_of_week(struct slice *rest) {
    enum date_form form = DATE_IMF;
    size_t end = 0;
    while (end < rest->size && rest->data[end] != ',' && rest->data[end] != ' ') {
        end++;
    }
    if (end < rest->size && rest->data[end] == ' ') {
        form = DATE_ASCTIME;
    }
    *rest = slice_skip(*rest, end < rest->size ? end + 1 : end);
    while (take_byte(rest, ' ')) {
    }
    return form;
}

/* "06 Nov 1994 08:49:37" */
static bool take_imf(struct slice *rest, struct date *date) {
    return take_byte(rest, ' ') && take_month(rest, &date->month) && take_byte(rest, ' ') &&
           take_number(rest, 4, &date->year) && take_byte(rest, ' ') && take_clock(rest, date);
}

/* "06-Nov-94 08:49:37" */
static bool take_rfc850(struct slice *rest, struct date *date) {
    enum { CENTURY = 70 };
    if (!take_byte(rest, '-') || !take_month(rest, &date->month) || !take_byte(rest, '-') ||
        !take_number(rest, 2, &date->year) || !take_byte(rest, ' ') || !take_clock(rest, date)) {
        return false;
    }
    date->year += date->year < CENTURY ? 2000 : 1900;
    return true;
}

/* "Nov  6 08:49:37 1994" */
static bool take_asctime(struct slice *rest, struct date *date) {
    if (!take_month(rest, &date->month) || !take_byte(rest, ' ')) {
        return false;
    }
    (void)take_byte(rest, ' ');
    uint32_t digits = rest->size > 1 && is_digit(slice_skip(*rest, 1)) ? 2 : 1;
    return take_number(rest, digits, &date->day) && take_byte(rest, ' ') &&
           take_clock(rest, date) && take_byte(rest, ' ') && take_number(rest, 4, &date->year);
}

static bool take_date(struct slice rest, struct date *date) {
    if (take_day_of_week(&rest) == DATE_ASCTIME) {
        return take_asctime(&rest, date);
    }
    if (!take_number(&rest, 2, &date->day)) {
        return false;
    }
    return rest.size > 0 && rest.data[0] == '-' ? take_rfc850(&rest, date) : take_imf(&rest, date);
}

/* --- the calendar --- */

static bool is_leap_year(uint32_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool is_possible(const struct date *date) {
    static const uint32_t days[MONTHS] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap_day =
        date->month == FEBRUARY && date->day == FEBRUARY_29 && is_leap_year(date->year);
    return date->hour < 24 && date->minute < 60 && date->second < 60 &&
           (is_leap_day || date->day <= days[date->month]);
}

/* Days since 1970 by the Gregorian calendar; years begin with March, so that the leap day is the
 * last. */
static int64_t count_days(const struct date *date) {
    int64_t year = (int64_t)date->year - (date->month <= FEBRUARY);
    int64_t month = (date->month + 10) % 12;
    return 365 * year + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + date->day -
           719469;
}

bool http_date_parse(struct slice text, int64_t *seconds) {
    struct date date;
    if (!take_date(text, &date) || !is_possible(&date)) {
        return false;
    }
    *seconds = count_days(&date) * SECONDS_OF_DAY +
               (int64_t)(date.hour * 3600 + date.minute * 60 + date.second);
    return true;
}

/* The other way round. */
static void find_day(int64_t days, struct date *date) {
    enum { DAYS_OF_400_YEARS = 146097 };
    int64_t cycle = (days + 719468) / DAYS_OF_400_YEARS;
    int64_t day = (days + 719468) % DAYS_OF_400_YEARS;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153; /* from March */
    date->day = (uint32_t)(day - (153 * month + 2) / 5 + 1);
    date->month = (uint32_t)((month + 2) % MONTHS);
    date->year = (uint32_t)(year + cycle * 400 + (date->month <= FEBRUARY));
}

/* --- writing --- */

static char *put_two_digits(char *end, uint32_t number) {
    *end++ = (char)('0' + number / 10);
    *end++ = (char)('0' + number % 10);
    return end;
}

static char *put_clock(char *end, uint32_t second) {
    end = put_two_digits(end, second / 3600);
    *end++ = ':';
    end = put_two_digits(end, second / 60 % 60);
    *end++ = ':';
    return put_two_digits(end, second % 60);
}

/* Without printf, which took a fifth of what a small file costs. */
struct slice http_date_format(int64_t seconds, char text[HTTP_DATE_SIZE]) {
    static const char days[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    struct date date;
    seconds = seconds > 0 ? seconds : 0;
    seconds = seconds < LATEST ? seconds : LATEST;
    find_day(seconds / SECONDS_OF_DAY, &date);
    char *end = mempcpy(text, days[seconds / SECONDS_OF_DAY % 7], 3);
    end = mempcpy(end, ", ", 2);
    end = put_two_digits(end, date.day);
    *end++ = ' ';
    end = mempcpy(end, months[date.month], 3);
    *end++ = ' ';
    end = put_two_digits(end, date.year / 100);
    end = put_two_digits(end, date.year % 100);
    *end++ = ' ';
    end = put_clock(end, (uint32_t)(seconds % SECONDS_OF_DAY));
    end = mempcpy(end, " GMT", 4);
    return (struct slice){text, (size_t)(end - text)};
}
