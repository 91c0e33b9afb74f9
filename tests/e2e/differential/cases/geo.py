"""geo: which network an address is in, whose address that is, and what may stand in the block."""

from differential.case import ask, case, header_sets, server

ADDRESSES = [
    "", "10.0.0.0", "10.0.0.1", "10.0.0.255", "10.0.1.0", "10.1.2.3", "10.1.2.4", "10.255.255.255", "11.0.0.0",
    "9.255.255.255", "192.168.0.1", "192.168.1.1", "192.168.1.128", "192.168.1.129", "192.168.1.255", "127.0.0.1",
    "0.0.0.0", "255.255.255.255", "254.255.255.255", "128.0.0.0", "127.255.255.255", "1.2.3", "1.2.3.4.5", "1.2.3.256",
    "x", "010.0.0.1", "10.0.0.1 ", "::1", "::", "2001:db8::1", "2001:db8:1::1", "2001:db8:1:2::ffff", "2001:db9::",
    "::ffff:10.0.0.1", "::ffff:192.168.1.1", "::10.0.0.1", "fe80::1", "2001:DB8::A", "10.0.0.1:80", "[::1]",
    "172.16.0.1", "172.31.255.255", "172.32.0.0", "100.64.0.1", "100.64.0.2", "100.64.0.3", "100.64.0.4",
]

NETWORKS = case("geo-networks", r"""
geo $arg_ip $nested {
    default outside;
    10.0.0.0/8 ten; 10.0.0.0/24 ten-zero; 10.0.0.1 ten-one; 10.0.0.1/32 ten-one; 10.1.2.3/32 exact; 10.1.2.0/24 near;
    192.168.0.0/16 home; 192.168.1.128/25 upper-half; 192.168.1.129/32 single;
    2001:db8::/32 documentation; 2001:db8:1::/48 part; 2001:db8:1:2::/64 "part of a part"; ::1/128 loopback6; fe80::/10 link;
    172.16.0.0/12 private;
}
geo $arg_ip $no_default { 10.0.0.0/8 ten; 255.255.255.255 nobody; }
geo $arg_ip $everything { 0.0.0.0/0 four; ::/0 six; 10.0.0.0/9 low-ten; default unused; }
geo $arg_ip $halves { 0.0.0.0/1 low; 128.0.0.0/1 high; ::/1 low6; 8000::/1 high6; }
geo $arg_ip $deleted { default d; 10.0.0.0/8 ten; 10.1.0.0/16 ten-one; delete 10.1.0.0/16; 192.168.0.0/16 home; delete 192.168.0.0/16; }
geo $arg_ip $included { default d; 10.0.0.0/8 ten; include {files}/addresses.geo; 127.0.0.0/8 local; }
geo $arg_ip $values { default ""; 10.0.0.0/8 "two words"; 192.168.0.0/16 'single $quoted'; 127.0.0.1 0; 172.16.0.0/12 ""; }
geo $arg_ip $slash { default no; 100.64.0.0/31 pair; 100.64.0.2/31 second-pair; 100.64.0.3/32 single; 100.64.0.4/30 four; }
geo $arg_ip $host_bits { default no; 10.1.2.3/8 masked; }
geo $arg_ip $again { default no; 10.0.0.0/8 first; 10.0.0.0/8 second; }
""" + server('''location / { add_header X-Location root always;
    return 200 "$nested|$no_default|$everything|$halves|$deleted|$included|$values|$slash|$host_bits|$again"; }
    location /if { add_header X-Location if always; if ($no_default) { return 403; } if ($values) { return 302 /v; } return 200 "in"; }'''),
    ask([f"/?ip={address}".replace(" ", "%20") for address in ADDRESSES] + ["/", "/?", "/?IP=10.0.0.1"]),
    ask([f"/if?ip={address}" for address in ("10.0.0.1", "x", "127.0.0.1", "192.168.0.1", "172.16.0.1", "::1")]))

