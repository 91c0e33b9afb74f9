/* The directives that tls_profile stands for, profile by profile, as they could be written. */
#include "cli/explain.h"

#include "model/tls_profile.h"

void explain_profiles(void) {
    printf("\nThe profiles are of Mozilla's version %s, of %s:\n%s\n"
           "They win over what the block around says; what the same block says wins over them.\n",
           tls_profile_version, tls_profile_date, tls_profile_source);
    for (size_t i = 0; i < tls_profile_row_count; i++) {
        const struct tls_profile_row *row = &tls_profile_rows[i];
        if (row->profile != NULL) {
            printf("\n%s, for %s:\n", row->profile, row->text);
        } else {
            printf("    %s %s;\n", row->directive, row->text);
        }
    }
}
