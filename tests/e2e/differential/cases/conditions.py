"""if: every operator at both levels, several in one place, and what a matching one takes with it."""

from differential.case import ask, case, header_sets, server


def tests_of(conditions):
    """A location per condition, that says whether it held, and what was captured."""
    return "".join(
        f"location = /{number} {{ add_header X-Location c{number} always; "
        f"if ({condition}) {{ return 200 \"yes|$1|$2\"; }} return 200 \"no|$1\"; }}\n"
        for number, condition in enumerate(conditions))


VALUES = [
    "$arg_a", "$arg_a = x", "$arg_a != x", '$arg_a = ""', '$arg_a != ""', '$arg_a = "0"', "$arg_a = $arg_b",
    "$arg_a != $arg_b", '$arg_a = "$arg_b$arg_c"', "$arg_a ~ x", "$arg_a ~* x", "$arg_a !~ x", "$arg_a !~* x",
    r"$arg_a ~ ^(\d+)-(\d+)$", r'$arg_a ~ "^(x|y) z$"', r"$arg_a ~* ^(x)(y)?", r'$arg_a ~ "^.{2,3}$"', "$arg_a ~ ^$",
    r'$arg_a ~ "\)$"', "$http_x_a", "$http_x_a = one", "$cookie_c ~ (o.e)", "$request_method = POST",
    "$request_method !~ ^(GET|HEAD)$", "$host ~ ^(one)[.](.*)$", "$request_uri ~ ^/24[?](.*)$", "$args",
    "$is_args", "$uri ~ /(2)(7)", "$http_none", "$scheme = http", "$server_port", "$arg_a = on", "$remote_addr ~ ^127",
    r'$http_x_a ~ "a b"', r"$content_type ~* ^text/(.*)$", "$content_length = 4", r'"$arg_a:$arg_b" = "x:y"',
]

# The first operand has to be a variable: the last row above is replaced by one made by set.
OPERATORS = case("conditions-operators", server(
    'set $joined "$arg_a:$arg_b";\n' + tests_of(VALUES[:-1] + ['$joined = "x:y"', "$joined = :"])),
    ask([f"/{number}{arguments}" for number in range(len(VALUES) + 1)
         for arguments in ("", "?", "?a=x", "?a=0", "?a=00", "?a=&b=", "?a=X&b=X", "?a=x%20z", "?a=12-34",
                           "?a=xy&b=x&c=y", "?a=on&b=y", "?a=)", "?a=x&b=y", "?a=+")]),
    ask("/19 /20 /34", headers=header_sets("X-A", "one", "0", "", "a b", "ONE")),
    ask("/21", headers=header_sets("Cookie", "c=one", "d=one", "c=o-e; d", "c=")),
    ask("/22 /23", methods=["GET", "POST", "HEAD", "PUT"]),
    ask("/24", ["one.example", "one.", "ONE.example:8"]),
    ask("/35 /36", methods=["POST"], bodies=[b"four", b"three"],
        headers=header_sets("Content-Type", "text/html", "TEXT/x", "a")))

FILES = [
    "-f {files}$uri", "!-f {files}$uri", "-d {files}$uri", "!-d {files}$uri", "-e {files}$uri", "!-e {files}$uri",
    "-x {files}$uri", "!-x {files}$uri",
]

FILE_TESTS = case("conditions-files", "".join(
    server(f"""
    if ({condition}) {{ set $found "server"; }}
    location / {{ add_header X-Location c{number} always;
        if ({condition}) {{ add_header X-Location c{number}-yes always; return 200 "$found|yes $uri"; }}
        return 200 "$found|no $uri"; }}
    """, f"f{number}.example", marker=f"f{number}") for number, condition in enumerate(FILES)),
    ask("""/ /a /a/ /a/x.txt /a/x.txt/ /a/b /a/b/deep.html /page.html /run.sh /sp%20ace.txt /sp+ace.txt
           /plus+sign /percent%2541 /percentA /link /dangling /empty /empty/ /none /none/x /x.php /PAGE.html
           /a/../page.html //page.html /page.html?x=y""", [f"f{number}.example" for number in range(8)]))

