# Writes the examples of rules, docs/rules/examples/<slug>/bad.conf and good.conf, as rows
# EXAMPLE(slug, name, text) for src/cli/rule_example.c.

function finish() {
    if (is_open) print ")"
}

FNR == 1 {
    finish()
    is_open = 1
    parts = split(FILENAME, part, "/")
    name = part[parts]
    sub(/\.conf$/, "", name)
    printf "EXAMPLE(\"%s\", \"%s\"", part[parts - 1], name
    separator = ","
}

{
    line = $0
    gsub(/\\/, "&&", line)
    gsub(/"/, "\\\"", line)
    printf "%s\n    \"%s\\n\"", separator, line
    separator = ""
}

END { finish() }
