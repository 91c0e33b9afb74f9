# Turns grammar/nginx-variables.tsv into the rows that src/model/ includes:
#
#   KNOWN_VARIABLE("name", is_prefix, CONTROL, may_hold_newline)
#
# CONTROL is CONTROL_CLIENT, CONTROL_PARTLY or CONTROL_SERVER. Variables of the stream modules are
# left out, and so are the captures $1 to $9, which every regular expression defines anew. A name
# that several modules define has one row, with the worst that any of them says.
#
# Columns are found by their headings. A value this script does not know stops the build.
BEGIN {
    FS = "\t"
    control_levels["no"] = 0
    control_levels["partly"] = 1
    control_levels["yes"] = 2
    split("CONTROL_SERVER CONTROL_PARTLY CONTROL_CLIENT", control_names, " ")
}

function fail(message) {
    printf "%s:%d: %s\n", FILENAME, FNR, message > "/dev/stderr"
    failed = 1
    exit 1
}

function cell(heading) {
    if (!(heading in column)) {
        fail("no column " heading)
    }
    return $column[heading]
}

FNR == 1 {
    for (i = 1; i <= NF; i++) {
        column[$i] = i
    }
    next
}

cell("module") ~ /^ngx_stream_/ || cell("kind") == "capture" {
    next
}

{
    name = cell("name")
    kind = cell("kind")
    control = cell("client_controlled")
    newline = cell("may_contain_newline")
    if (kind != "plain" && kind != "prefix") {
        fail("unknown kind " kind)
    }
    if (!(control in control_levels) || (newline != "yes" && newline != "no")) {
        fail("unknown control or newline of " name)
    }
    if (!(name in level)) {
        names[++count] = name
        level[name] = 0
    }
    is_prefix[name] = kind == "prefix"
    if (control_levels[control] > level[name]) {
        level[name] = control_levels[control]
    }
    if (newline == "yes") {
        holds_newline[name] = 1
    }
}

END {
    if (!failed && count == 0) {
        fail("no rows")
    }
    for (i = 1; i <= count && !failed; i++) {
        name = names[i]
        printf "KNOWN_VARIABLE(\"%s\", %s, %s, %s)\n", name, is_prefix[name] ? "true" : "false",
            control_names[level[name] + 1], (name in holds_newline) ? "true" : "false"
    }
    exit failed
}
