/* Rules about files: whether they are of use to who opens them, and belong to each other. */
#include "certificate/certificate_facts.h"
#include "check/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- certificate-unreadable --- */

static void report_unreadable(struct finding_list *findings, const struct certificate_place *place,
                              struct slice problem) {
    struct slice directive = statement_name(place->statement);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_certificate_unreadable, place->word->span, "%.*s \"%.*s\": %.*s",
        SLICE_ARGS(directive), SLICE_ARGS(place->path), SLICE_ARGS(problem));
    if (slice_equals(problem, slice_from_string(strerror(EACCES)))) {
        diagnostic_help(findings->model->arena, diagnostic,
                        "run this as the user who starts rpcd, who has to read it");
    }
}

void check_rule_certificate_unreadable(struct finding_list *findings) {
    const struct certificate_set *set = findings->certificates;
    for (size_t i = 0; set != NULL && i < set->obstacles.count; i++) {
        const struct certificate_obstacle *obstacle = &set->obstacles.items[i];
        report_unreadable(findings, &obstacle->place, obstacle->problem);
    }
}

/* --- certificate-key-mismatch --- */

static void report_mismatch(struct finding_list *findings, const struct certificate_pair *pair) {
    struct arena *arena = findings->model->arena;
    struct slice first = certificate_title(arena, pair->file->certificates.items[0]);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_certificate_key_mismatch, pair->key.word->span,
        "the key \"%.*s\" does not belong to \"%.*s\", the first certificate in \"%.*s\"",
        SLICE_ARGS(pair->key.path), SLICE_ARGS(first), SLICE_ARGS(pair->certificate.path));
    diagnostic_note(arena, diagnostic, pair->certificate.word->span,
                    "the certificate is named here");
    if (pair->owner != CERTIFICATE_NONE) {
        struct slice title = certificate_title(arena, pair->file->certificates.items[pair->owner]);
        diagnostic_help(arena, diagnostic, "put \"%.*s\" first in the file: it is the key's",
                        SLICE_ARGS(title));
    }
}

void check_rule_certificate_key_mismatch(struct finding_list *findings) {
    const struct certificate_set *set = findings->certificates;
    for (size_t i = 0; set != NULL && i < set->pairs.count; i++) {
        const struct certificate_pair *pair = set->pairs.items[i];
        if (pair->owner != 0) {
            report_mismatch(findings, pair);
        }
    }
}

/* --- tls-key-permissions --- */

/* Where what is not below the working directory alone begins: a copy of the configuration says
 * nothing about the folders around it. */
static char *skip_working_directory(char *path) {
    char *directory = getcwd(NULL, 0);
    size_t size = directory != NULL ? strlen(directory) : 0;
    bool is_below = size > 0 && strncmp(path, directory, size) == 0 && path[size] == '/';
    free(directory);
    return is_below ? path + size : path;
}

/* Whether everybody gets to the file: may pass through all folders that it is in. A path from the
 * root, without symbolic links. */
static bool is_within_reach(char *path) {
    char *begin = skip_working_directory(path);
    for (char *slash = strchr(begin + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        struct stat status;
        *slash = '\0';
        bool is_open = stat(path, &status) == 0 && (status.st_mode & S_IXOTH) != 0;
        *slash = '/';
        if (!is_open) {
            return false;
        }
    }
    return true;
}

static void check_rights(struct finding_list *findings, const struct certificate_place *key) {
    struct arena *arena = findings->model->arena;
    struct slice path = arena_format(arena, "%.*s", SLICE_ARGS(key->path));
    struct stat status;
    if (stat(path.data, &status) != 0 || (status.st_mode & (S_IROTH | S_IWOTH)) == 0) {
        return;
    }
    char *real = realpath(path.data, NULL);
    bool is_private = real != NULL && !is_within_reach(real);
    free(real);
    if (is_private) {
        return;
    }
    struct diagnostic *diagnostic =
        check_report(findings, RULE_tls_key_permissions, key->word->span,
                     "everybody on this machine may %s the private key \"%.*s\"",
                     (status.st_mode & S_IWOTH) != 0 ? "replace" : "read", SLICE_ARGS(path));
    diagnostic_help(arena, diagnostic,
                    "run \"chmod o-rwx\" on it: only who starts the server reads it");
}

void check_rule_tls_key_permissions(struct finding_list *findings) {
    const struct certificate_set *set = findings->certificates;
    for (size_t i = 0; set != NULL && i < set->pairs.count; i++) {
        const struct certificate_pair *pair = set->pairs.items[i];
        if (pair->private_key != NULL && pair->private_key->key != NULL && pair->key.word != NULL) {
            check_rights(findings, &pair->key);
        }
    }
}
