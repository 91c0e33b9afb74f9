"""What is offered to services of continuous integration: the files are what the services expect, and
the commands in them are run as the services would."""

import json
import os
import re
import subprocess
import xml.etree.ElementTree

import pytest
import yaml

from lab.daemon import BUILD, REPOSITORY

BAD = "server { listen 80; server_name a.example; ssl_protocols TLSv1; return 204; }\n"
GOOD = "server { listen 80; server_name a.example; return 204; }\n"


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "nginx/conf.d").mkdir(parents=True)
    (tmp_path / "nginx/conf.d/bad site.conf").write_text(BAD)
    (tmp_path / "good.conf").write_text(GOOD)
    return tmp_path


def run(command, folder, **variables):
    environment = {"PATH": "/usr/bin:/bin", "RPC": str(BUILD / "rpc"), **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL)


# --- GitHub ---

def action():
    return yaml.safe_load((REPOSITORY / "action.yml").read_text())


def run_action(folder, **inputs):
    """The steps of the action, as the runner would make them."""
    document = action()
    values = {name: row.get("default", "") for name, row in document["inputs"].items()}
    values.update({name.replace("_", "-"): value for name, value in inputs.items()})
    step, = document["runs"]["steps"]
    assert step["shell"] == "bash" and "${{" not in step["run"]
    variables = {name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda m: values[m[1]], text)
                 for name, text in step["env"].items()}
    return run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], folder,
               GITHUB_ACTION_PATH=str(REPOSITORY), **variables)


def test_action_is_composite():
    document = action()
    assert document["runs"]["using"] == "composite"
    assert document["name"] and document["description"]
    assert all(row["description"] for row in document["inputs"].values())


def test_action_annotates_lines(checkout):
    result = run_action(checkout)
    assert result.returncode == 1
    assert "::warning file=nginx/conf.d/bad site.conf,line=1," in result.stdout
    assert "ssl_protocols TLSv1" in result.stderr
    assert run_action(checkout, paths="good.conf").returncode == 0
    assert run_action(checkout, fail_on="error").returncode == 0
    assert run_action(checkout, paths="absent.conf").returncode == 3


def test_action_takes_all_inputs(checkout):
    (checkout / "project").write_text("severity tls error;\n")
    result = run_action(checkout, paths="'nginx/conf.d/bad site.conf' good.conf", config="project",
                        arguments="--select tls", sarif="lint.sarif")
    assert "::error file=nginx/conf.d/bad site.conf" in result.stdout
    log = json.loads((checkout / "lint.sarif").read_text())
    assert log["runs"][0]["results"][0]["ruleId"] == "weak-tls-protocol"
    subprocess.run([BUILD / "rpc", "lint", "--baseline", "b.json", "--write-baseline", "nginx"],
                   cwd=checkout, check=True, capture_output=True, timeout=60)
    assert run_action(checkout, paths="nginx", baseline="b.json").returncode == 0


def test_action_runs_nothing_of_its_inputs(checkout):
    run_action(checkout, paths="$(touch evil) `touch evil`; touch evil", arguments="; touch evil")
    assert not (checkout / "evil").exists()


# --- pre-commit ---

def hooks():
    return yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())


def test_hooks_have_what_pre_commit_requires():
    assert {hook["id"] for hook in hooks()} == {"rpc-lint", "rpc-lint-fix"}
    for hook in hooks():
        assert {"id", "name", "entry", "language", "files"} <= hook.keys()
        assert hook["language"] == "script"
        assert os.access(REPOSITORY / hook["entry"].split()[0], os.X_OK)
        assert re.search(hook["files"], "nginx/site.conf")
        assert not re.search(hook["files"], "README.md")


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: hook["id"])
def test_hooks_run(checkout, hook):
    entry = hook["entry"].split()
    command = [REPOSITORY / entry[0], *entry[1:]]
    assert run([*command, "nginx/conf.d/bad site.conf", "good.conf"], checkout).returncode == 1
    assert run([*command, "good.conf"], checkout).returncode == 0


# --- GitLab ---

def test_gitlab_job_reports(checkout):
    jobs = yaml.safe_load((REPOSITORY / "packaging/ci/gitlab-ci.yml").read_text())
    job = jobs["nginx-lint"]
    variables = {**job["variables"], "RPC_SOURCE": str(REPOSITORY)}
    script = "set -eo pipefail\n" + "\n".join(job["script"])
    result = run(["bash", "-c", script], checkout, **variables)
    assert result.returncode == 1
    root = xml.etree.ElementTree.parse(checkout / job["artifacts"]["reports"]["junit"]).getroot()
    assert root.get("failures") == "1"
    assert run(["bash", "-c", script], checkout, **{**variables, "LINT_PATHS": "good.conf"}).returncode == 0


def test_rpc_is_found_where_it_was_built(checkout):
    """Without RPC, and with none in PATH: the program in the source's own build folder."""
    if not (REPOSITORY / "build/rpc").exists():
        pytest.skip("nothing was built in this folder")
    result = subprocess.run([REPOSITORY / "packaging/ci/rpc", "lint", "good.conf"], cwd=checkout,
                            env={"PATH": "/usr/bin:/bin"}, capture_output=True, timeout=60)
    assert result.returncode == 0
