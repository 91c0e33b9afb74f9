/* The table of formats. */
#include "cli/lint.h"

const struct lint_format lint_formats[] = {
    {"text", lint_print_text},
    {"json", lint_print_json},
    {"sarif", lint_print_sarif},
    {"github", lint_print_github},
    {"checkstyle", lint_print_checkstyle},
    {"junit", lint_print_junit},
};
const size_t lint_format_count = sizeof lint_formats / sizeof lint_formats[0];
