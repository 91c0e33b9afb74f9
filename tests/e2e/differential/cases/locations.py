"""Which location answers, what it does with the rest of the path, and automatic slashes."""

from differential.case import ask, case, header_sets, server

KINDS = case("locations-kinds", server(r"""
    location / { add_header X-Location root always; return 200 "$uri|$args"; }
    location = / { add_header X-Location exact-root always; return 200 ""; }
    location /a { add_header X-Location a always; return 200 "$uri"; }
    location = /a { add_header X-Location exact-a always; return 200 "$uri"; }
    location /a/ { add_header X-Location a-slash always; return 200 "$uri"; }
    location ^~ /a/b/ { add_header X-Location caret always; return 200 "$uri"; }
    location /a/b/c/ { add_header X-Location below-caret always; return 200 "$uri"; }
    location ~ \.php$ { add_header X-Location php always; return 200 "$uri"; }
    location ~* \.(PNG|jpe?g)$ { add_header X-Location image always; return 200 "$1"; }
    location ~ "^/(\d{2,3})/(?<rest>.*)$" { add_header X-Location digits always; return 200 "$1|$rest"; }
    location ~ ^/a/x { add_header X-Location a-x always; return 200 "$uri"; }
    location ^~ /static { add_header X-Location static always; return 200 "$uri"; }
    location = /static/exact.php { add_header X-Location static-exact always; return 200 "$uri"; }
    location /static/longer/x { add_header X-Location static-longer always; return 200 "$uri"; }
    location "/sp ace/" { add_header X-Location space always; return 200 "$uri|$request_uri"; }
    location /q%3F { add_header X-Location percent always; return 200 "$uri"; }
    location /UPPER/ { add_header X-Location upper always; return 200 "$uri"; }
    location ~ ^/\xc3\xa4 { add_header X-Location bytes always; return 200 "$uri"; }
    location ~ ^/ä/utf { add_header X-Location utf always; return 200 "$uri"; }
"""), ask("""
    / /? /?a /b /a /a? /A /a/ /aa /a/b /a/b/ /a/b/x.php /a/b/c/ /a/b/c/x.php /a/b/c /a/x /a/xx.php
    /a/y.php /x.php /x.PHP /x.php/ /x.png /a/x.png /a/y.PNG /x.jpeg /x.jpg?y.php /12/ /12/x /123/x.php
    /1234/x /static /static/ /statics.php /static/x.php /static/exact.php /static/exact.php/
    /static/longer/x /static/longer/x.png /static/longer /sp%20ace/ /sp%20ace/a%20b /sp+ace/ /q%3F
    /q%253F /q%253Fx /q?x /UPPER/ /upper/ /Upper/x.php /%61 /a%2F /a%2Fb%2F /a/./b/ /a/../a/b/x /a//b/
    //a/b/ /a/b/../x /x/%2e%2e/a /%C3%A4/x /%c3%a4/utf /a/b/c/%2e%2e/%2e%2e/y.php /static/../x.png
    """))

NESTED = case("locations-nested", server(r"""
    location /p/ {
        add_header X-Location p always;
        return 200 "$uri|$1";
        location /p/q/ {
            add_header X-Location p-q always;
            return 200 "$uri|$1";
            location = /p/q/exact { add_header X-Location p-q-exact always; return 200 "$uri"; }
            location ~ ^/p/q/(\w+)\.html$ { add_header X-Location p-q-html always; return 200 "$1"; }
            location ^~ /p/q/caret { add_header X-Location p-q-caret always; return 200 "$uri"; }
        }
        location ~ \.html$ { add_header X-Location p-html always; return 200 "$uri"; }
        location ~ ^/p/(r)/ {
            add_header X-Location p-r always;
            return 200 "$1";
            location ~ \.deep$ { add_header X-Location p-r-deep always; return 200 "$uri|$1"; }
            location ~ ^/p/r/(?<low>[a-z]+)\.(?<high>[A-Z]+)$ {
                add_header X-Location p-r-named always; return 200 "$low|$high|$1|$2";
            }
        }
        location ^~ /p/s/ { add_header X-Location p-s always; return 200 "$uri"; }
    }
    location ~ ^/reg/ {
        add_header X-Location reg always;
        return 200 "$uri";
        location ~ \.a$ { add_header X-Location reg-a always; return 200 "$uri"; }
        location ~* \.B$ { add_header X-Location reg-b always; return 200 "$uri"; }
    }
    location ~ \.html$ { add_header X-Location html always; return 200 "$uri"; }
    location ~ ^/p/q/only { add_header X-Location outer-only always; return 200 "$uri"; }
    location ^~ /caret/ {
        add_header X-Location caret always;
        return 200 "$uri";
        location ~ \.html$ { add_header X-Location caret-html always; return 200 "$uri"; }
        location /caret/prefix { add_header X-Location caret-prefix always; return 200 "$uri"; }
    }
    location = /exact { add_header X-Location exact always; return 200 "$uri"; }
    location /inherits {
        location /inherits/more { return 200 "$uri"; }
        location ~ x$ { return 200 "regex $uri"; }
    }
"""), ask("""
    /p /p/ /p/x /p/x.html /p/q /p/q/ /p/q/x /p/q/exact /p/q/exact/ /p/q/abc.html /p/q/a-c.html
    /p/q/caret /p/q/caret.html /p/q/only /p/q/only.html /p/r/ /p/r/x.deep /p/r/x.html /p/r/low.HIGH
    /p/r/Low.HIGH /p/s/ /p/s/x.html /p/s /reg/ /reg/x.a /reg/x.b /reg/x.B /reg/y.b /reg/x.html /p/q/exact?x /p/q/exac%74 /x.html /caret/
    /caret/x.html /caret/prefix /caret/prefix.html /caret /exact /exact.html /inherits /inherits/more
    /inherits/moreover /inherits/x /inherits/more/x /none
    """))

