"""The documents that rpc lint prints for other programs hold to their formats."""

import json
import re
import subprocess
import xml.etree.ElementTree

import jsonschema
import pytest

from lab.daemon import BUILD, REPOSITORY

SITE = """\
# rpc:disable=missing-proxy-headers (100%, "none": <needed>)
server {
    listen 80;
    server_name a.example;
    add_header X-Note "\U0001f680 \u00e9"; location / { proxy_pass http://$arg_to; }
    include parts/*.inc;
}
server { listen 80; server_name a.example;
    ssl_protocols TLSv1; return 204; }
"""
PART = 'location /b { proxy_pass http://$http_to; } # \xff\nnonsense "x";\n'


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site.conf").write_text(SITE)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/one & two.inc").write_bytes(PART.encode("latin-1"))
    (tmp_path / "clean.conf").write_text("server { listen 81; server_name a.example; return 204; }\n")
    return tmp_path


def lint(folder, *arguments):
    return subprocess.run([BUILD / "rpc", "lint", *arguments], cwd=folder, capture_output=True,
                          timeout=60, stdin=subprocess.DEVNULL)


def document(folder, *arguments):
    return json.loads(lint(folder, *arguments).stdout)


# --- JSON ---

def test_json_is_as_its_schema_says(site):
    schema = json.loads((REPOSITORY / "docs/lint.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(document(site, "--format", "json", "clean.conf"))
    found = document(site, "--format", "json", "site.conf", "clean.conf")
    validator.validate(found)
    assert found["findings"] and found["errors"] and found["suppressed"]
    del found["findings"][0]["fingerprint"]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(found)


def test_schema_knows_every_member(site):
    """A member that is added without its description is found here."""
    schema = json.loads((REPOSITORY / "docs/lint.schema.json").read_text())
    for part in (schema, schema["properties"]["summary"], *schema["$defs"].values()):
        part["additionalProperties"] = False
    jsonschema.Draft202012Validator(schema).validate(
        document(site, "--format", "json", "site.conf", "clean.conf"))


# --- SARIF ---

LEVELS = {"error", "warning", "note", "none"}


def is_uri(text):
    return re.fullmatch(r"(file:///|https://)?[A-Za-z0-9/._~%:?=#&-]+", text) is not None


def is_position(number):
    return isinstance(number, int) and number >= 1


# What the standard requires of the objects that are used here: member, required, what it must be.
SARIF = {
    "log": {"$schema": (True, is_uri), "version": (True, "2.1.0".__eq__), "runs": (True, ["run"])},
    "run": {"tool": (True, "tool"), "invocations": (True, ["invocation"]),
            "originalUriBaseIds": (True, dict), "columnKind": (True, "utf16CodeUnits".__eq__),
            "results": (True, ["result"])},
    "tool": {"driver": (True, "driver")},
    "driver": {"name": (True, str), "version": (True, str), "rules": (True, ["rule"])},
    "rule": {"id": (True, str), "name": (True, str), "shortDescription": (True, "message"),
             "fullDescription": (True, "message"), "help": (True, "message"),
             "defaultConfiguration": (True, "configuration"), "properties": (False, dict)},
    "configuration": {"level": (True, LEVELS.__contains__)},
    "message": {"text": (True, len), "markdown": (False, len)},
    "invocation": {"executionSuccessful": (True, bool),
                   "toolExecutionNotifications": (True, ["notification"])},
    "notification": {"level": (True, LEVELS.__contains__), "message": (True, "message")},
    "result": {"ruleId": (True, str), "ruleIndex": (True, int), "level": (True, LEVELS.__contains__),
               "message": (True, "message"), "locations": (True, ["location"]),
               "relatedLocations": (False, ["location"]), "partialFingerprints": (True, dict),
               "fixes": (False, ["fix"]), "suppressions": (False, ["suppression"]),
               "baselineState": (False, {"new", "unchanged"}.__contains__)},
    "location": {"physicalLocation": (True, "physical"), "id": (False, is_position),
                 "message": (False, "message")},
    "physical": {"artifactLocation": (True, "artifact"), "region": (True, "region")},
    "artifact": {"uri": (True, is_uri), "uriBaseId": (False, str)},
    "region": {name: (True, is_position) for name in ("startLine", "startColumn", "endLine", "endColumn")},
    "suppression": {"kind": (True, {"inSource", "external"}.__contains__), "justification": (False, len)},
    "fix": {"description": (True, "message"), "artifactChanges": (True, ["change"])},
    "change": {"artifactLocation": (True, "artifact"), "replacements": (True, ["replacement"])},
    "replacement": {"deletedRegion": (True, "region"), "insertedContent": (True, dict)},
}


def validate_sarif(value, kind="log", path="log"):
    assert isinstance(value, dict), path
    members = SARIF[kind]
    assert value.keys() <= members.keys(), f"{path}: {value.keys() - members.keys()}"
    for name, (is_required, wanted) in members.items():
        if name not in value:
            assert not is_required, f"{path}.{name} is missing"
        elif isinstance(wanted, str):
            validate_sarif(value[name], wanted, f"{path}.{name}")
        elif isinstance(wanted, list):
            for i, item in enumerate(value[name]):
                validate_sarif(item, wanted[0], f"{path}.{name}[{i}]")
        elif isinstance(wanted, type):
            assert isinstance(value[name], wanted), f"{path}.{name}"
        else:
            assert wanted(value[name]), f"{path}.{name} is {value[name]!r}"


def test_sarif_has_what_the_standard_requires(site):
    log = document(site, "--format", "sarif", "site.conf", "clean.conf", "absent.conf")
    validate_sarif(log)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert any("suppressions" in result for result in run["results"])
    assert any("relatedLocations" in result for result in run["results"])
    assert not run["invocations"][0]["executionSuccessful"]
    assert "absent.conf" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_sarif_columns_count_utf16(site):
    """Behind a character outside of the basic plane and one of two bytes."""
    run = document(site, "--format", "sarif", "site.conf")["runs"][0]
    region = next(result["locations"][0]["physicalLocation"]["region"] for result in run["results"]
                  if result["ruleId"] == "open-proxy")
    line = SITE.splitlines()[region["startLine"] - 1].encode("utf-16-le")
    word = line[2 * (region["startColumn"] - 1):2 * (region["endColumn"] - 1)].decode("utf-16-le")
    assert word == "$arg_to"


def test_sarif_names_files_from_the_working_directory(site):
    def uris(folder, *paths):
        run = document(folder, "--format", "sarif", *paths)["runs"][0]
        return {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
                for result in run["results"]}

    expected = {"site.conf", "parts/one%20%26%20two.inc"}
    assert uris(site, "site.conf") == expected
    assert uris(site, str(site / "site.conf")) == expected
    assert uris(site, "./parts/..//site.conf") == expected
    assert uris(site / "parts", "../site.conf") == {
        f"file://{site}/site.conf", "one%20%26%20two.inc"}


def prints(folder, path="site.conf"):
    found = document(folder, "--format", "json", path)
    return [(finding["rule"], finding["fingerprint"]) for finding in found["findings"]]


def test_fingerprints_stay_when_lines_move(site):
    before = prints(site)
    assert len({fingerprint for _, fingerprint in before}) == len(before)
    moved = "# A new line.\n\n" + SITE.replace("    ", "\t\t").replace("listen 80;", "listen  80;")
    (site / "site.conf").write_text(moved)
    assert prints(site) == before
    assert prints(site, str(site / "site.conf")) == before
    (site / "site.conf").write_text(SITE.replace("TLSv1;", "TLSv1.1;"))
    after = prints(site)
    assert [rule for rule, _ in after] == [rule for rule, _ in before]
    assert len(set(after) - set(before)) == 1


# --- XML ---

def test_checkstyle(site):
    root = xml.etree.ElementTree.fromstring(
        lint(site, "--format", "checkstyle", "site.conf", "clean.conf").stdout)
    assert root.tag == "checkstyle"
    names = [element.get("name") for element in root.findall("file")]
    assert names == ["site.conf", "parts/one & two.inc", "clean.conf"]
    errors = root.findall("file/error")
    assert all({"line", "column", "severity", "message", "source"} == set(error.keys()) for error in errors)
    assert {error.get("severity") for error in errors} <= {"error", "warning", "info"}
    assert {"rpc.RPC0100", "rpc.open-proxy"} <= {error.get("source") for error in errors}


def test_junit_counts_what_it_holds(site):
    root = xml.etree.ElementTree.fromstring(
        lint(site, "--format", "junit", "site.conf", "clean.conf").stdout)
    for element in (root, *root.findall("testsuite")):
        cases = element.findall(".//testcase")
        assert element.get("tests") == str(len(cases))
        for name in ("failure", "error"):
            assert element.get(f"{name}s") == str(len(element.findall(f".//{name}")))
    assert root.findall("testsuite")[1].find("testcase").get("name") == "no findings"


# --- GitHub ---

def test_github_commands_are_one_line_each(site):
    lines = lint(site, "--format", "github", "site.conf").stdout.decode().splitlines()
    pattern = re.compile(r"::(error|warning|notice) file=[^,:]+,line=\d+,endLine=\d+,col=\d+,"
                         r"endColumn=\d+,title=[^,:]+::.+")
    assert lines and all(pattern.fullmatch(line) for line in lines)


def test_configurations_write_no_commands(site):
    """What a line of a configuration says ends no workflow command."""
    (site / "evil.conf").write_text('"a%0A::error::b\nc,d:e" x;\n')
    output = lint(site, "--format", "github", "evil.conf").stdout.decode()
    assert output.count("\n") == 1 and "%250A::error" in output and "%0Ac" in output
