"""rewrite, set, return and break, in servers and locations."""

from differential.case import ask, case, header_sets, server

FLAGS = case("rewrites-flags", server(r"""
    location /target/ { add_header X-Location target always; return 200 "$uri|$args|$1|$request_uri"; }
    location /second/ { add_header X-Location second always; return 200 "second $uri|$args"; }
    location /last/ { add_header X-Location last always;
        rewrite ^/last/(.*)$ /target/$1 last; return 200 "no match $uri"; }
    location /last-else/ { add_header X-Location last-else always;
        rewrite ^/last-else/(\d+)$ /target/$1 last; return 200 "no match $uri|$1"; }
    location /break/ { add_header X-Location break always;
        rewrite ^/break/(.*)$ /target/$1 break; return 200 "not reached after break"; }
    location /break-else/ { add_header X-Location break-else always;
        rewrite ^/break-else/(\d+)$ /target/$1 break; return 200 "reached $uri|$1"; }
    location /break-proxy/ { add_header X-Location break-proxy always;
        rewrite ^/break-proxy/(.*)$ /target/$1 break; proxy_pass http://127.0.0.1:{a}; }
    location /break-uri/ { add_header X-Location break-uri always;
        rewrite ^/break-uri/(x.*)$ /target/$1 break; proxy_pass http://127.0.0.1:{a}/new/; }
    location /break-variable/ { add_header X-Location break-variable always; set $port {a};
        rewrite ^/break-variable/(.*)$ /target/$1 break; proxy_pass http://127.0.0.1:$port; }
    location /break-variable-uri/ { add_header X-Location break-variable-uri always; set $port {a};
        rewrite ^/break-variable-uri/(.*)$ /target/$1 break; proxy_pass http://127.0.0.1:$port/fixed$uri; }
    location /none/ { add_header X-Location none always;
        rewrite ^/none/(.*)$ /target/$1; rewrite ^/target/s(.*)$ /second/s$1; }
    location /none-return/ { add_header X-Location none-return always;
        rewrite ^/none-return/(.*)$ /target/$1; return 200 "returned $uri|$1"; }
    location /none-break/ { add_header X-Location none-break always;
        rewrite ^/none-break/(.*)$ /target/$1; break; rewrite ^ /second/ last; }
    location /none-break-proxy/ { add_header X-Location none-break-proxy always;
        rewrite ^/none-break-proxy/(.*)$ /target/$1; break; proxy_pass http://127.0.0.1:{a}; }
    location /none-proxy/ { add_header X-Location none-proxy always;
        rewrite ^/none-proxy/(y.*)$ /target/$1; proxy_pass http://127.0.0.1:{a}; }
    location /break-alone/ { add_header X-Location break-alone always;
        break; rewrite ^ /target/ last; return 200 "not reached"; proxy_pass http://127.0.0.1:{a}; }
    location /redirect/ { add_header X-Location redirect always;
        rewrite ^/redirect/(.*)$ /target/$1 redirect; }
    location /permanent/ { add_header X-Location permanent always;
        rewrite ^/permanent/(.*)$ /target/$1 permanent; return 200 "not reached"; }
    location /chain/ { add_header X-Location chain always;
        rewrite ^/chain/(\w)(.*)$ /step/$2$1;
        rewrite ^/step/(\w)(.*)$ /step2/$2$1;
        rewrite ^/step2/(\w)(.*)$ /target/$2/$1 last; return 200 "short $uri"; }
    location /first-wins/ { add_header X-Location first-wins always;
        rewrite a /target/a last; rewrite b /target/b break; rewrite c /second/c redirect; return 403; }
    location /relative/ { add_header X-Location relative always; rewrite ^ target/relative last; }
    location /relative-break/ { add_header X-Location relative-break always;
        rewrite ^ target/relative break; proxy_pass http://127.0.0.1:{a}; }
    location /relative-redirect/ { add_header X-Location relative-redirect always;
        rewrite ^ target/relative redirect; }
    location /zero/ { add_header X-Location zero always; rewrite ^/zero/(.*)$ $1 last; }
    location /only-arguments/ { add_header X-Location only-arguments always; rewrite ^ ?x=1 last; }
    location /same/ { add_header X-Location same always;
        rewrite ^(/same/.*)$ $1 break; proxy_pass http://127.0.0.1:{a}; }
    location /dots/ { add_header X-Location dots always; rewrite ^/dots/(.*)$ /x/../target//$1 last; }
    location / { add_header X-Location root always; return 200 "root $uri|$args"; }
"""), ask([f"/{location}/{rest}" for location in
           ("last", "last-else", "break", "break-else", "break-proxy", "break-uri", "break-variable",
            "break-variable-uri", "none", "none-return", "none-break", "none-break-proxy", "none-proxy",
            "break-alone", "redirect", "permanent", "chain", "first-wins", "relative", "relative-break",
            "relative-redirect", "zero", "only-arguments", "same", "dots")
           for rest in ("", "x", "1", "12?a=b&c", "s?", "yes/no", "abc/de?q=/target/", "c", "b?b=1")]),
    ask("/last/x /break-proxy/x /none/s /redirect/x?y", methods=["POST", "HEAD", "PUT"],
        bodies=[None, b"a body"]))