# A prefix with proxy_pass and a slash at its end answers its name without the slash with 301.
SLASH = case("locations-automatic-slash", server("""
    location /auto/ { add_header X-Location auto always; proxy_pass http://127.0.0.1:{a}; }
    location /auto-uri/ { add_header X-Location auto-uri always; proxy_pass http://127.0.0.1:{a}/u/; }
    location /plain/ { add_header X-Location plain always; return 200 "$uri"; }
    location = /exact/ { add_header X-Location exact always; proxy_pass http://127.0.0.1:{a}; }
    location ^~ /caret/ { add_header X-Location caret always; proxy_pass http://127.0.0.1:{a}; }
    location /both { add_header X-Location both always; return 200 "$uri"; }
    location /both/ { add_header X-Location both-slash always; proxy_pass http://127.0.0.1:{a}; }
    location = /three { add_header X-Location three-exact always; return 200 "$uri"; }
    location /three/ { add_header X-Location three always; proxy_pass http://127.0.0.1:{a}; }
    location /outer/ {
        add_header X-Location outer always;
        proxy_pass http://127.0.0.1:{a};
        location /outer/inner/ { add_header X-Location inner always; proxy_pass http://127.0.0.1:{b}/; }
        location ~ ^/outer/reg$ { add_header X-Location outer-reg always; return 200 "$uri"; }
    }
    location ~ ^/regex/$ { add_header X-Location regex always; proxy_pass http://127.0.0.1:{a}; }
    location ~ ^/auto-regex { add_header X-Location auto-regex always; return 200 "$uri"; }
    location /auto-regex/ { add_header X-Location auto-prefix always; proxy_pass http://127.0.0.1:{a}; }
    location "/with space/" { add_header X-Location space always; proxy_pass http://127.0.0.1:{a}; }
    location /variable/ { add_header X-Location variable always; set $b {b}; proxy_pass http://127.0.0.1:$b; }
    location /conditional/ {
        add_header X-Location conditional always;
        if ($arg_go) { proxy_pass http://127.0.0.1:{a}; }
    }
    location /rewrites/ {
        add_header X-Location rewrites always;
        rewrite ^/rewrites/(.*)$ /auto/$1 break;
        proxy_pass http://127.0.0.1:{a};
    }
"""), ask("""
    /auto /auto? /auto?x=y /auto/ /auto/x /aut /auto-uri /auto-uri/ /auto-uri/x?y /plain /plain/ /exact
    /exact/ /caret /caret?a&b /caret/ /both /both/ /both/x /three /three/ /outer /outer/ /outer/inner
    /outer/inner?x /outer/inner/ /outer/inner/z /outer/reg /outer/other /regex /regex/ /auto-regex
    /auto-regex/ /auto-regex/x /with%20space /with%20space?a%20b /with%20space/ /variable /variable/x
    /conditional /conditional?go=1 /conditional/ /conditional/?go=1 /rewrites /rewrites/ /rewrites/x
    """), ask("/auto /outer/inner /both", methods=["POST", "HEAD", "DELETE"], bodies=[None, b"body"]))

