#!/bin/sh
# What `make demo` shows, with the programs in the build folder named: findings in a bad sample, a
# configuration compiled to a table, and real responses through the proxy from two backends that it
# balances. Ports that are taken are replaced by free ones in a copy of the configuration.
set -eu

build=$(cd "$1" && pwd)
PATH=$build:$PATH

work=$(mktemp -d)
daemon=
finish() {
    status=$?
    trap - EXIT
    if [ -n "$daemon" ]; then
        kill -QUIT "$daemon" 2>/dev/null && wait "$daemon" || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() {
    printf '\n# %s\n' "$*"
}

# Shows a command as one would type it, then runs it.
show() {
    printf '$ %s\n' "$*"
    "$@"
}

# Whether somebody listens on the port, on any address of this machine.
is_taken() {
    hex=$(printf ':%04X' "$1")
    awk -v port="$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 }
                        END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

free_port() {
    port=$1
    while is_taken "$port"; do
        port=$((port + 10))
    done
    echo "$port"
}

say "1. rpc lint finds what would hurt in production, here an open proxy:"
status=0
show rpc lint samples/bad/open-proxy-argument.conf || status=$?
echo "(exit status $status)"
if [ "$status" -ne 1 ]; then
    echo "demo: rpc lint should have found something" >&2
    exit 1
fi

site=samples/demo.conf
front=$(free_port 8080)
one=$(free_port 8081)
two=$(free_port 8082)
if [ "$front $one $two" != "8080 8081 8082" ]; then
    echo
    echo "(Some of the ports 8080 to 8082 are taken; using $front, $one and $two.)"
    sed -e "s/:8080/:$front/; s/:8081/:$one/; s/:8082/:$two/" "$site" > "$work/demo.conf"
    site=$work/demo.conf
fi

say "2. A sound configuration has no findings, and becomes one table:"
show rpc lint "$site"
show rpc compile "$site" -o "$work/site.rpt"
printf '%s\n' "$(wc -c < "$work/site.rpt") bytes"

say "3. rpcd maps the table and serves it:"
echo "\$ rpcd $work/site.rpt &"
rpcd -p "$work" "$work/site.rpt" > "$work/access.log" 2> "$work/error.log" &
daemon=$!
tries=0
until is_taken "$front"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$daemon" 2>/dev/null; then
        echo "demo: rpcd did not start" >&2
        cat "$work/error.log" >&2
        exit 1
    fi
    sleep 0.05
done

say "4. Requests go to the two backends in turn:"
for path in /first /second /third /fourth; do
    show curl -sS --max-time 10 "http://127.0.0.1:$front$path" | tee -a "$work/answers"
done
if [ "$(grep -c 'backend one' "$work/answers")" -ne 2 ] ||
    [ "$(grep -c 'backend two' "$work/answers")" -ne 2 ]; then
    echo "demo: the answers should have come from both backends in turn" >&2
    cat "$work/error.log" >&2
    exit 1
fi

say "5. A whole response, and what the access log says:"
show curl -sS -i --max-time 10 "http://127.0.0.1:$front/about"
sleep 0.2
echo
tail -n 3 "$work/access.log"

say "6. Asked to stop, it finishes what it is doing and ends:"
echo "\$ kill -QUIT $daemon"
kill -QUIT "$daemon"
status=0
wait "$daemon" || status=$?
daemon=
echo "(exit status $status)"
exit "$status"