ARGUMENTS = case("rewrites-arguments", server(r"""
    location /target { add_header X-Location target always;
        return 200 "$uri|$args|$is_args|$arg_a|$arg_x|$query_string"; }
    location /append/ { add_header X-Location append always; rewrite ^/append/(.*)$ /target?x=$1 last; }
    location /drop/ { add_header X-Location drop always; rewrite ^/drop/(.*)$ /target/$1? last; }
    location /drop-own/ { add_header X-Location drop-own always; rewrite ^/drop-own/(.*)$ /target?x=$1? last; }
    location /keep/ { add_header X-Location keep always; rewrite ^/keep/(.*)$ /target/$1 last; }
    location /args/ { add_header X-Location args always; rewrite ^ /target?$args last; }
    location /args-drop/ { add_header X-Location args-drop always; rewrite ^ /target?y=1&$args? last; }
    location /two/ { add_header X-Location two always; rewrite ^/two/(.*)$ /target?x=$1?z last; }
    location /amp/ { add_header X-Location amp always; rewrite ^/amp/(.*)$ /target?x=$1& last; }
    location /captured-mark/ { add_header X-Location captured-mark always;
        rewrite ^/captured-mark/(.*)$ /target/$1 last; }
    location /append-break/ { add_header X-Location append-break always;
        rewrite ^/append-break/(.*)$ /target?x=$1 break; proxy_pass http://127.0.0.1:{a}; }
    location /append-break-uri/ { add_header X-Location append-break-uri always;
        rewrite ^/append-break-uri/(.*)$ /target?x=$1 break; proxy_pass http://127.0.0.1:{a}/new; }
    location /drop-break/ { add_header X-Location drop-break always;
        rewrite ^/drop-break/(.*)$ /target/$1? break; proxy_pass http://127.0.0.1:{a}; }
    location /redirect/ { add_header X-Location redirect always;
        rewrite ^/redirect/(.*)$ /target/$1 redirect; }
    location /redirect-append/ { add_header X-Location redirect-append always;
        rewrite ^/redirect-append/(.*)$ /target?x=$1 redirect; }
    location /redirect-drop/ { add_header X-Location redirect-drop always;
        rewrite ^/redirect-drop/(.*)$ /target/$1? permanent; }
    location /redirect-own/ { add_header X-Location redirect-own always;
        rewrite ^/redirect-own/(.*)$ /target?x=$1&$args? permanent; }
    location /several/ { add_header X-Location several always;
        rewrite ^/several/(.*)$ /again/$1?one=1; rewrite ^/again/(.*)$ /target/$1?two=2 last; }
    location /set-args/ { add_header X-Location set-args always;
        set $args "a=set&b=$arg_b"; return 200 "$args|$arg_a|$arg_b|$is_args|$query_string|$request_uri"; }
    location /set-args-proxy/ { add_header X-Location set-args-proxy always;
        set $args "n=1&$args"; proxy_pass http://127.0.0.1:{a}; }
    location /set-args-proxy-uri/ { add_header X-Location set-args-proxy-uri always;
        set $args "n=1&$args"; proxy_pass http://127.0.0.1:{a}/u/; }
    location /set-args-empty/ { add_header X-Location set-args-empty always;
        set $args ""; proxy_pass http://127.0.0.1:{a}/u/; }
    location /set-args-rewrite/ { add_header X-Location set-args-rewrite always;
        set $args "n=$arg_a"; rewrite ^/set-args-rewrite/(.*)$ /target/$1 last; }
    location /rewrite-set-args/ { add_header X-Location rewrite-set-args always;
        rewrite ^/rewrite-set-args/(.*)$ /target/x?m=$1; set $args "$args&late=1"; }
    location /arg-in-path/ { add_header X-Location arg-in-path always; rewrite ^ /target/$arg_a last; }
    location /arg-in-redirect/ { add_header X-Location arg-in-redirect always;
        rewrite ^ /target/$arg_a? redirect; }
    location /uri-in-args/ { add_header X-Location uri-in-args always; rewrite ^ /target?u=$uri last; }
    location /request-uri/ { add_header X-Location request-uri always; rewrite ^ /target$request_uri? last; }
    location /return-args/ { add_header X-Location return-args always; return 302 /target?x=1&$args; }
    location /return-is-args/ { add_header X-Location return-is-args always;
        return 302 /target$is_args$args; }
"""), ask([f"/{location}/{rest}" for location in
           ("append", "drop", "drop-own", "keep", "args", "args-drop", "two", "amp", "captured-mark",
            "append-break", "append-break-uri", "drop-break", "redirect", "redirect-append",
            "redirect-drop", "redirect-own", "several", "set-args", "set-args-proxy",
            "set-args-proxy-uri", "set-args-empty", "set-args-rewrite", "rewrite-set-args",
            "arg-in-path", "arg-in-redirect", "uri-in-args", "request-uri", "return-args",
            "return-is-args")
           for rest in ("", "v", "v?", "v?a=1", "v?a=1&b=2&x=3", "v?a=/b%20c?d")]))

