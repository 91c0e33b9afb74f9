"""map and split_clients: how keys match, what values may hold, when they are computed."""

from differential.case import ask, case, header_sets, server

KEYS = case("maps-keys", r"""
map $arg_k $plain { a one; b "two words"; C upper; "" empty; 0 zero; "x y" space; a.b dotted; *.star literal-star; }
map $arg_k $with_default { default fallback; a one; ~^b b-regex; }
map $arg_k $order { ~^a first; ~^ab second; abc exact; ~c$ third; default none; }
map $arg_k $case { ~^A sensitive; ~*^a insensitive; ~*^b(.)$ "b and $1"; }
map $arg_k $escaped { \default is-default; \~tilde is-tilde; \hostnames is-hostnames; \include is-include; \volatile is-volatile;
    default other; }
map $arg_k $regexes { "~^(?<word>[a-z]+)-(?<num>\d+)$" "$num of $word"; "~^(.)(.)$" "$2$1"; "~^\d{3}$" digits; "~ " has-space; ~= equals; }
map $arg_k $empty_value { a ""; b ''; default d; }
map $arg_k $unicode { ä umlaut; ~^%C3 percent; default no; }
map "$arg_k" $quoted { a in-quotes; default d; }
map "$arg_k-$arg_l" $joined { a-b both; ~^a-(.*)$ "a with $1"; ~^-(.+) "only $1"; - none; default "neither $arg_k"; }
map $arg_k:$host $colon { a:one.example match; ~:(.*)$ "host $1"; }
""" + server(r"""
    location / { add_header X-Location root always;
        return 200 "$plain|$with_default|$order|$case|$escaped|$regexes|$empty_value|$unicode|$quoted|$joined|$colon"; }
"""), ask([f"/?{arguments}" for arguments in
           ("", "k=a", "k=A", "k=b", "k=B", "k=c", "k=C", "k=0", "k=x%20y", "k=x+y", "k=a.b", "k=*.star", "k=x.star",
            "k=ab", "k=abc", "k=ABC", "k=bx", "k=Bx", "k=bxy", "k=default", "k=~tilde", "k=hostnames", "k=include",
            "k=volatile", "k=word-12", "k=Word-12", "k=xy", "k=123", "k=1234", "k=%C3%A4", "k=a=b", "k=a&l=b",
            "k=a&l=c", "l=b", "k=b&l=b", "k=&l=")], ["one.example", "two.example"]))

HOSTNAMES = case("maps-hostnames", r"""
map $host $by_host {
    hostnames;
    default none;
    exact.example exact;
    *.example any-example;
    *.deep.example deep;
    .both.test both;
    www.* any-www;
    www.exact.* www-exact;
    ~^(?<left>\w+)\.regex\.test$ "regex $left";
    ~\.test$ some-test;
    plain.test plain;
}
map $arg_h $by_argument { hostnames; *.example any; .both.test both; www.* any-www; UPPER.test upper; "~^x" regex; "" empty; }
map $host $not_hostnames { *.example literal; .both.test literal; exact.example exact; }
""" + server('location / { add_header X-Location root always; return 200 "$by_host|$by_argument|$not_hostnames|$left"; }',
             "~."),
    ask("/", ["exact.example", "EXACT.example", "exact.example.", "a.example", "example", "x.deep.example",
              "deep.example", "both.test", "a.both.test", "a.b.both.test", "www.x", "www.exact.x", "www.exact.example",
              "www.example", "a.regex.test", "b-c.regex.test", "z.test", "plain.test", "none", "www"]),
    ask([f"/?h={value}" for value in
         ("a.example", "A.EXAMPLE", "a.example.", "example", "both.test", "x.both.test", "x.both.test.", "www.q",
          "www.", "upper.test", "UPPER.TEST", "xyz", "", ".", "..", ".example", "*.example", "www.*", "a..example")]))

