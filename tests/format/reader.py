"""A reader of tables that was written from docs/table-format.md alone: whatever it gets wrong the
document says wrong, or does not say.

It takes records as the document describes them, refuses what the document says is no table, and finds
servers, locations and the values of maps as the document says they are found."""

import bisect
import ipaddress
import re
import struct

import document

try:
    import xxhash
except ImportError:  # then there is neither a checksum nor a search by hashes
    xxhash = None

NONE = 0xFFFFFFFF


class NoTable(Exception):
    """These bytes are not a table, and why."""


class Record:
    """One record, with its fields as attributes; `number` is its place in the section."""

    def __init__(self, section, number, values):
        self.section = section
        self.number = number
        self.__dict__.update(values)


def align(number):
    return (number + 7) & ~7


class Table:
    def __init__(self, data, layout=None):
        self.format = layout or document.read()
        self.data = data
        self.check_header()
        self.sections = {}  # name to (offset, count, description)
        self.read_directory()
        self.check_records()

    def refuse_if(self, condition, reason):
        if condition:
            raise NoTable(reason)

    # --- The file ---

    def number(self, layout, field, base=0):
        offset, size = layout[field]
        return int.from_bytes(self.data[base + offset:base + offset + size], "little")

    def check_header(self):
        header = self.format.header
        self.refuse_if(len(self.data) < header["sections"][0], "too short for a header")
        self.refuse_if(self.data[:8] != b"RPTABLE\n", "another magic")
        self.refuse_if(self.number(header, "byte_order") != 0x01020304, "another byte order")
        self.refuse_if(self.number(header, "version") != 1, "another version")
        self.layout = self.number(header, "layout")
        self.size = self.number(header, "size")
        self.refuse_if(self.size % 8 != 0 or self.size > len(self.data), "a wrong size")
        self.refuse_if(self.number(header, "section_count") != len(self.format.sections),
                       "another number of sections")
        self.refuse_if(self.number(header, "reserved") != 0, "reserved is not 0")
        if xxhash:
            offset, size = header["checksum"]
            whole = self.data[:offset] + bytes(size) + self.data[offset + size:self.size]
            self.refuse_if(xxhash.xxh3_64_intdigest(whole) != self.number(header, "checksum"),
                           "a wrong checksum")
        self.read_signature()

    def read_signature(self):
        """`signature` is (public key, signature, message), or None."""
        self.signature = None
        if len(self.data) == self.size:
            return
        layout = self.format.signature
        offset, size = layout["signature"]
        is_signature = (len(self.data) == self.size + offset + size
                        and self.data[self.size:self.size + 8] == b"RPTSIGN\n"
                        and self.number(layout, "algorithm", self.size) == 1
                        and self.number(layout, "reserved", self.size) == 0)
        self.refuse_if(not is_signature, "something behind the table that is no signature")
        key = self.size + layout["key"][0]
        self.signature = (self.data[key:key + layout["key"][1]], self.data[-size:], self.data[:-size])

    def read_directory(self):
        begin, entry_size = self.format.header["sections"]
        end = begin + entry_size * len(self.format.sections)
        for section in self.format.sections:
            entry = begin + entry_size * section.number
            self.refuse_if(entry + entry_size > self.size, "too short for the directory")
            offset, count, record_size = struct.unpack_from("<QII", self.data, entry)
            self.refuse_if(record_size != section.record_size, f"other records of {section.name}")
            self.refuse_if(offset != align(end), f"{section.name} is not where it should be")
            self.refuse_if(any(self.data[end:offset]), f"bytes before {section.name} are not 0")
            end = offset + count * record_size
            self.refuse_if(end > self.size, f"{section.name} is cut off")
            self.sections[section.name] = (offset, count, section)
        self.refuse_if(align(end) != self.size or any(self.data[end:self.size]),
                       "something behind the last section")

    # --- Records ---

    def count(self, name):
        return self.sections[name][1]

    def record(self, name, number):
        offset, count, section = self.sections[name]
        assert 0 <= number < count
        base = offset + number * section.record_size
        return Record(section, number, {field.name: self.value(field, base + field.offset)
                                        for field in section.fields})

    def records(self, name):
        return [self.record(name, number) for number in range(self.count(name))]

    def range(self, of, pair):
        return [self.record(of, number) for number in range(pair[0], pair[0] + pair[1])]

    def value(self, field, place):
        """STRING is bytes, ENUM its name, PLACE None or (source, line), RANGE and OWNED (first,
        count), PAIR (first, second), OPTIONAL None or a number; the others are numbers or bytes."""
        size = self.format.kinds[field.kind].size
        data = self.data[place:place + size]
        read = getattr(self, "read_" + field.kind.lower(), None)
        if read is None:  # a kind that did not exist when this was written
            return data
        return read(field, data)

    def read_number(self, field, data):
        del field
        return int.from_bytes(data, "little")

    read_u32 = read_u64 = read_number

    def read_flag(self, field, data):
        value = self.read_number(field, data)
        self.refuse_if(value > 1, f"{field.name} is neither 0 nor 1")
        return value == 1

    def read_enum(self, field, data):
        value = self.read_number(field, data)
        names = self.format.enums[field.of]
        self.refuse_if(value >= len(names), f"{field.name} is no such value")
        return names[value]

    def string(self, offset, length):
        begin, count, _ = self.sections["strings"]
        self.refuse_if(offset + length >= count, "a string beyond the strings")
        self.refuse_if(self.data[begin + offset + length] != 0, "a string without a zero byte")
        return self.data[begin + offset:begin + offset + length]

    def read_string(self, field, data):
        del field
        return self.string(*struct.unpack("<II", data))

    def read_bytes16(self, field, data):
        del field
        return data

    def read_pair(self, field, data):
        del field
        return struct.unpack("<QQ", data)

    def read_place(self, field, data):
        source, line = struct.unpack("<II", data)
        if (source, line) == (NONE, 0):
            return None
        self.refuse_if(source >= self.count("source") or line == 0, f"{field.name} is no place")
        return source, line

    def read_index(self, field, data):
        value = self.read_number(field, data)
        self.refuse_if(value >= self.count(field.of), f"{field.name} is no {field.of}")
        return value

    def read_optional(self, field, data):
        return None if data == b"\xff\xff\xff\xff" else self.read_index(field, data)

    def read_range(self, field, data):
        first, count = struct.unpack("<II", data)
        self.refuse_if(first + count > self.count(field.of), f"{field.name} is beyond {field.of}")
        return first, count

    read_owned = read_range

    def check_records(self):
        """That every field can be read, and that what is owned has one owner."""
        for section in self.format.sections:
            self.check_layout(section)
            for record in self.records(section.name):
                self.check_padding(section, record.number)
            for field in section.fields:
                if field.kind == "OWNED":
                    self.check_owned(section, field)
        self.refuse_if(self.count("process") != 1, "not exactly one process")
        self.check_programs()

    def check_layout(self, section):
        """The document's own promise of where fields lie."""
        end, largest = 0, 1
        for field in section.fields:
            kind = self.format.kinds[field.kind]
            assert field.offset == -(-end // kind.alignment) * kind.alignment, field
            end = field.offset + kind.size
            largest = max(largest, kind.alignment)
        assert not section.fields or section.record_size == -(-end // largest) * largest, section.name

    def check_padding(self, section, number):
        base = self.sections[section.name][0] + number * section.record_size
        end = 0
        for field in section.fields:
            self.refuse_if(any(self.data[base + end:base + field.offset]), "padding that is not 0")
            end = field.offset + self.format.kinds[field.kind].size
        self.refuse_if(section.fields and any(self.data[base + end:base + section.record_size]),
                       "padding that is not 0")

    def check_owned(self, section, field):
        end = 0
        for record in self.records(section.name):
            first, count = getattr(record, field.name)
            if count > 0:
                self.refuse_if(first < end, f"{field.name} of {section.name} overlap")
                end = first + count

    def check_programs(self):
        operations = {operation.name: operation for operation in self.format.operations}
        for program in self.records("program"):
            ops = self.range("op", program.ops)
            for behind, op in zip(reversed(range(len(ops))), ops):
                operation = operations[op.code]
                self.refuse_if(operation.program != program.kind, f"{op.code} in a {program.kind}")
                self.check_operand(program, behind, operation.a, op.a)
                self.check_operand(program, behind, operation.b, op.b)
                if operation.a == "STRING":
                    self.string(op.a, op.b)

    def check_operand(self, program, behind, kind, value):
        """`behind`: how many operations follow in the program."""
        bad = {
            "UNUSED": lambda: value != 0,
            "CAPTURE": lambda: value > 9,
            "STATUS": lambda: value > 999,
            "COUNT": lambda: value > behind,
            "FILE_TEST": lambda: value > 3,
            "PROGRAM": lambda: value >= program.number
            or self.record("program", value).kind != "TEMPLATE",
        }.get(kind)
        if bad is None and kind.lower() in self.sections:
            bad = lambda: value >= self.count(kind.lower())
        self.refuse_if(bad is not None and bad(), f"an operand that is no {kind}")

    # --- Looking things up ---

    def endpoint(self, listener, address):
        endpoints = self.range("endpoint", listener.endpoints)
        return next((endpoint for endpoint in endpoints if endpoint.address == address),
                    endpoints[-1])

    def slot(self, section, target, slots, key, kind):
        """The slot with that key, by its hash, or by looking at all of them."""
        first, count = slots
        if not xxhash:
            return next((slot for slot in self.range(section, slots) if (slot.kind, slot.key)
                         == (kind, key) and getattr(slot, target) is not None), None)
        home = (xxhash.xxh3_64_intdigest(key) & 0xffffffff) * count >> 32
        for step in range(count):
            place = (home + step) % count
            slot = self.record(section, first + place)
            if getattr(slot, target) is None:
                return None
            if (slot.kind, slot.key) == (kind, key):
                return slot
        return None

    def find_key(self, section, target, names, host):
        """What the slot of a name index or map for that text leads to, or None."""
        keys = [("EXACT", host)]
        dots = [place for place, byte in enumerate(host) if byte == ord(".")]
        if names.has_leading:
            keys += [("LEADING", host[dot:]) for dot in dots]
        if names.has_trailing:
            keys += [("TRAILING", host[:dot + 1]) for dot in reversed(dots)]
        found = (self.slot(section, target, names.slots, key, kind) for kind, key in keys)
        return next((getattr(slot, target) for slot in found if slot is not None), None)

    def server(self, endpoint, host):
        """The number of the server that answers for a host (bytes, in lower case)."""
        names = self.record("name_index", endpoint.names)
        server = self.find_key("name_slot", "server", names, host)
        if server is not None:
            return server
        if host:
            for name in self.range("name_regex", names.regexes):
                if self.matches(name.regex, host):
                    return name.server
        return endpoint.default_server

    def matches(self, regex, text):
        """As far as Python's expressions are those of PCRE2."""
        record = self.record("regex", regex)
        pattern = re.sub(rb"\(\?P?<(?=[A-Za-z_])", b"(?P<", record.pattern)
        return re.search(pattern, text, re.IGNORECASE if record.ignore_case else 0) is not None

    def walk(self, location_set, path):
        """(outcome, location) of step 1; the outcome is "exact", "redirect", "prefix" or None."""
        first, _ = location_set.nodes
        node = self.record("node", first)
        rest, best = path, None
        while node is not None:
            if len(node.label) > len(rest):
                target = self.redirect_target(node) if node.label == rest + b"/" else None
                return ("redirect", target) if target is not None else (best and "prefix", best)
            if not rest.startswith(node.label):
                break
            rest = rest[len(node.label):]
            if not rest and node.exact is not None:
                return "exact", self.record("location", node.exact)
            if node.prefix is not None:
                best = self.record("location", node.prefix)
                if not rest:
                    break
            next_byte = rest[:1] or b"/"
            node = next((child for child in self.range("node", node.children)
                         if child.label[:1] == next_byte), None)
        return best and "prefix", best

    def redirect_target(self, node):
        for number in (node.exact, node.prefix):
            if number is None:
                continue
            location = self.record("location", number)
            if self.record("handling", location.handling).auto_redirect:
                return location
        return None

    def first_match(self, location_set, path):
        for candidate in self.range("location_regex", location_set.regexes):
            if self.matches(candidate.regex, path):
                return self.record("location", candidate.location)
        return None

    def location(self, server, path):
        """(outcome, location) for a path: "found", "redirect" or "none"."""
        best, pending = None, []
        number = self.record("server", server).locations
        while number is not None:
            location_set = self.record("location_set", number)
            outcome, found = self.walk(location_set, path)
            if outcome in ("exact", "redirect"):
                return ("found" if outcome == "exact" else "redirect"), found
            if found is None or found.kind != "PREFIX_NO_REGEX":
                pending.append(location_set)
            best = found or best
            number = found.nested if found else None
        matches = (self.first_match(location_set, path) for location_set in reversed(pending))
        matched = next((location for location in matches if location is not None), None)
        while matched is not None:
            best = matched
            inner = matched.nested
            matched = None if inner is None else self.first_match(
                self.record("location_set", inner), path)
        return ("found" if best else "none"), best

    # --- Values of slots ---

    def mapped(self, number, text):
        """The template that a map finds for the text of its subject."""
        found = self.record("map", number)
        if found.hostnames and text.endswith(b"."):
            text = text[:-1]
        value = self.find_key("map_slot", "value", found, text.lower())
        if value is None and text:
            value = next((regex.value for regex in self.range("map_regex", found.regexes)
                          if self.matches(regex.regex, text)), None)
        return found.otherwise if value is None else value

    def interval(self, number, text):
        """The value of a geo for the text of an address."""
        geo = self.record("geo", number)
        try:
            address = ipaddress.ip_address(text.decode())
        except ValueError:
            address = ipaddress.ip_address("255.255.255.255")
        address = getattr(address, "ipv4_mapped", None) or address
        if address.version == 4:
            ascending = [(interval.first, interval) for interval in self.range("geo_ipv4", geo.ipv4)]
        else:
            ascending = [(int.from_bytes(interval.first, "big"), interval)
                         for interval in self.range("geo_ipv6", geo.ipv6)]
        place = bisect.bisect_right([first for first, _ in ascending], int(address))
        return ascending[place - 1][1].value

    def part(self, number, text):
        """The value of a split for the text of its subject."""
        split = self.record("split", number)
        found = murmur_hash(text)
        return next((part.value for part in self.range("split_part", split.parts)
                     if found < part.below or part.below == 0), b"")


def murmur_hash(text):
    """MurmurHash2, seed 0, after the description of its author."""
    factor, mask = 0x5BD1E995, 0xFFFFFFFF
    found = len(text)
    whole = len(text) & ~3
    for place in range(0, whole, 4):
        word = int.from_bytes(text[place:place + 4], "little") * factor & mask
        word = (word ^ word >> 24) * factor & mask
        found = found * factor & mask ^ word
    if text[whole:]:
        found = (found ^ int.from_bytes(text[whole:], "little")) * factor & mask
    found = (found ^ found >> 13) * factor & mask
    return found ^ found >> 15