# A capture is of the decoded path; nginx escapes it again in arguments and in redirects.
ESCAPES = case("rewrites-escapes", server(r"""
    location /target { add_header X-Location target always;
        return 200 "$uri|$args|$arg_x|$request_uri"; }
    location /path/ { add_header X-Location path always; rewrite ^/path/(.*)$ /target/$1 last; }
    location /args/ { add_header X-Location args always; rewrite ^/args/(.*)$ /target?x=$1 last; }
    location /both/ { add_header X-Location both always; rewrite ^/both/(.)(.*)$ /target/$1?x=$2 last; }
    location /proxy/ { add_header X-Location proxy always;
        rewrite ^/proxy/(.*)$ /target/$1 break; proxy_pass http://127.0.0.1:{a}; }
    location /proxy-args/ { add_header X-Location proxy-args always;
        rewrite ^/proxy-args/(.*)$ /target?x=$1 break; proxy_pass http://127.0.0.1:{a}; }
    location /proxy-uri/ { add_header X-Location proxy-uri always;
        rewrite ^/proxy-uri/(.*)$ /target/$1 break; proxy_pass http://127.0.0.1:{a}/new/; }
    location /redirect/ { add_header X-Location redirect always;
        rewrite ^/redirect/(.*)$ /target/$1 redirect; }
    location /redirect-args/ { add_header X-Location redirect-args always;
        rewrite ^/redirect-args/(.*)$ /target?x=$1 redirect; }
    location /redirect-url/ { add_header X-Location redirect-url always;
        rewrite ^/redirect-url/(.*)$ http://other.example/$1 redirect; }
    location /redirect-literal/ { add_header X-Location redirect-literal always;
        rewrite ^/redirect-literal/(.*)$ /a%20b%3Fc%41/$1 redirect; }
    location /redirect-uri/ { add_header X-Location redirect-uri always; rewrite ^ /to$uri redirect; }
    location /redirect-set/ { add_header X-Location redirect-set always;
        set $rest $uri; rewrite ^ /to$rest permanent; }
    location /return/ { add_header X-Location return always; return 302 /to$uri; }
    location ~ ^/return-capture/(.*)$ { add_header X-Location return-capture always; return 302 /to/$1?x=$1; }
    location /last-then-proxy/ { add_header X-Location last-then-proxy always;
        rewrite ^/last-then-proxy/(.*)$ /backend/$1 last; }
    location /last-then-uri/ { add_header X-Location last-then-uri always;
        rewrite ^/last-then-uri/(.*)$ /backend-uri/$1 last; }
    location /backend/ { add_header X-Location backend always; proxy_pass http://127.0.0.1:{a}; }
    location /backend-uri/ { add_header X-Location backend-uri always; proxy_pass http://127.0.0.1:{a}/new/; }
    location /literal/ { add_header X-Location literal always;
        rewrite ^/literal/ "/backend/a b%20c?d e" last; }
    location /named/ { add_header X-Location named always;
        rewrite ^/named/(?<first>[^/]*)/(?<other>.*)$ /target/$other?x=$first&$1$2 last; }
    location /set/ { add_header X-Location set always;
        set $copy $uri; if ($uri ~ ^/set/(.*)$) { set $copy "$1|$copy"; } return 200 "$copy"; }
"""), ask([f"/{location}/{rest}" for location in
           ("path", "args", "both", "proxy", "proxy-args", "proxy-uri", "redirect", "redirect-args",
            "redirect-url", "redirect-literal", "redirect-uri", "redirect-set", "return",
            "return-capture", "last-then-proxy", "last-then-uri", "literal", "named/f", "set")
           for rest in ("plain", "a%20b", "a+b", "a%2Bb", "a%3Fb=c", "a%3Fb?c=d", "a%26b%3Dc", "a%23b",
                        "a%25b", "a%2520b", "a%2Fb", "a%C3%A4b", "a&b=c", "a;b", "a%22b'c", "a%5Cb|",
                        "a%3Ab:c@d")]))