# Which settings an answer has when several conditions hold, and which directives went on.
SEVERAL = case("conditions-several", server(r"""
    location /headers/ {
        add_header X-Location headers always;
        if ($arg_a) { add_header X-Location headers-a always; }
        if ($arg_b) { add_header X-Location headers-b always; }
        if ($arg_c) { add_header X-Location headers-c always; return 403; }
        proxy_pass http://127.0.0.1:{a};
    }
    location /passes/ {
        add_header X-Location passes always;
        if ($arg_a) { proxy_pass http://127.0.0.1:{b}; }
        if ($arg_b) { proxy_pass http://127.0.0.1:{c}; add_header X-Location passes-b always; }
        proxy_pass http://127.0.0.1:{a};
    }
    location /only-conditional/ {
        add_header X-Location only-conditional always;
        if ($arg_a) { proxy_pass http://127.0.0.1:{a}; }
        if ($arg_b) { add_header X-Location only-conditional-b always; }
    }
    location /uri/ {
        add_header X-Location uri always;
        proxy_pass http://127.0.0.1:{a}/new/;
        if ($arg_a) { add_header X-Location uri-a always; }
        if ($arg_b) { proxy_pass http://127.0.0.1:{b}; }
        if ($arg_c) { set $x 1; }
    }
    location /set/ {
        add_header X-Location set always;
        set $v start;
        if ($arg_a) { set $v "$v,a"; }
        if ($arg_b) { set $v "$v,b"; break; }
        if ($arg_c) { set $v "$v,c"; }
        set $v "$v,end";
        proxy_set_header X-V $v;
        proxy_pass http://127.0.0.1:{a};
    }
    location /rewrite/ {
        add_header X-Location rewrite always;
        if ($arg_a) { rewrite ^/rewrite/(.*)$ /other/$1 last; }
        if ($arg_b) { rewrite ^/rewrite/(.*)$ /other/$1 break; }
        if ($arg_c) { rewrite ^/rewrite/(.*)$ /other/$1; }
        if ($arg_d) { rewrite ^/rewrite/(.*)$ /other/$1 redirect; }
        proxy_pass http://127.0.0.1:{a};
    }
    location /other/ { add_header X-Location other always; return 200 "other $uri|$args"; }
    location /break/ {
        add_header X-Location break always;
        if ($arg_a) { add_header X-Location break-a always; break; }
        if ($arg_b) { add_header X-Location break-b always; set $w b; }
        add_header X-W "$w" always;
        proxy_pass http://127.0.0.1:{a};
    }
    location /captures/ {
        add_header X-Location captures always;
        if ($arg_a ~ (.)(.)) { set $kept "$1$2"; }
        if ($arg_b ~ (.)) { set $kept "$kept+$1"; }
        return 200 "$kept|$1|$2";
    }
    location ~ ^/regex/(\w+)/(\w+) {
        add_header X-Location regex always;
        if ($arg_a ~ ^(.)) { add_header X-Location regex-a always; }
        if ($arg_b = x) { set $b "$1-$2"; }
        if ($arg_c !~ ^c(.*)) { set $c "$1~$2"; }
        return 200 "$1|$2|$b|$c";
    }
    location /both-return/ {
        add_header X-Location both-return always;
        if ($arg_a) { return 200 "a"; }
        if ($arg_b) { return 301 /b; }
        if ($arg_c) { return 404; }
    }
    location /error/ {
        add_header X-Location error always;
        error_page 404 /other/error;
        if ($arg_a) { add_header X-Location error-a always; }
        if ($arg_b) { error_page 404 /other/error-b; }
        if ($arg_c) { return 404; }
        return 404;
    }
    location /header-set/ {
        add_header X-Location header-set always;
        proxy_set_header X-Outer yes;
        if ($arg_a) { add_header X-Location header-set-a always; }
        proxy_pass http://127.0.0.1:{a};
    }
    location /nothing/ {
        add_header X-Location nothing always;
        if ($arg_a) { }
        proxy_pass http://127.0.0.1:{a}/n/;
    }
    location /outer/ {
        add_header X-Location outer always;
        if ($arg_a) { add_header X-Location outer-a always; return 200 "outer $uri"; }
        location /outer/inner/ {
            add_header X-Location inner always;
            if ($arg_b) { add_header X-Location inner-b always; }
            proxy_pass http://127.0.0.1:{a};
        }
        location ~ \.x$ { if ($arg_b) { return 200 "x"; } return 200 "not"; }
    }
    location /variables/ {
        add_header X-Location variables always;
        set $port {a};
        if ($arg_a) { set $port {b}; }
        if ($arg_b) { add_header X-Location variables-b always; }
        proxy_pass http://127.0.0.1:$port/v$uri;
    }
    location /variables-in/ {
        add_header X-Location variables-in always;
        set $port {a};
        if ($arg_a) { proxy_pass http://127.0.0.1:$port; }
        if ($arg_b) { proxy_pass http://127.0.0.1:$port$request_uri; }
        proxy_pass http://127.0.0.1:{c}/in/;
    }
"""), ask([f"/{location}/{rest}?{arguments}"
           for location in ("headers", "passes", "only-conditional", "uri", "set", "rewrite", "break", "captures",
                            "regex/one", "both-return", "error", "header-set", "nothing", "outer", "outer/inner",
                            "variables", "variables-in")
           for rest in ("p", "q.x")
           for arguments in ("", "a=1", "b=1", "c=1", "d=1", "a=1&b=1", "a=0&b=1", "b=1&c=1", "a=1&b=1&c=1", "a=xyz",
                             "a=xyz&b=x", "b=x&c=cc")]),
    ask("/passes/?a=1 /set/?b=1 /uri/x?b=1 /error/?a=1&b=1", methods=["POST", "HEAD"], bodies=[b"body"]))

