#!/usr/bin/env python3
"""Writes the inside of an http block with N virtual hosts, the same for the same N and seed.

Each host has two names, five proxy_set_header and four locations, one of which is a regular
expression; ten hosts share an upstream group of three peers. Names, paths and expressions are
chosen by the seed from lists such as a hoster's sites would fill; no two hosts share a name."""

import argparse
import random
import sys

HOSTS_PER_GROUP = 10

WORDS = ("alpine amber aspen atlas birch cedar cobalt coral delta ember falcon fjord garnet harbor "
         "indigo ivory jasper juniper lagoon larch lotus maple meadow meridian nova onyx opal "
         "orchid pepper pine polar quartz raven river saffron sequoia sierra summit tundra willow"
         ).split()
DOMAINS = ["example.com", "example.net", "example.org", "shop.example", "hosting.test"]
PREFIXES = ["/assets/", "/static/", "/media/", "/uploads/", "/files/", "/images/"]
PAGES = ["/healthz", "/robots.txt", "/favicon.ico", "/login", "/status"]
ENDINGS = ["php", "php[345]?", "cgi", "(jpg|jpeg|png|gif)", "(css|js|map)", "(woff2?|ttf|eot)",
           "(zip|gz|tar)", "jsp"]
TIERS = ["gold", "silver", "bronze"]

GROUP = """\
upstream {group} {{
    server {network}.11:8080;
    server {network}.12:8080;
    server {network}.13:8080;
}}
"""

HOST = """\
server {{
    listen {address};
    server_name {name} www.{name};
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Service-Tier {tier};
    location / {{ proxy_pass http://{group}; }}
    location = {page} {{ return 204; }}
    location ^~ {prefix} {{ proxy_pass http://{group}; }}
    location ~ \\.{ending}$ {{ proxy_pass http://{group}; }}
}}
"""


def write_hosts(out, count, seed, address):
    choice = random.Random(seed).choice
    for number in range(count):
        group_number, place = divmod(number, HOSTS_PER_GROUP)
        group = f"pool-{group_number}"
        if place == 0:
            network = f"10.{group_number >> 8 & 255}.{group_number & 255}"
            out.write(GROUP.format(group=group, network=network))
        name = f"{choice(WORDS)}-{choice(WORDS)}-{number}.{choice(DOMAINS)}"
        out.write(HOST.format(address=address, name=name, group=group, tier=choice(TIERS),
                              page=choice(PAGES), prefix=choice(PREFIXES),
                              ending=choice(ENDINGS)))


def write_prefixes(out, count, seed, address):
    """One host with `count` prefix locations, two levels deep."""
    choice = random.Random(seed).choice
    out.write(f"server {{\n    listen {address};\n    server_name prefixes.example.com;\n")
    for number in range(count):
        path = f"/{choice(WORDS)}/{choice(WORDS)}-{number}/"
        out.write(f"    location {path} {{ return 204; }}\n")
    out.write("}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("count", type=int, metavar="N", help="number of virtual hosts")
    parser.add_argument("--prefixes", action="store_true",
                        help="one host with N prefix locations instead")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--address", default="127.0.0.1:8080", help="where the hosts listen")
    arguments = parser.parse_args()
    write = write_prefixes if arguments.prefixes else write_hosts
    write(sys.stdout, arguments.count, arguments.seed, arguments.address)


if __name__ == "__main__":
    main()