SERVER_LEVEL = case("rewrites-server-level", "".join([
    server(r"""
    set $stage server;
    rewrite ^/last/(.*)$ /target/$1 last;
    rewrite ^/break/(.*)$ /target/$1 break;
    rewrite ^/none/(.*)$ /step/$1;
    rewrite ^/step/(.*)$ /target/step/$1;
    rewrite ^/redirect/(.*)$ /target/$1 redirect;
    rewrite ^/permanent/(.*)$ https://secure.example/$1 permanent;
    if ($uri ~ ^/if/(?<inside>.*)$) { set $stage "if $inside"; rewrite ^ /target/if last; }
    if ($arg_stop) { break; }
    if ($arg_gone) { return 410 "gone $uri"; }
    rewrite ^/late/(.*)$ /target/late/$1;
    set $stage "$stage+";
    location /target/ { add_header X-Location target always; return 200 "$uri|$args|$stage|$1|$inside"; }
    location /target/step/ { add_header X-Location target-step always;
        rewrite ^/target/step/again/(.*)$ /last/$1 last; return 200 "$uri|$stage"; }
    location /late/ { add_header X-Location late always; return 200 "late $uri|$stage"; }
    location / { add_header X-Location root always; proxy_pass http://127.0.0.1:{a}; }
    location /up/ { add_header X-Location up always; proxy_pass http://127.0.0.1:{a}/new/; }
    """, marker="one"),
    server(r"""
    return 301 https://$host$request_uri;
    location / { add_header X-Location unseen always; return 200 "unseen"; }
    """, "redirected.example", marker="redirected"),
    server(r"""
    if ($request_method = POST) { return 405; }
    if ($host = www.two.example) { rewrite ^/(.*)$ http://two.example/$1 permanent; }
    if ($http_x_a) { set $seen $http_x_a; }
    rewrite ^/(\w+)/old/(.*)$ /$1/new/$2;
    rewrite ^/a/new/(.*)$ /b/new/$1;
    break;
    rewrite ^ /never last;
    location ~ ^/(a|b)/new/ { add_header X-Location new always; return 200 "$uri|$1|$seen"; }
    location /c/ { add_header X-Location c always; rewrite ^/c/(.*)$ /a/old/$1 last; }
    location /never { add_header X-Location never always; return 200 "never"; }
    location / { add_header X-Location two-root always; return 200 "$uri|$seen"; }
    """, "two.example www.two.example", marker="two"),
]), ask("""
    /last/x /last/ /break/x /break/x?y /none/x /step/x /redirect/x?y=z /permanent/a%20b?c /if/abc /if/
    /late/x /late/x?stop=1 /late/x?stop=0 /x?gone=1 /late/y?gone=1 /late/y?gone=1&stop=1 /target/x
    /target/step/x /target/step/again/q /up/x /up/x?y /break/up/x /other?a=b /a/old/x /b/old/y /c/old/z
    /c/x /z /none/again/q /last/a%20b /none/a%20b
    """, ["one.example", "redirected.example", "two.example", "www.two.example"]),
    ask("/a/old/x /last/x /none/x", ["two.example", "one.example"], ["POST", "GET"],
        header_sets("X-A", "yes"), bodies=[b"", b"12345"]))