RANGES = case("geo-ranges", r"""
geo $arg_ip $ranges {
    ranges;
    default outside;
    10.0.0.0-10.255.255.255 ten; 10.0.0.0-10.0.0.255 ten-zero; 10.0.0.1-10.0.0.1 one; 192.168.0.0-192.168.1.128 low;
    192.168.1.129-192.168.1.255 high; 172.16.0.0-172.31.255.255 private; 127.0.0.1-127.0.0.1 local;
}
geo $arg_ip $no_default { ranges; 10.0.0.0-10.0.1.0 ten; 254.255.255.255-255.255.255.254 nobody; }
geo $arg_ip $everything { ranges; default unused; 0.0.0.0-255.255.255.254 all; 10.0.0.0-11.0.0.0 ten; }
geo $arg_ip $deleted { ranges; default d; 10.0.0.0-10.255.255.255 ten; delete 10.0.0.0-10.255.255.255; 192.168.0.0-192.168.255.255 home; }
geo $arg_ip $included { ranges; default d; include {files}/ranges.geo; 127.0.0.0-127.0.0.4 local; }
geo $arg_ip $overlap { ranges; default d; 10.0.0.0-10.0.0.255 a; 10.0.0.1-10.0.0.1 b; 10.0.1.0-10.1.2.3 c; 0.0.0.0-9.255.255.255 low; }
geo $arg_ip $across { ranges; 10.0.0.200-10.1.2.3 across; 9.255.255.255-10.0.0.0 edge; default none; }
geo $ranges_of_client { ranges; default other; 127.0.0.1-127.0.0.3 few; 127.0.0.4-127.0.0.200 many; }
""" + server('''location / { add_header X-Location root always;
    return 200 "$ranges|$no_default|$everything|$deleted|$included|$overlap|$across|$ranges_of_client"; }''',
              listen="{host}:{port}; listen [::1]:{port6}"),
    ask([f"/?ip={address}".replace(" ", "%20") for address in ADDRESSES] + ["/"]),
    ask("/", sources=["127.0.0.1", "127.0.0.3", "127.0.0.4", "127.0.0.201", "::1"]))

CLIENTS = case("geo-clients", r"""
geo $client {
    default elsewhere;
    127.0.0.0/8 local; 127.0.0.2 two; 127.0.0.4/31 four-five; 127.1.0.0/16 one; ::1 six; 127.0.0.6 "";
}
geo $remote_addr $same { default elsewhere; 127.0.0.0/8 local; 127.0.0.2 two; ::1 six; }
geo $http_x_real_ip $claimed { default none; 10.0.0.0/8 ten; 127.0.0.0/8 local; 2001:db8::/32 doc; }
geo $forwarded {
    default elsewhere;
    proxy 127.0.0.0/30;
    10.0.0.0/8 ten; 127.0.0.0/8 local; 192.168.0.0/16 home; 2001:db8::/32 doc; ::1 six;
}
geo $recursive {
    default elsewhere;
    proxy 127.0.0.0/30; proxy 192.168.0.0/16; proxy ::1; proxy_recursive;
    10.0.0.0/8 ten; 127.0.0.0/8 local; 192.168.0.0/16 home; 2001:db8::/32 doc; ::1 six;
}
geo $all_proxies { default elsewhere; proxy 0.0.0.0/0; proxy ::/0; proxy_recursive; 10.0.0.0/8 ten; 192.168.0.0/16 home; 127.0.0.0/8 local; }
geo $ranges_forwarded { ranges; default elsewhere; proxy 127.0.0.1; 10.0.0.0-10.255.255.255 ten; 127.0.0.0-127.0.0.255 local; }
map $client $by_client { two second; default "client $client"; }
map "$client:$claimed" $joined { two:ten both; ~^local: "local and $claimed"; default neither; }
""" + server(r"""
    if ($client = two) { set $who "is two"; }
    location / { add_header X-Location root always;
        return 200 "$client|$same|$claimed|$forwarded|$recursive|$all_proxies|$ranges_forwarded|$by_client|$joined|$who"; }
    location /if { add_header X-Location if always; if ($client = elsewhere) { return 403; } if ($client) { return 301 /known; }
        return 404; }
    location /proxy/ { add_header X-Location proxy always; proxy_set_header X-Client "$client $claimed"; proxy_pass http://127.0.0.1:{a}/$client/; }
    location /rewrite/ { add_header X-Location rewrite always; rewrite ^/rewrite/(.*)$ /to/$client/$1 last; }
    location /to/ { add_header X-Location to always; return 200 "$uri"; }
""", listen="{host}:{port}; listen [::1]:{port6}"),
    ask("/ /if /proxy/x /rewrite/y", sources=["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6",
                                             "127.0.0.255", "127.1.0.1", "127.2.0.0", "::1"]),
    ask("/", headers=header_sets("X-Real-IP", "10.0.0.1", "2001:db8::2", "x", "127.0.0.2", "10.0.0.1, 10.0.0.2")),
    ask("/", sources=["127.0.0.1", "127.0.0.2", "127.0.0.9", "::1"],
        headers=header_sets("X-Forwarded-For", "10.0.0.1", "192.168.0.1", "10.0.0.1, 192.168.0.1", "10.0.0.1,192.168.0.1",
                            "192.168.0.1, 10.0.0.1", "192.168.0.2, 192.168.0.1", "127.0.0.9, 127.0.0.1", "x", "10.0.0.1, x",
                            "x, 10.0.0.1", "", ", ,", "2001:db8::1", "10.0.0.1, 2001:db8::1, 192.168.3.4", "10.0.0.1:8080",
                            "[2001:db8::1]", "10.0.0.1 , 127.0.0.1 ", "10.0.0.1 192.168.0.1")))

CASES = (NETWORKS, RANGES, CLIENTS)