# The famous ones: what a matching if forgets of the location around it.
EVIL = case("conditions-evil", server(r"""
    location /only-one/ {
        add_header X-Location only-one always;
        set $true 1;
        if ($true) { add_header X-First 1 always; }
        if ($true) { add_header X-Second 2 always; }
        return 204;
    }
    location /proxy-uri/ {
        add_header X-Location proxy-uri always;
        set $true 1;
        if ($true) { }
        proxy_pass http://127.0.0.1:{a}/;
    }
    location /try/ {
        add_header X-Location try always;
        root {files};
        try_files /none @fallback;
        set $true 1;
        if ($arg_a) { }
        proxy_pass http://127.0.0.1:{a};
    }
    location @fallback { add_header X-Location fallback always; return 200 "fallback $uri"; }
    location /access/ {
        add_header X-Location access always;
        deny all;
        if ($arg_a) { add_header X-Location access-a always; }
        if ($arg_b) { return 200 "b"; }
        if ($arg_c) { proxy_pass http://127.0.0.1:{b}; }
        proxy_pass http://127.0.0.1:{a};
    }
    location /except/ {
        add_header X-Location except always;
        limit_except GET { deny all; }
        if ($arg_a) { add_header X-Location except-a always; }
        if ($arg_b) { return 200 "b"; }
        proxy_pass http://127.0.0.1:{a};
    }
    location /internal/ {
        add_header X-Location internal always;
        internal;
        if ($arg_a) { add_header X-Location internal-a always; return 200 "a"; }
        return 200 "internal $uri";
    }
    location /to-internal/ { add_header X-Location to-internal always; rewrite ^/to-internal/(.*)$ /internal/$1 last; }
    location /intercept/ {
        add_header X-Location intercept always;
        proxy_intercept_errors on;
        error_page 404 503 @fallback;
        if ($arg_a) { add_header X-Location intercept-a always; }
        proxy_pass http://127.0.0.1:{a};
    }
    location /inherit/ {
        add_header X-Location inherit always;
        add_header X-More "more $uri" always;
        proxy_set_header X-Kept kept;
        default_type text/x-inherited;
        if ($arg_a) { set $y 1; }
        if ($arg_b) { return 200 "text"; }
        if ($arg_c) { add_header X-Location inherit-c always; return 200 "text"; }
        proxy_pass http://127.0.0.1:{a};
    }
    location /alias/ { add_header X-Location alias always; root {files};
        if (-f $request_filename) { return 200 "is a file $uri"; } return 200 "is none"; }
    location /root-test { root {files}; add_header X-Location root-test always;
        if (-e $document_root/page.html) { return 200 "there"; } return 404; }
"""), ask([f"/{location}/{rest}?{arguments}"
           for location in ("only-one", "proxy-uri", "try", "access", "except", "internal", "to-internal", "inherit")
           for rest in ("", "x") for arguments in ("", "a=1", "b=1", "c=1", "a=1&b=1", "a=1&c=1")]),
    ask([f"/intercept/{rest}?{arguments}" for rest in ("x", "answer-404", "answer-503", "answer-500")
         for arguments in ("", "a=1")]),
    ask("/except/x /except/x?a=1 /except/x?b=1", methods=["POST", "HEAD", "DELETE"]))

LEVELS = case("conditions-server-level", "".join([
    server(r"""
    set $route none;
    if ($http_x_route ~* ^(blue|green)$) { set $route $1; }
    if ($arg_route) { set $route "arg-$arg_route"; }
    if ($host !~* ^(?<label>[a-z]+)\.example) { return 421 "not $host|$label"; }
    if ($request_method ~ ^(PUT|DELETE)$) { return 405; }
    if ($uri !~* ^/(in|MOVED|target|old)) { set $route "elsewhere $route"; }
    if ($request_uri ~ ^/moved/(.*)) { rewrite ^ /target/$1? redirect; }
    if ($uri ~ ^/in/(.*)$) { rewrite ^/in/(.*)$ /target/$1; }
    if ($route = arg-stop) { break; }
    if ($uri = /target/exact) { rewrite ^ /exact last; }
    if ($cookie_old) { rewrite ^/(.*)$ /old/$1 break; }
    if (!-e {files}$uri) { set $missing missing; }
    set $end "$missing end";
    location / { add_header X-Location root always; return 200 "$uri|$route|$label|$end|$1"; }
    location /target/ { add_header X-Location target always; return 200 "target $uri|$args|$route|$end"; }
    location /exact { add_header X-Location exact always; proxy_set_header X-Route $route; proxy_pass http://127.0.0.1:{a}; }
    location /old/ { add_header X-Location old always; proxy_pass http://127.0.0.1:{b}; }
    """, "~."),
]), ask("/ /page.html /moved/x?y=z /moved/ /in/exact /in/other /target/exact /old/x /a/x.txt /in/exact?route=stop "
        "/?route=stop /in/a%20b /moved/a%20b",
        ["one.example", "x1.example", "bare"], headers=header_sets("X-Route", "blue", "GREEN", "red")
        + header_sets("Cookie", "old=1", "old=0")),
    ask("/ /in/exact", methods=["PUT", "DELETE", "POST", "HEAD"]))

CASES = (OPERATORS, FILE_TESTS, SEVERAL, EVIL, LEVELS)