CYCLES = case("rewrites-cycles", server(r"""
    location /self { add_header X-Location self always; rewrite ^ /self last; }
    location /ping { add_header X-Location ping always; rewrite ^ /pong last; }
    location /pong { add_header X-Location pong always; rewrite ^ /ping last; }
    location /count/ { add_header X-Location count always;
        rewrite ^/count/x(.*)$ /count/$1 last; return 200 "$uri"; }
    location /count-none/ { add_header X-Location count-none always;
        rewrite ^/count-none/x(.*)$ /count-none/$1; set $passes "$passes."; if ($uri = /count-none/) {
        return 200 "$passes"; } }
    location /inner/ { add_header X-Location inner always;
        rewrite ^/inner/x(.*)$ /inner/$1; rewrite ^/inner/x(.*)$ /inner/$1; rewrite ^/inner/x(.*)$ /inner/$1;
        return 200 "$uri"; }
    location /grow/ { add_header X-Location grow always; rewrite ^/grow/(.*)$ /grow/x$1 last; }
    location /error/ { add_header X-Location error always; error_page 404 /error/x; return 404; }
    location /error-count/ { add_header X-Location error-count always;
        recursive_error_pages on; error_page 404 /error-count/x; return 404; }
    location /error-mixed/ { add_header X-Location error-mixed always; error_page 404 = @count;
        rewrite ^/error-mixed/x(.*)$ /error-mixed/$1 last; return 404; }
    location @count { add_header X-Location named-count always; rewrite ^/error-mixed/(.*)$ /count/$1 last; }
    location /handled { add_header X-Location handled always; error_page 500 /after; rewrite ^ /handled last; }
    location /after { add_header X-Location after always; return 200 "after"; }
    location /until { add_header X-Location until always;
        if ($n = 111111111) { return 200 "nine"; } set $n "1$n"; rewrite ^ /until last; }
"""), ask("/self /ping /pong /grow/ /error/ /error/y /error-count/ /error-count/y /handled /until /after"),
    ask([f"/{location}/{'x' * count}" for location in ("count", "count-none", "inner", "error-mixed")
         for count in (0, 1, 5, 8, 9, 10, 11, 12, 13)]),
    ask("/self /count/xx", methods=["HEAD", "POST"]))

