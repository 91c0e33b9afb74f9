# Writes the reference part of docs/table-format.md anew from the files that declare the format:
#
#   awk -f scripts/table-format-docs.awk grammar/directives.def src/table/layout.def \
#       src/table/ops.def grammar/variables.def docs/table-format.md > new
#
# The document comes last; what stands between its two "generated" lines is replaced. That the
# result is right and current is checked by tests/unit/table/test_format_docs.c.

BEGIN {
    split("U32 4 4 U64 8 8 FLAG 4 4 ENUM 4 4 STRING 8 4 BYTES16 16 1 PAIR 16 8 PLACE 8 4 " \
          "INDEX 4 4 OPTIONAL 4 4 RANGE 8 4 OWNED 8 4", kinds, " ")
    for (i = 1; i in kinds; i += 3) {
        kind_size[kinds[i]] = kinds[i + 1]
        kind_alignment[kinds[i]] = kinds[i + 2]
    }
    section_count = op_count = variable_count = 0
}

function align(offset, alignment) {
    return int((offset + alignment - 1) / alignment) * alignment
}

# The text of the last string literal in `row`.
function last_string(row,    parts, count) {
    count = split(row, parts, "\"")
    return parts[count - 1]
}

# What is between the parentheses of a row, split at commas.
function arguments(row, result) {
    sub(/^[A-Z_]+\(/, "", row)
    gsub(/ *, */, ",", row)
    return split(row, result, ",")
}

function begin_record(name, summary) {
    record = name
    record_offset = 0
    record_alignment = 1
    text = text "\n### `" name "`\n\n"
    headline = toupper(substr(summary, 1, 1)) substr(summary, 2) "."
    rows = ""
    section_count++
}

function add_field(kind, target, field, note,    offset) {
    offset = align(record_offset, kind_alignment[kind])
    record_offset = offset + kind_size[kind]
    if (kind_alignment[kind] > record_alignment) {
        record_alignment = kind_alignment[kind]
    }
    gsub(/\|/, "\\|", note)
    gsub(/\*/, "\\*", note)
    rows = rows "| " offset " | `" field "` | " kind " | " \
           (target == "none" ? "" : "`" target "`") " | " note " |\n"
}

function end_record(    size) {
    size = align(record_offset, record_alignment)
    text = text "Section " (section_count - 1) ", records of " size " bytes. " headline \
           (remark == "" ? "" : " " remark) "\n\n" \
           "| offset | field | kind | of | |\n| ---: | --- | --- | --- | --- |\n" rows
    remark = ""
}

# A directive's storage kind as a field.
function add_setting(kind, field, words, help,    note) {
    note = help
    if (kind == "FLAG") {
        add_field("FLAG", "none", field, note)
    } else if (kind == "NUMBER") {
        add_field("U32", "none", field, note)
    } else if (kind == "ENUM") {
        gsub(/\|/, ", ", words)
        add_field("U32", "none", field, note "; from 0: " words)
    } else if (kind == "WORDS") {
        gsub(/\|/, ", ", words)
        add_field("U32", "none", field, note "; a bit each, from the lowest: " words)
    } else if (kind == "SIZE") {
        add_field("U64", "none", field, note "; bytes")
    } else if (kind == "TIME") {
        add_field("U64", "none", field, note "; milliseconds")
    } else if (kind == "TEXT") {
        add_field("STRING", "none", field, note)
    } else if (kind == "PAIR") {
        add_field("PAIR", "none", field, note)
    } else if (kind == "HEADERS") {
        add_field("RANGE", "header_field", field, note)
    } else if (kind == "NAMES") {
        add_field("RANGE", "name", field, note)
    } else if (kind == "BINDING") {
        add_field("OPTIONAL", "binding", field, note)
    } else if (kind == "ALIAS" || kind == "EXPIRES" || kind == "SYMLINKS" || kind == "LOG_CACHE" ||
               kind == "REFERERS") {
        add_field("OPTIONAL", tolower(kind), field, note)
    } else if (kind == "SESSION_CACHE") {
        add_field("OPTIONAL", "session_cache", field, note)
    } else if (kind == "TEMPLATE") {
        add_field("OPTIONAL", "program", field, note)
    } else if (kind == "RESOLVER") {
        add_field("OPTIONAL", "resolver", field, note)
    } else { # a list of records named like the kind, in the singular
        add_field("RANGE", tolower(substr(kind, 1, length(kind) - 1)), field, note)
    }
}

FILENAME ~ /directives\.def$/ {
    if ($0 ~ /^(HTTP|SERVER|PROCESS|UPSTREAM)_DIRECTIVE\(/) {
        directive = ""
        in_directive = 1
    }
    if (in_directive) {
        sub(/^ +/, " ")
        directive = directive $0
        if ($0 ~ /"\)$/) {
            in_directive = 0
            family = directive
            sub(/_DIRECTIVE.*/, "", family)
            arguments(directive, parts)
            number = ++directive_count[family]
            words = parts[6]
            gsub(/"/, "", words)
            directive_name[family, number] = parts[1]
            directive_kind[family, number] = parts[5]
            directive_words[family, number] = words
            directive_help[family, number] = last_string(directive)
        }
    }
    next
}

FILENAME ~ /layout\.def$/ {
    if ($0 ~ /^RECORD_BEGIN\(/) {
        arguments($0, parts)
        begin_record(parts[1], last_string($0))
        remark = comment
        gsub(/\*/, "\\*", remark)
        comment = ""
    } else if ($0 ~ /^FIELD\(/) {
        note = ""
        if (match($0, /\/\*.*\*\//)) {
            note = substr($0, RSTART + 3, RLENGTH - 6)
        }
        row = $0
        sub(/\).*/, "", row)
        arguments(row, parts)
        add_field(parts[2], parts[3], parts[4], note)
    } else if ($0 == "") {
        comment = ""
    } else if ($0 ~ /^#define [A-Z]+_DIRECTIVE\(/) {
        family = $2
        sub(/_DIRECTIVE.*/, "", family)
    } else if ($0 ~ /^#include "directives\.def"/) {
        for (i = 1; i <= directive_count[family]; i++) {
            add_setting(directive_kind[family, i], directive_name[family, i],
                        directive_words[family, i], directive_help[family, i])
        }
    } else if ($0 ~ /^RECORD_END\(/) {
        end_record()
    } else if ($0 ~ /^\/\* / && $0 !~ /clang-format/) {
        comment = substr($0, 4)
        in_comment = $0 !~ /\*\/$/
        sub(/ *\*\/$/, "", comment)
    } else if (in_comment) {
        line = $0
        in_comment = line !~ /\*\/$/
        sub(/^ \* ?/, "", line)
        sub(/ *\*\/$/, "", line)
        comment = comment " " line
    }
    next
}

FILENAME ~ /ops\.def$/ {
    if ($0 ~ /^OP\(/) {
        arguments($0, parts)
        ops = ops "| " op_count++ " | " parts[1] " | " parts[2] " | " parts[3] " | " parts[4] \
              " | " last_string($0) " |\n"
    }
    next
}

FILENAME ~ /variables\.def$/ {
    if ($0 ~ /^VARIABLE\(/) {
        arguments($0, parts)
        name = parts[2]
        gsub(/"/, "", name)
        variables = variables "| " variable_count++ " | `$" name "`" \
                    (parts[3] == "PREFIX" ? " with a suffix" : "") " |\n"
    }
    next
}

/^<!-- generated: / {
    print
    print "\n## Sections and records"
    print text
    print "### `strings`\n\nSection " section_count ", records of 1 byte: the texts.\n"
    print "## Operations\n\n| code | name | program | a | b | |\n" \
          "| ---: | --- | --- | --- | --- | --- |\n" ops
    print "## Variables\n\n| id | variable |\n| ---: | --- |\n" variables
    skipping = 1
    next
}

/^<!-- end of what is generated/ {
    skipping = 0
}

!skipping {
    print
}