VALUES = case("maps-values", r"""
map $arg_k $variable { a $host; b $arg_v; c "$host:$arg_v"; d $unused_elsewhere; e $uri; default "$request_method $arg_k"; }
map $variable $of_map { one.example from-host; "" empty; "~^GET (.*)$" "default of $1"; default "other $variable"; }
map $of_map $third { ~^from from; ~^default "$of_map!"; default $variable; }
map $set_variable $of_set { "" unset; one first; two second; default "set to $set_variable"; }
map $set_variable $of_set_volatile { volatile; "" unset; one first; two second; default "set to $set_variable"; }
map $uri $of_uri { ~^/t/(?<part>[^/]+) $part; /cached at-start; /changed changed; default other; }
map $uri $of_uri_volatile { volatile; /cached at-start; /changed changed; default other; }
map $args $of_args { "" none; x=1 one; x=2 two; default other; }
map $args $of_args_volatile { volatile; "" none; x=1 one; x=2 two; default other; }
map $request_uri $unused_elsewhere { ~^/(.)(.)(.) "$3$2$1"; }
map $remote_addr $of_address { 127.0.0.1 first; ~^127\.0\.0\.(\d)$ "last $1"; default other; }
map $http_x_a $of_header { "" missing; default $http_x_a; one 1; }
map $cookie_c $of_cookie { ~*^(yes|true)$ 1; default 0; }
map $request_method $is_write { POST 1; PUT 1; DELETE 1; default ""; }
map $of_cookie$is_write $both { 11 both; ~^1 cookie; ~1$ write; default neither; }
map $http_upgrade $connection_upgrade { default upgrade; "" close; }
""" + server(r"""
    location / { add_header X-Location root always; return 200 "$variable|$of_map|$third|$unused_elsewhere"; }
    location /set/ { add_header X-Location set always;
        set $before "$of_set/$of_set_volatile"; set $set_variable one; set $middle "$of_set/$of_set_volatile";
        set $set_variable two; return 200 "$before|$middle|$of_set/$of_set_volatile"; }
    location /set-first/ { add_header X-Location set-first always;
        set $set_variable one; return 200 "$of_set/$of_set_volatile"; }
    location /cached { add_header X-Location cached always;
        set $before "$of_uri/$of_uri_volatile"; rewrite ^ /changed; return 200 "$before|$of_uri/$of_uri_volatile|$uri"; }
    location /fresh { add_header X-Location fresh always; rewrite ^ /changed; return 200 "$of_uri/$of_uri_volatile"; }
    location /t/ { add_header X-Location t always; return 200 "$of_uri|$part"; }
    location /part-first/ { add_header X-Location part-first always; return 200 "$part|$of_uri"; }
    location /args { add_header X-Location args always;
        set $was "$of_args/$of_args_volatile"; set $args x=2; return 200 "$was|$of_args/$of_args_volatile"; }
    location /if { add_header X-Location if always;
        if ($of_cookie) { add_header X-Location if-cookie always; }
        if ($is_write) { add_header X-Location if-write always; return 200 "write $both"; }
        return 200 "$of_cookie|$both|$of_header|$of_address|$connection_upgrade"; }
    location /to-error { add_header X-Location to-error always; set $was $of_uri_volatile; error_page 404 /changed/x; return 404; }
    location /changed { add_header X-Location changed always; return 200 "$was|$of_uri|$of_uri_volatile|$uri"; }
    location /capture/ { add_header X-Location capture always;
        rewrite ^/capture/(.*)$ /x/$1; set $kept $1; set $after "$of_address-$1"; return 200 "$kept|$after|$1"; }
    location ~ ^/regex/(.+)$ { add_header X-Location regex always; set $x $1; set $y $of_address; return 200 "$x|$y|$1"; }
"""), ask([f"/x{path}?{arguments}" for path in ("", "yz", "one.example")
           for arguments in ("", "k=a", "k=b", "k=b&v=one.example", "k=c&v=v", "k=d", "k=e", "k=zz")]),
    ask("/set/ /set-first/ /cached /fresh /t/abc /t/ /t/abc/d /part-first/x /to-error /changed /capture/abc /regex/q"),
    ask("/args /args?x=1 /args?x=2 /args?y", methods=["GET", "POST"]),
    ask("/if", methods=["GET", "POST", "PUT"], headers=header_sets("Cookie", "c=yes", "c=TRUE", "c=no")),
    ask("/if /regex/q /capture/r", headers=header_sets("X-A", "one", "other") + header_sets("Upgrade", "websocket"),
        sources=["127.0.0.1", "127.0.0.3", "127.0.0.44"]))

