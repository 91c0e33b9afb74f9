"""What docs/table-format.md says, as data: the tables in it that describe the format are taken for
the description that they are. Knows markdown tables, and nothing of the format."""

import dataclasses
import functools
import pathlib
import re

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/table-format.md"


@dataclasses.dataclass
class Kind:
    size: int
    alignment: int


@dataclasses.dataclass
class Field:
    offset: int
    name: str
    kind: str
    of: str  # section or enumeration; empty for kinds that have none


@dataclasses.dataclass
class Section:
    number: int
    name: str
    record_size: int
    fields: list


@dataclasses.dataclass
class Operation:
    name: str
    program: str  # TEMPLATE or SEQUENCE
    a: str        # what the operands are
    b: str


@dataclasses.dataclass
class Format:
    header: dict     # field name to (offset, size)
    signature: dict  # the same of the signature
    kinds: dict      # name to Kind
    enums: dict      # name to the names of its values
    sections: list   # of Section, in order
    operations: list
    variables: list  # names with "$"; a prefix ends with "_"


def cells(line):
    """The cells of one row of a table; \\| is a | inside of one."""
    return [cell.strip().replace("\\|", "|").replace("\\*", "*")
            for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def tables(text):
    """All tables, each as its column names and its rows."""
    found = []
    lines = iter(text.splitlines())
    for line in lines:
        if not line.startswith("|"):
            continue
        columns = cells(line)
        next(lines)  # the dashes
        rows = []
        for row in lines:
            if not row.startswith("|"):
                break
            rows.append(cells(row))
        found.append((columns, rows))
    return found


def chapter(text, title):
    """What stands below a headline, up to the next one of that rank."""
    rank = title.split(" ")[0]
    begin = text.index(f"\n{title}\n") + len(title) + 2
    end = text.find(f"\n{rank} ", begin)
    return text[begin:end if end >= 0 else len(text)]


def unquote(cell):
    return cell.strip("`")


def read_layout(text, title):
    """A table of offset, size and field."""
    columns, rows = next((columns, rows) for columns, rows in tables(chapter(text, title))
                         if columns[:3] == ["offset", "size", "field"])
    del columns
    # "16 each" is the size of one of several.
    return {unquote(field): (int(offset), int(size.split()[0]))
            for offset, size, field, *_ in rows}


def read_kinds(text):
    rows = next(rows for columns, rows in tables(text) if columns[:3] == ["kind", "size", "alignment"])
    return {name: Kind(int(size), int(alignment)) for name, size, alignment, *_ in rows}


def read_enums(text):
    rows = next(rows for columns, rows in tables(text) if columns == ["of", "values"])
    return {unquote(name): [value.strip() for value in re.sub(r"\([^)]*\)", "", values).split(",")]
            for name, values in rows if not values.startswith("see ")}


def read_section(name, text):
    number, size = re.match(r"\s*Section (\d+), records of (\d+) bytes?", text).groups()
    fields = [Field(int(offset), unquote(field), kind, unquote(of))
              for columns, rows in tables(text) if columns[:2] == ["offset", "field"]
              for offset, field, kind, of, *_ in rows]
    return Section(int(number), name, int(size), fields)


def read_sections(text):
    parts = re.split(r"^### `(\w+)`$", text, flags=re.MULTILINE)[1:]
    sections = [read_section(name, body) for name, body in zip(parts[::2], parts[1::2])]
    assert [section.number for section in sections] == list(range(len(sections)))
    return sections


@functools.cache
def read(path=DOCUMENT):
    text = path.read_text(encoding="utf-8")
    operations = tables(chapter(text, "## Operations"))[0][1]
    variables = tables(chapter(text, "## Variables"))[0][1]
    operations = [Operation(name, program, a, b) for _, name, program, a, b, *_ in operations]
    variables = [re.match(r"`(\$\w*)`", name).group(1) for _, name in variables]
    enums = read_enums(text)
    enums["op_code"] = [operation.name for operation in operations]
    enums["variable_id"] = variables
    sections = read_sections(chapter(text, "## Sections and records"))
    for field in (field for section in sections for field in section.fields):
        assert field.kind != "ENUM" or field.of in enums, f"the document lacks the values of {field.of}"
    return Format(read_layout(text, "## Header"), read_layout(text, "## Signature"),
                  read_kinds(text), enums, sections, operations, variables)
