# Writes docs/directives.md, the reference of what rpcd runs, from the catalogue of directives:
#
#   awk -f scripts/directive-reference.awk grammar/directives.def > docs/directives.md
#
# The catalogue's comments that stand alone on a line are the headings. `make check-code` tells when the
# document is not what this prints.

BEGIN {
    places["C_MAIN"] = "main"
    places["C_EVENTS"] = "events"
    places["C_HTTP"] = "http"
    places["C_SERVER"] = "server"
    places["C_LOCATION"] = "location"
    places["C_IF_SERVER"] = "if in server"
    places["C_IF_LOCATION"] = "if in location"
    places["C_LIMIT_EXCEPT"] = "limit_except"
    places["C_UPSTREAM"] = "upstream"
    places["C_MATCH"] = "match"
    places["C_ANY"] = "anywhere"
    print "# Directives\n"
    print "<!-- Written by `make directive-reference` from grammar/directives.def. -->\n"
    print "What `rpc compile` takes and `rpcd` runs, where it may stand, and what holds without it. Any other"
    print "directive of nginx is known: `rpc lint` checks its place and its arguments, and `rpc compile` refuses"
    print "it by name. `rpc explain DIRECTIVE` says the same at the prompt; where `rpcd` differs from nginx, or"
    print "does more, is in [nginx.md](nginx.md)."
}

# Splits the arguments of a row at the commas that are not in a string.
function split_arguments(row, result,    count, i, byte, in_string) {
    sub(/^[A-Z_]+\(/, "", row)
    sub(/\)$/, "", row)
    delete result
    count = 1
    for (i = 1; i <= length(row); i++) {
        byte = substr(row, i, 1)
        if (byte == "\"") {
            in_string = !in_string
        }
        if (byte == "," && !in_string) {
            count++
        } else {
            result[count] = result[count] byte
        }
    }
    for (i = 1; i <= count; i++) {
        gsub(/^ +| +$/, "", result[i])
        gsub(/^"|"$/, "", result[i])
        gsub(/" *"/, "", result[i]) # literals side by side are one
    }
    return count
}

function list_places(contexts,    names, count, i, text) {
    count = split(contexts, names, / *\| */)
    for (i = 1; i <= count; i++) {
        if (!(names[i] in places)) {
            print "directive-reference: no name for " names[i] > "/dev/stderr"
            failed = 1
        }
        text = text (i > 1 ? ", " : "") places[names[i]]
    }
    return text
}

function escape(text) {
    gsub(/\|/, "\\|", text)
    gsub(/\*/, "\\*", text)
    gsub(/</, "\\<", text)
    return text
}

# Of a choice, what there is to choose from belongs to what the directive is about.
function describe(help, storage, values) {
    if (storage == "FLAG") {
        return escape(help)
    }
    if (values != "") {
        gsub(/\|/, "`, `", values)
        return escape(help) ": `" values "`"
    }
    return escape(help)
}

function print_row(name, contexts, initial, about) {
    if (heading != "") {
        print "\n## " heading "\n"
        print "| | where | default | |"
        print "| --- | --- | --- | --- |"
        heading = ""
    }
    gsub(/\|/, "\\|", initial)
    print "| `" name "` | " list_places(contexts) " | " (initial == "" ? "" : "`" initial "`") " | " about " |"
}

function print_directive(row,    a, name) {
    split_arguments(row, a)
    if (row ~ /^PLAIN_/) {
        if (a[8] == "RUN") {
            print_row(a[2], a[3], "", escape(a[9]))
        }
        return
    }
    name = row ~ /^GRPC_/ ? "grpc_" a[1] : a[1]
    if (a[9] == "RUN") {
        print_row(name, a[2], a[8], describe(a[10], a[5], a[6]))
    }
}

/^\/\* clang-format on/ { exit }
/^\/\* clang-format off/ { is_catalogue = 1; next }
!is_catalogue { next }
/^\/\* .*\*\/$/ {
    heading = substr($0, 4, length($0) - 6)
    gsub(/^ +| +$/, "", heading)
    next
}
/^[A-Z]+_DIRECTIVE\(/ { row = "" }
{
    sub(/^ +/, "")
    row = row (row == "" ? "" : " ") $0
    if (row ~ /^[A-Z]+_DIRECTIVE\(.*\)$/) {
        print_directive(row)
        row = ""
    }
}

END { exit failed }