# Values in the places that decide: backends, headers, redirects, rewrites, statuses.
USES = case("maps-uses", r"""
upstream group_a { server 127.0.0.1:{a}; }
upstream group_b { server 127.0.0.1:{b}; }
map $arg_to $backend { default group_a; b group_b; c 127.0.0.1:{c}; dead 127.0.0.1:{dead}; }
map $uri $new { default ""; /old /new; /old-args /new?x=1; ~^/moved/(?<rest>.*)$ /there/$rest; /url https://u.example/; }
map $http_x_a $header { default ""; one "header one"; ~(\d+) "number $1"; }
map $uri $prefix { ~^/p/(\w+)/(.*)$ /$2/$1; default /none; }
map $arg_to $limited { b 1; default 0; }
map $sent_http_content_type $sent { ~backend from-backend; ~plain plain; "" no-type; default other; }
map $status $by_status { 200 fine; ~^4 client; ~^5 server; default else; }
map $upstream_http_x_from $from { a first; b second; "" nobody; default $upstream_http_x_from; }
""" + server(r"""
    add_header X-Header "$header" always;
    if ($new ~ ^https) { return 302 $new; }
    location / { add_header X-Location root always; add_header X-Sent "$sent,$by_status,$from" always;
        proxy_pass http://$backend; }
    location /old { add_header X-Location old always; if ($new) { return 301 $new; } return 200 "stay"; }
    location /moved/ { add_header X-Location moved always; if ($new) { rewrite ^ $new redirect; } return 404; }
    location /moved/last/ { add_header X-Location moved-last always; rewrite ^ $new last; }
    location /there/ { add_header X-Location there always; return 200 "$uri|$args|$rest|$new"; }
    location /p/ { add_header X-Location p always; proxy_set_header X-Header $header; proxy_set_header X-Prefix "$prefix";
        proxy_set_header Host $arg_to.$host; proxy_pass http://$backend$prefix; }
    location /q/ { add_header X-Location q always; add_header X-Header "q $header" always;
        proxy_set_header X-Header $header; proxy_pass http://127.0.0.1:{a}; }
    location /limited { add_header X-Location limited always; if ($limited) { return 429; } return 200 "free"; }
    location /status/ { add_header X-Location status always; add_header X-Status "$by_status $sent" always;
        return 404 "text"; }
    location /echo { add_header X-Location echo always; return 200 "$header"; }
"""), ask("/x /x?to=b /x?to=c /x?to=dead /x?to=zz /old /old-args /old/x /moved/a /moved/a/b?c=d /moved/a%20b /moved/ "
          "/moved/last/x /url /url?x /p/a/b /p/a/b?to=b /p/a /p/a%20b/c /p/x/y%20z?to=c /limited /limited?to=b /status/ /q/x "
          "/echo /answer-404 /answer-503?to=b", headers=header_sets("X-A", "one", "12ab", "none")),
    ask("/x?to=b /p/a/b /moved/a /limited?to=b", methods=["POST", "HEAD"], bodies=[b"xyz"]))

INCLUDES = case("maps-includes", r"""
map $host $included { hostnames; include {files}/names.map; default none; before.example before; }
map $arg_k $more { a first; include {files}/more.map; }
map $arg_k $both { include {files}/more.map; b second; ~^l(.*)$ "regex $1"; }
""" + server('location / { add_header X-Location root always; return 200 "$included|$more|$both|$inc"; }', "~."),
    ask("/ /?k=a /?k=b /?k=late /?k=lazy /?k=LATE", ["included.example", "INCLUDED.example", "inc-x.y", "a.inc.example",
                                                 "inc.example", "before.example", "other"]))

SPLIT = case("maps-split-clients", r"""
split_clients "$arg_id" $half { 50% first; * second; }
split_clients "${arg_id}salt" $thirds { 33.33% one; 33.33% two; * three; }
split_clients $remote_addr$arg_id $exact { 10% ten; 20% twenty; 30% thirty; 40% forty; }
split_clients $arg_id $tiny { 0.5% rare; 0.01% rarer; * common; }
split_clients $arg_id $empty_rest { 50% half; }
split_clients "$host$uri" $by_uri { 25% "a value"; 25% ""; * .rest; }
map $half $mapped { first 1; default 0; }
map $half$thirds $combined { firstone f1; ~^second(.*)$ "s $1"; default rest; }
""" + server(r"""
    location / { add_header X-Location root always; return 200 "$half|$thirds|$exact|$tiny|$empty_rest|$by_uri|$combined"; }
    location /if/ { add_header X-Location if always; if ($mapped) { return 302 /first; }
        if ($half = second) { add_header X-Location if-second always; } proxy_set_header X-Half $half; proxy_pass http://127.0.0.1:{a}; }
"""), ask([f"/?id={number}" for number in range(60)] + [f"/if/?id={number}" for number in range(12)]
          + ["/", "/?id=", "/a", "/b", "/c", "/d", "/e?id=long" + "x" * 300, "/?id=%00", "/?id=caf%C3%A9"]),
    ask([f"/?id={number}" for number in range(5)], ["one.example", "other.example"], sources=["127.0.0.1", "127.0.0.2", "127.0.0.3"]))

CASES = (KEYS, HOSTNAMES, VALUES, USES, INCLUDES, SPLIT)