URLS = case("rewrites-urls", server(r"""
    location /http/ { add_header X-Location http always; rewrite ^/http/(.*)$ http://h.example/$1; }
    location /https/ { add_header X-Location https always; rewrite ^/https/(.*)$ https://h.example/$1 last; }
    location /break/ { add_header X-Location break always; rewrite ^/break/(.*)$ http://h.example/$1 break; }
    location /permanent/ { add_header X-Location permanent always;
        rewrite ^/permanent/(.*)$ http://h.example/$1 permanent; }
    location /scheme/ { add_header X-Location scheme always;
        rewrite ^/scheme/(.*)$ $scheme://$host/scheme2/$1 redirect; }
    location /scheme-last/ { add_header X-Location scheme-last always;
        rewrite ^/scheme-last/(.*)$ $scheme://$host/x last; }
    location /drop/ { add_header X-Location drop always; rewrite ^/drop/(.*)$ http://h.example/$1? permanent; }
    location /args/ { add_header X-Location args always; rewrite ^ http://h.example/?u=$uri permanent; }
    location /set/ { add_header X-Location set always; set $to http://set.example; rewrite ^/set/(.*)$ $to/$1; }
    location /set-redirect/ { add_header X-Location set-redirect always;
        set $to http://set.example; rewrite ^/set-redirect/(.*)$ $to/$1 redirect; }
    location /upper/ { add_header X-Location upper always; rewrite ^ HTTP://h.example/ redirect; }
    location /ftp/ { add_header X-Location ftp always; rewrite ^ ftp://h.example/ redirect; }
    location /return-url { add_header X-Location return-url always; return http://r.example$request_uri; }
    location /return-https { add_header X-Location return-https always; return https://r.example; }
    location /return-scheme { add_header X-Location return-scheme always; return $scheme://r.example/$arg_a; }
    location /return-303 { add_header X-Location return-303 always; return 303 $arg_a; }
    location /return-307 { add_header X-Location return-307 always; return 307 /a$uri; }
    location /return-308 { add_header X-Location return-308 always; return 308 http://x.example/$host; }
    location /return-text { add_header X-Location return-text always; return 200 http://r.example; }
    location /return-404 { add_header X-Location return-404 always; return 404 "text of 404 $uri"; }
    location /return-500 { add_header X-Location return-500 always; return 500; }
    location /return-204 { add_header X-Location return-204 always; return 204; }
    location /return-444 { add_header X-Location return-444 always; return 444; }
    location /return-299 { add_header X-Location return-299 always; return 299 "$request_method"; }
    location /return-empty { add_header X-Location return-empty always; return 403 ""; }
    location /return-first { add_header X-Location return-first always; return 200 "1"; return 201 "2"; }
    location /return-break { add_header X-Location return-break always;
        break; return 200 "x"; proxy_pass http://127.0.0.1:{a}; }
"""), ask("""
    /http/x /http/x?a=b /https/ /https/x?y /break/x /permanent/x?y /permanent/a%20b /scheme/x?y
    /scheme-last/x?y /drop/x?y /drop/?z /drop/a%20b?c=d /args/ /args/a%20b?c /set/x?y /set-redirect/x?y /upper/?x /ftp/x
    /return-url?a=b /return-https /return-https?a /return-scheme?a=b /return-303?a=/b /return-303
    /return-303?a=b /return-307 /return-308 /return-text /return-404 /return-500 /return-204
    /return-444 /return-299 /return-empty /return-first /return-break
    """, ["one.example", "one.example:99"]),
    ask("/return-text /return-404 /return-500 /return-204 /return-299 /return-303?a=/b /http/x",
        methods=["HEAD", "POST", "OPTIONS", "DELETE"], bodies=[None, b"something"]))