MERGE_TEXT = r"""
    location /a/b/ { add_header X-Location a-b always; return 200 "$uri|$request_uri"; }
    location /proxy/ { add_header X-Location proxy always; proxy_pass http://127.0.0.1:{a}; }
    location /proxy-uri/ { add_header X-Location proxy-uri always; proxy_pass http://127.0.0.1:{a}/new/; }
    location ~ ^/re(/+)x { add_header X-Location re always; return 200 "$1|$uri"; }
    location // { add_header X-Location two-slashes always; return 200 "$uri"; }
    location / { add_header X-Location root always; return 200 "$uri"; }
    location /rewrite/ { add_header X-Location rewrite always; rewrite ^/rewrite/(.*)$ /re/$1 last; }
"""

MERGE_TARGETS = """
    /a/b/ /a//b/ //a/b/ /a/b// /a/b//c /a///b/c//d /proxy/ /proxy//x /proxy/x//y /proxy/x//y?z//w
    /proxy-uri/x /proxy-uri//x /proxy-uri/x//y// /re/x /re//x /re///x // /// //x /rewrite/x
    /rewrite//x /rewrite/x//y /a%2F%2Fb/ /a%2fb/ /a/.//b/ /a/x/..//b/ /proxy/./x //proxy/x /..//a
"""

# The path is taken apart before the host is known: the setting of the default server counts.
MERGE = case("locations-merge-slashes", "".join([
    server(MERGE_TEXT, "on.example"),
    server("merge_slashes off;" + MERGE_TEXT, "off.example"),
]), ask(MERGE_TARGETS, ["on.example", "off.example"]))

UNMERGED = case("locations-merge-slashes-off", "".join([
    server("merge_slashes off;" + MERGE_TEXT, "off.example"),
    server(MERGE_TEXT, "on.example"),
]), ask(MERGE_TARGETS, ["on.example", "off.example"]))

# What counts as the location's path when the target needs decoding, and what a backend then sees.
ENCODED = case("locations-encoded", server(r"""
    location /plain/ { add_header X-Location plain always; proxy_pass http://127.0.0.1:{a}; }
    location /uri/ { add_header X-Location uri always; proxy_pass http://127.0.0.1:{a}/new/; }
    location /cut { add_header X-Location cut always; proxy_pass http://127.0.0.1:{a}/; }
    location ~ ^/regex/(.*)$ { add_header X-Location regex always; return 200 "$1|$uri|$request_uri"; }
    location ~ ^/pass/(.*)$ { add_header X-Location pass always; proxy_pass http://127.0.0.1:{a}/p/$1; }
    location /redirect/ { add_header X-Location redirect always; return 302 /to$uri?$args; }
    location /requested/ { add_header X-Location requested always; return 302 /to$request_uri; }
    location / { add_header X-Location root always; return 200 "$uri|$document_uri|$args|$query_string"; }
"""), ask([prefix + rest for prefix in ("/plain/", "/uri/", "/cut", "/regex/", "/pass/", "/redirect/",
                                        "/requested/", "/other/")
           for rest in ("a%20b", "a%2Fb", "a%2fb/../c", "a%3Fb", "a%3Fb?c=d", "a%25b", "a%2541", "a+b",
                        "a%2Bb", "a%23b", "a;b=c,d", "a%C3%A4", "%61%62?%63", "a&b=c", "a'b(c)!*~",
                        "a%7Cb%5C", "a?b?c", "a??", "a/./b/%2e/c", "a?x=/../y", "a:b@c", "%2B%20%2B")]))

# Locations see headers and variables only through their programs.
VARIABLES = case("locations-variables", server(r"""
    set $from server;
    location / {
        add_header X-Location root always;
        return 200 "$host|$http_x_a|$cookie_c|$arg_a|$arg_B|$is_args|$args|$request_method|$scheme|$from";
    }
    location /own { add_header X-Location own always; set $from location; return 200 "$from|$uri"; }
    location /unset { add_header X-Location unset always; return 200 "$own|$from|${from}s|$1"; }
    location /set { add_header X-Location set always; set $own "$arg_a-$http_x_a"; return 200 "$own"; }
    location /markers { add_header X-Location "markers-$arg_a" always; add_header X-Other "$uri" always;
        return 404; }
    location /ok { add_header X-Location ok; return 200 ""; }
    location /not-found { add_header X-Location not-found; return 404; }
    location /empty-value { add_header X-Location "$arg_none" always; return 200 "x"; }
"""), ask("/?a=1&b=2 /?A=x&a=y /?aa=1 /?a /?a=&a=2 /?b=2&a=1;c=3 /own /own?a=5 /unset?a=1 /set?a=v "
          "/markers?a=m /markers /ok /not-found /empty-value /?",
          headers=header_sets("X-A", "one", "two words") + header_sets("Cookie", "c=1; d=2", "d=2;c=3")),
    ask("/ /own /set?a=1", methods=["POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH"]))

CASES = (KINDS, NESTED, SLASH, MERGE, UNMERGED, ENCODED, VARIABLES)
