#!/usr/bin/python3
"""Holds docs/table-format.md against the tables that rpc makes, by a reader that knows only the
document (reader.py): it reads the table of every site, and its answers are compared with what
`rpc dump` says of the same table.

The programs come from the build folder that RPC_BUILD names (build)."""

import ipaddress
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import document
import overview
import reader
import sites

BUILD = (sites.REPOSITORY / os.environ.get("RPC_BUILD", "build")).resolve()
RPC = BUILD / "rpc"
DIRECTIVES = ["grammar/directives.def", "src/table/layout.def", "src/table/ops.def",
              "grammar/variables.def"]
# Of some sites there is one name, of others there are thousands; a few hundred say enough.
MOST_PROBES = 4000


class Failed(Exception):
    """What is different."""


def expect(actual, expected, what):
    if actual != expected:
        raise Failed(f"{what}: the reader says {actual!r}, rpc dump {expected!r}")


def rpc(*arguments, **options):
    return subprocess.run([RPC, *arguments], check=True, capture_output=True, timeout=120,
                          **options).stdout


def compile_everything(path):
    if not sites.EVERYTHING.compile(RPC, path):
        raise Failed(f"{sites.EVERYTHING.name} does not compile")


# --- The document ---

def check_document_is_current():
    """Its generated part is what the script makes of the declarations now."""
    made = subprocess.run(["awk", "-f", "scripts/table-format-docs.awk", *DIRECTIVES, document.DOCUMENT],
                          cwd=sites.REPOSITORY, check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout
    if made != document.DOCUMENT.read_text(encoding="utf-8"):
        raise Failed("docs/table-format.md is stale; scripts/table-format-docs.awk says how to write "
                     "it anew")


def layout_text(described):
    """The text that the document says the layout hash is over."""
    lines = []
    for section in described.sections[:-1]:  # all but the strings
        lines.append(f"record {section.name}")
        lines += [f"{field.name} {field.kind} {field.of or 'none'}" for field in section.fields]
    declarations = (sites.REPOSITORY / "grammar/directives.def").read_text()
    families = {"HTTP": "settings", "SERVER": "server_settings", "PROCESS": "process",
                "UPSTREAM": "upstream"}
    lines += [f"{families[family]} {name} {storage} {words}" for family, name, storage, words
              in re.findall(r"^(HTTP|SERVER|PROCESS|UPSTREAM)_DIRECTIVE\((\w+),[^,]*,[^,]*,[^,]*,"
                            r"\s*(\w+),"
                            r'\s*"([^"]*)"', declarations, re.MULTILINE)]
    lines += [f"op {operation.name} {operation.program} {operation.a} {operation.b}"
              for operation in described.operations]
    lines += [f"variable {name[1:]}" for name in described.variables]
    return "".join(line + "\n" for line in lines).encode()


def check_layout_hash(path):
    compile_everything(path)
    table = reader.Table(path.read_bytes())
    expected = reader.xxhash.xxh3_64_intdigest(layout_text(table.format))
    if table.layout != expected:
        raise Failed(f"the layout hash is {table.layout:x}, and {expected:x} as the document says")


# --- Records ---

def shown_string(data):
    shown = "".join(f"\\{chr(byte)}" if byte in b'"\\' else chr(byte) if 0x20 <= byte < 0x7F
                    else f"\\x{byte:02x}" for byte in data[:4096])
    return f'"{shown}{"..." if len(data) > 4096 else ""}"'


def shown_place(table, place):
    if place is None:
        return "nowhere"
    source, line = place
    return shown_string(table.record("source", source).name)[1:-1] + f":{line}"


def shown_value(table, field, value):
    """As rpc dump shows it; None for what it describes in words of its own."""
    if field.kind == "U32":
        return str(value)
    if field.kind == "FLAG":
        return "yes" if value else "no"
    if field.kind == "ENUM" and field.of == "variable_id":
        return value[1:]
    if field.kind == "ENUM":
        return value if field.of == "op_code" else value.lower().replace("_", "-")
    if field.kind == "STRING":
        return shown_string(value)
    if field.kind == "PLACE":
        return shown_place(table, value)
    return None


def check_record(table, section, record, line):
    """Field by field; where it cannot be told what a value looks like the next field is sought."""
    rest = line
    for field in section.fields:
        begin = rest.find(f"{field.name} ")
        if begin < 0:
            raise Failed(f"{section.name} {record.number}: rpc dump shows no {field.name}: {line}")
        rest = rest[begin + len(field.name) + 1:]
        value = getattr(record, field.name)
        shown = shown_value(table, field, value)
        if section.name == "geo_ipv4" and field.name == "first":
            shown = str(ipaddress.ip_address(value))
        if shown is not None and not rest.startswith(shown):
            raise Failed(f"{section.name} {record.number}: {field.name} is {shown} to the reader, "
                         f"and to rpc dump {rest[:60]}")
        rest = rest[len(shown or ""):]


def check_records(table, dump):
    """All sections with as many records, and what those hold."""
    parts = dump.split("\nsection ")[1:]
    expect([section.name for section in table.format.sections],
           [part.split(":")[0] for part in parts], "sections")
    for section, part in zip(table.format.sections, parts):
        title, *lines = part.splitlines()
        count = int(title.rsplit(" ", 2)[1])
        expect(table.count(section.name), count, f"records of {section.name}")
        # Settings are shown as in the configuration, one a line.
        if section.name not in ("process", "settings", "server_settings", "upstream", "strings"):
            records = [line for line in lines if line.strip()]
            expect(len(records), count, f"lines of {section.name}")
            for record, line in zip(table.records(section.name), records):
                check_record(table, section, record, line.partition(": ")[2])


# --- The site ---

def locations_of(table, number):
    """The locations of a set, as the overview lists them: by name in the tree, then regexes."""
    location_set = table.record("location_set", number)
    found = []
    for node in table.range("node", location_set.nodes):
        found += [table.record("location", index) for index in (node.exact, node.prefix)
                  if index is not None]
    return found + [table.record("location", regex.location)
                    for regex in table.range("location_regex", location_set.regexes)]


def check_locations(table, locations, expected):
    expect([(location.kind, location.name, location.settings, shown_place(table, location.place),
             location.proxy is not None) for location in locations],
           [(location.kind, location.name, location.settings, location.place, location.proxy)
            for location in expected], "locations")
    for location, shown in zip(locations, expected):
        nested = [] if location.nested is None else locations_of(table, location.nested)
        check_locations(table, nested, shown.nested)


def check_site(table, shown):
    """Servers with their locations, upstream groups with their peers."""
    expect([(server.name, server.settings, shown_place(table, server.place))
            for server in table.records("server")],
           [(server.name, server.settings, server.place) for server in shown.servers], "servers")
    for server, expected in zip(table.records("server"), shown.servers):
        named = [table.record("location", named.location)
                 for named in table.range("named_location", server.named)]
        check_locations(table, locations_of(table, server.locations) + named, expected.locations)
    expect([(group.name, group.implicit, shown_place(table, group.place),
             [(peer.name, peer.weight, peer.down) for peer in table.range("peer", group.peers)])
            for group in table.records("upstream")],
           [(group.name, group.is_implicit, group.place, group.peers)
            for group in shown.upstreams], "upstream groups")


# --- Looking up ---

def sample(items, random_source):
    items = sorted(set(items))
    return items if len(items) <= MOST_PROBES else random_source.sample(items, MOST_PROBES)


def hosts(endpoint):
    """Names that the endpoint has, and neighbours of them."""
    found = [b"", b"x", b"unknown.example", b"x12.example.net", b"joe.users.example.net"]
    for is_regex, name, _ in endpoint.names:
        if not is_regex:
            core = name.strip(b"*")
            found += [core, b"a" + core, b"a.b" + core, core + b"z", core + b"y.z", b"q." + core,
                      core + b".q", b"a" + core + b"org", core.strip(b".")]
    return found


def paths(locations):
    """The same of locations, nested ones included."""
    found = [b"/", b"/x", b"/index.php", b"/admin/index.php", b"/a.GIF", b"/api/v1/things/42"]
    for location in locations:
        if not location.kind.startswith("REGEX") and location.kind != "NAMED":
            name = location.name
            found += [name, name + b"x", name[:-1], name + b"/", name + b"x.php", name + b"a.png",
                      name + b"admin/index.php", name + b"abc/12", name[1:], name + b".ico"]
        found += paths(location.nested)
    return found


def check_names(table, shown, random_source):
    expect([(listener.name, shown_place(table, listener.place), listener.endpoints[1])
            for listener in table.records("listener")],
           [(name.encode(), place, len(endpoints)) for name, place, endpoints in shown.listeners],
           "listeners")
    asked = 0
    for listener, (_, _, endpoints) in zip(table.records("listener"), shown.listeners):
        for endpoint, expected in zip(table.range("endpoint", listener.endpoints), endpoints):
            expect(endpoint.is_wildcard, expected.address == "any", "whether any address is meant")
            expect(table.endpoint(listener, endpoint.address).number, endpoint.number, "endpoint")
            for host in sample(hosts(expected), random_source):
                expect(table.server(endpoint, host), overview.find_server(expected, host),
                       f"the server for {host!r} at {listener.name.decode()}")
                asked += 1
    return asked


def check_paths(table, shown, random_source):
    asked = 0
    for number, server in enumerate(shown.servers):
        for path in sample(paths(server.locations), random_source):
            try:
                outcome, location = table.location(number, path)
            except re.error:
                continue  # an expression that PCRE2 knows, and Python does not
            expected_outcome, expected = overview.find_location(server.locations, path)
            expect((outcome, location and shown_place(table, location.place)),
                   (expected_outcome, expected and expected.place),
                   f"the location for {path!r} in server {number}")
            asked += 1
    return asked


# --- Values of slots ---

# Of everything.conf: variable, text of its subject, and what nginx makes of it.
VALUES = [
    ("connection_upgrade", b"", b"close"), ("connection_upgrade", b"websocket", b"upgrade"),
    ("app", b"example.com", b"main"), ("app", b"EXAMPLE.com.", b"main"),
    ("app", b"example.org", b"both"), ("app", b"x.y.example.org", b"both"),
    ("app", b"x.example.com", b"branch"), ("app", b"a.example.com", b"branch"),
    ("app", b"x.A.example.com", b"twig"), ("app", b"mail.example.com", b"branch"),
    ("app", b"mail.example.net", b"mail"), ("app", b"joe.net", b"$user/$1"),
    ("app", b"anything", b"any"), ("app", b"unknown", b"www"), ("app", b"", b"www"),
    ("again", b"x", b"$app"),
    ("country", b"10.0.0.0", b"ten"), ("country", b"10.1.2.2", b"inner"),
    ("country", b"10.1.2.3", b"one"), ("country", b"10.1.2.4", b"inner"),
    ("country", b"10.2.0.0", b"ten"), ("country", b"11.0.0.0", b"none"),
    ("country", b"9.255.255.255", b"none"), ("country", b"unix:", b"nobody"),
    ("country", b"2001:db8:ffff::", b"documents"), ("country", b"2001:db9::", b"none"),
    ("country", b"::1", b"self"), ("country", b"::", b"none"), ("country", b"::ffff:10.1.0.1", b"inner"),
    ("office", b"10.1.0.4", b"near"), ("office", b"10.1.0.5", b"here"),
    ("office", b"10.1.0.8", b"near"), ("office", b"10.2.0.10", b"elsewhere"),
    ("office", b"::1", b"elsewhere"), ("office", b"", b"elsewhere"),
    ("variant", b"", b"new"), ("variant", b"abc", b"beta"), ("variant", b"a", b"old"),
    ("variant", b"203.0.113.7agent", b"old"), ("few", b"", b"few"), ("few", b"a", b""),
]


def template_text(table, number):
    """A template as it was written."""
    parts = []
    for op in table.range("op", table.record("program", number).ops):
        if op.code == "APPEND_TEXT":
            parts.append(table.string(op.a, op.b))
        elif op.code == "APPEND_SLOT":
            parts.append(b"$" + table.record("slot", op.a).name)
        else:
            parts.append(f"${op.a}".encode())
    return b"".join(parts)


def check_values(path):
    compile_everything(path)
    table = reader.Table(path.read_bytes())
    slots = {slot.name.decode(): slot for slot in table.records("slot")}
    for name, text, expected in VALUES:
        slot = slots[name]
        if slot.source == "MAP":
            found = template_text(table, table.mapped(slot.map, text))
        elif slot.source == "GEO":
            found = table.interval(slot.geo, text)
        else:
            found = table.part(slot.split, text)
        if found != expected:
            raise Failed(f"${name} of {text!r} is {found!r} to the reader, and should be {expected!r}")


# --- Damage and signatures ---

def is_refused(data):
    try:
        reader.Table(data)
    except reader.NoTable:
        return True
    return False


def check_refusals(path):
    """What rpc refuses of a file as such, the reader refuses."""
    compile_everything(path)
    good = path.read_bytes()
    damaged = [good[:size] for size in (0, 7, 47, 48, 500, len(good) // 2, len(good) - 8)]
    damaged += [good + b"\0", good + bytes(112), good + b"RPTSIGN\n" + bytes(104)]
    damaged += [good[:place] + bytes([good[place] ^ 1]) + good[place + 1:] for place in
                [0, 8, 12, 32, 40, 44, *range(48, 48 + 16 * 20, 4)]
                + ([24, len(good) - 20] if reader.xxhash else [])]
    for data in damaged:
        path.write_bytes(data)
        if subprocess.run([RPC, "dump", path], capture_output=True, timeout=60).returncode != 2:
            raise Failed("rpc takes a damaged table")
        if not is_refused(data):
            raise Failed("the reader takes a damaged table")


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60).stdout


def check_signature(path, folder):
    """A signed table is read like any other, and OpenSSL agrees about its signature."""
    private, public = folder / "private.pem", folder / "public.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", private)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    compile_everything(path)
    plain = path.read_bytes()
    rpc("sign", path, "--key", private)
    table = reader.Table(path.read_bytes())
    if table.data[:table.size] != plain or table.signature is None:
        raise Failed("a signed table is not the table and its signature")
    key, signature, message = table.signature
    # The last bytes of a public key in DER are the key.
    if key != openssl("pkey", "-in", private, "-pubout", "-outform", "DER")[-32:]:
        raise Failed("the signature names another key")
    (folder / "message").write_bytes(message)
    (folder / "signature").write_bytes(signature)
    openssl("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", folder / "message",
            "-sigfile", folder / "signature")


# --- All of it ---

class Count:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def run(self, what, check, *arguments):
        try:
            result = check(*arguments)
            self.passed += 1
            return result
        except (Failed, reader.NoTable, AssertionError, subprocess.CalledProcessError) as error:
            self.failed += 1
            print(f"FAILED {what}: {error}")
            return 0


def check_one(count, site, path):
    """The checks of one site; how often something was looked up."""
    dump = rpc("dump", path).decode("latin-1")
    table = count.run(f"reading {site.name}", reader.Table, path.read_bytes())
    if not table:
        return 0
    shown = overview.Overview(dump)
    count.run(f"records of {site.name}", check_records, table, dump)
    count.run(f"servers of {site.name}", check_site, table, shown)
    random_source = random.Random(1)
    return (count.run(f"names of {site.name}", check_names, table, shown, random_source)
            + count.run(f"paths of {site.name}", check_paths, table, shown, random_source))


def main():
    count = Count()
    count.run("document", check_document_is_current)
    asked = read = 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "site.rpt")
        for site in sites.all_sites():
            if site.compile(RPC, path):
                read += 1
                asked += check_one(count, site, path)
        count.run("a signed table", check_signature, path, pathlib.Path(folder))
        count.run("values of slots", check_values, path)
        if reader.xxhash:
            count.run("the layout hash", check_layout_hash, path)
        count.run("damaged tables", check_refusals, path)
    hashed = "by hash" if reader.xxhash else "without python3-xxhash"
    print(f"{read} tables read, {asked} names and paths looked up {hashed}")
    print(f"format: {count.passed} passed, {count.failed} failed")
    return 1 if count.failed or read == 0 or asked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