SET = case("rewrites-set", server(r"""
    set $a server-a;
    set $b "$a/b";
    set $empty "";
    location /s/ {
        add_header X-Location s always;
        set $c "$a|$b";
        set $a location-a;
        return 200 "$a|$b|$c|$empty|$never";
        location /s/nested/ { add_header X-Location nested always; return 200 "$a|$b|$c"; }
        location /s/nested-set/ { add_header X-Location nested-set always; set $c mine; return 200 "$a|$c"; }
    }
    location /self/ { add_header X-Location self always; set $a "$a$a"; set $a "<$a>"; return 200 "$a"; }
    location /capture/ { add_header X-Location capture always;
        rewrite ^/capture/(.)(.*)$ /kept/$2; set $first $1; set $second "$2!"; }
    location /kept/ { add_header X-Location kept always; return 200 "$first|$second|$1|$2"; }
    location /args { add_header X-Location args always; set $copy $args; set $args x=1; return 200 "$copy|$args"; }
    location /header { add_header X-Location header always; set $h "$http_x_a,$http_x_missing";
        add_header X-Set "$h" always; proxy_set_header X-Passed "$h"; proxy_pass http://127.0.0.1:{a}; }
    location /uri-later { add_header X-Location uri-later always;
        set $before $uri; rewrite ^ /changed; set $after $uri; return 200 "$before|$after|$uri|$request_uri"; }
    location /other { add_header X-Location other always; set $never now; return 200 "$never"; }
    location /last { add_header X-Location last always; set $never kept; rewrite ^ /s/ last; }
    location /redirected { add_header X-Location redirected always; set $a gone; error_page 404 /s/; return 404; }
    location /named { add_header X-Location named always; set $a "to-named"; error_page 404 = @named; return 404; }
    location @named { add_header X-Location at-named always; return 200 "$a|$b|$uri"; }
    location /upstream { add_header X-Location upstream always;
        set $port {a}; if ($arg_b) { set $port {b}; } proxy_pass http://127.0.0.1:$port; }
    location /host { add_header X-Location host always;
        set $host2 "$host:$server_port:$remote_addr"; return 200 "$host2"; }
"""), ask("""/s/ /s/x /s/nested/ /s/nested-set/ /self/ /capture/abc /capture/a /capture/ /kept/x /args?y=2 /args
           /header /uri-later /uri-later?x /other /last /redirected /named /upstream
           /upstream?b=1 /upstream/x?b=0""", headers=header_sets("X-A", "one")),
    ask("/host", ["one.example", "One.Example:8"], sources=["127.0.0.1", "127.0.0.9"]))

REGEXES = case("rewrites-regexes", server(r"""
    location /case/ { add_header X-Location case always;
        rewrite ^/case/ABC$ /out/upper last; rewrite (?i)^/case/abc$ /out/any last; return 404; }
    location /braces/ { add_header X-Location braces always; rewrite "^/braces/(\d{2})(\d{2,})$" /out/$2/$1 last; }
    location /optional/ { add_header X-Location optional always;
        rewrite ^/optional/(a)?(b)?(c)?$ /out/1$1-2$2-3$3 last; }
    location /nine/ { add_header X-Location nine always;
        rewrite ^/nine/(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)?$ /out/$9$8$7$6$5$4$3$2$1$10 last; }
    location /missing/ { add_header X-Location missing always; rewrite ^/missing/(.*)$ /out/$1-$2-$3 last; }
    location /named/ { add_header X-Location named always;
        rewrite ^/named/(?<x>\w)(?P<y>\w*)$ /out/$y$x/$2$1; return 200 "$uri|$x|$y"; }
    location /alternatives/ { add_header X-Location alternatives always;
        rewrite ^/alternatives/(?:(a+)|(b+)|c)$ /out/[$1][$2] last; }
    location /unanchored/ { add_header X-Location unanchored always; rewrite (e+) /out/$1 last; }
    location /dollar/ { add_header X-Location dollar always; rewrite ^/dollar/(.*)\$$ /out/$1 last; }
    location /lookahead/ { add_header X-Location lookahead always; rewrite ^/lookahead/(?!x)(.*)$ /out/$1 last; }
    location /utf/ { add_header X-Location utf always; rewrite ^/utf/(.)(.*)$ /out/$2 last; }
    location /newline/ { add_header X-Location newline always; rewrite ^/newline/(\w+)$ /out/$1 last; }
    location /out/ { add_header X-Location out always; return 200 "$uri|$args|$1|$2"; }
"""), ask("""
    /case/ABC /case/abc /case/AbC /case/x /braces/12345 /braces/12 /braces/1a /optional/abc /optional/ac
    /optional/b /optional/ /optional/x /nine/123456789 /nine/1234567890 /nine/1 /missing/x
    /named/ab /named/a /named/a-b /alternatives/aa /alternatives/b /alternatives/c /alternatives/d
    /unanchored/ee /dollar/x$ /dollar/x /lookahead/y /lookahead/x /utf/%C3%A4x /utf/ax /newline/a
    /newline/a%0A /newline/a%0Ab
    """))

CASES = (FLAGS, ARGUMENTS, ESCAPES, SERVER_LEVEL, CYCLES, URLS, SET, REGEXES)
