# Turns grammar/nginx-directives.tsv into the rows that src/model/ includes:
#
#   KNOWN_DIRECTIVE("name", "module", CONTEXTS, min, max, "exact-args", "syntax", KIND, "deprecated",
#                   commercial, off)
#
# CONTEXTS is C_... names joined by |, max is MANY when there is no upper bound, exact-args is the
# table's `args` column, KIND is FLAG, SIMPLE or BLOCK, deprecated is "" (no), "yes" or
# "yes:replacement", commercial is 0 or 1, and so is off: whether that is the default. A name has one row per module that defines it; the
# name "(entry)" is a free line inside a block such as map.
#
# Columns are found by their headings. A value this script does not know stops the build.
BEGIN {
    FS = "\t"
    split("main events http server location if-server if-location limit_except upstream " \
          "stream stream-server stream-upstream mail mail-server types map geo split_clients " \
          "charset_map num_map match mgmt acme_issuer oidc_provider otel_exporter stream-map " \
          "stream-geo stream-split_clients stream-num_map stream-match any", contexts, " ")
    for (i in contexts) {
        is_context[contexts[i]] = 1
    }
    kind_names["flag"] = "FLAG"
    kind_names["simple"] = "SIMPLE"
    kind_names["block"] = "BLOCK"
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

function quoted(text) {
    gsub(/[\\"]/, "\\\\&", text)
    return "\"" text "\""
}

function constant(context) {
    if (!(context in is_context)) {
        fail("unknown context " context)
    }
    gsub(/-/, "_", context)
    return "C_" toupper(context)
}

function constants(list,    names, count, i, result) {
    count = split(list, names, ",")
    result = constant(names[1])
    for (i = 2; i <= count; i++) {
        result = result " | " constant(names[i])
    }
    return result
}

FNR == 1 {
    for (i = 1; i <= NF; i++) {
        column[$i] = i
    }
    next
}

{
    kind = cell("kind")
    if (!(kind in kind_names)) {
        fail("unknown kind " kind)
    }
    max = cell("max_args")
    deprecated = cell("deprecated")
    printf "KNOWN_DIRECTIVE(%s, %s, %s, %d, %s, %s, %s, %s, %s, %d, %d)\n",
        quoted(cell("name")), quoted(cell("module")), constants(cell("contexts")),
        cell("min_args"), (max == "*") ? "MANY" : max + 0, quoted(cell("args")),
        quoted(cell("syntax")), kind_names[kind], quoted(deprecated == "no" ? "" : deprecated),
        cell("commercial") == "yes", cell("default") == "off"
}

END {
    if (!failed && NR < 2) {
        fail("no rows")
    }
    exit failed
}
