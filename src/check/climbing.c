/* Climbing out of folders; see climbing.h. */
#include "check/climbing.h"

#include "check/client_value.h"
#include "check/protection.h"
#include "check/rules.h"
#include "check/story.h"

/* --- captures --- */

const struct template_part *climbing_find_capture(struct finding_list *findings,
                                                  const struct regex *regex,
                                                  const struct template *value) {
    if (regex == NULL) {
        return NULL;
    }
    const struct regex_tree *tree = dataflow_regex_tree(check_flow(findings), regex);
    for (size_t i = 1; i < value->parts.count; i++) {
        const struct template_part *part = &value->parts.items[i];
        const struct template_part *before = &value->parts.items[i - 1];
        bool is_capture = part->kind == PART_CAPTURE || part->kind == PART_CONFIG;
        if (is_capture && before->kind == PART_TEXT && before->text.size > 1 &&
            slice_ends_with(before->text, SLICE("/")) &&
            regex_tree_group_may_climb(tree, part->kind == PART_CAPTURE ? part->capture : 0,
                                       part->text)) {
            return part;
        }
    }
    return NULL;
}

/* --- names of files --- */

/* Paths have no ".." any more, and names of users are checked where there is a password. */
static bool may_climb(const struct dataflow_atom *atom) {
    return !atom->is_path && byte_set_has(&atom->bytes, '.') && byte_set_has(&atom->bytes, '/') &&
           !slice_equals_nocase(atom->name, SLICE("request_uri")) &&
           !slice_equals_nocase(atom->name, SLICE("request_filename"));
}

static void check_name(struct finding_list *findings, const struct site_block *block,
                       const struct template *name, const char *what) {
    struct dataflow_atom atom;
    if (!client_value_find(findings, block, name, may_climb, &atom) ||
        (slice_equals_nocase(atom.name, SLICE("remote_user")) &&
         protection_has_password(block->settings))) {
        return;
    }
    story_report(
        findings, RULE_alias_traversal, &atom,
        "choose it by a map of constants, or capture it by a class without dots or slashes",
        "may hold \"../\", which nothing takes out of the %s: it leads out of the folder", what);
}

/* In "/index.php?$args" before the last word of try_files the "?" is one of the name: there is no
 * folder called "index.php?..." that a "../" behind it could lead out of. */
static bool has_question_mark(const struct template *name) {
    const struct template_part *first = name->parts.count > 0 ? &name->parts.items[0] : NULL;
    return first != NULL && first->kind == PART_TEXT &&
           slice_find_byte(first->text, '?') < first->text.size;
}

void climbing_check_files(struct finding_list *findings, const struct site_block *block) {
    const struct settings *settings = block->settings;
    if (settings->is_own[SETTING_root]) {
        check_name(findings, block, &settings->root, "root");
    }
    if (settings->is_own[SETTING_alias]) {
        check_name(findings, block, &settings->alias.path, "alias");
    }
    const struct try_files *files = block->location != NULL ? block->location->try_files
                                    : block->server != NULL ? block->server->try_files
                                                            : NULL;
    for (size_t i = 0; files != NULL && i < files->files.count; i++) {
        if (!has_question_mark(&files->files.items[i].name)) {
            check_name(findings, block, &files->files.items[i].name, "name of the file");
        }
    }
}
