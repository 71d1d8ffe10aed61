"""What the project takes from others: pinned, listed, and run with as few rights as will do."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml

from aifactory import licences

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WRITES = {
    ("publish.yml", "build"): {"id-token", "attestations"},
    ("publish.yml", "release"): {"contents"},
    ("publish.yml", "pages"): {"pages", "id-token"},
}


def workflow(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs():
    for path in WORKFLOWS:
        for name, job in workflow(path)["jobs"].items():
            yield path.name, name, job


def test_every_action_is_pinned_by_commit_and_says_its_version():
    used = [line for path in WORKFLOWS for line in path.read_text().splitlines() if "uses:" in line]
    assert len(used) >= 15
    own = [line for line in used if "uses: ./" in line]
    for line in set(used) - set(own):
        assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_one_action_is_pinned_to_one_commit():
    text = "".join(path.read_text() for path in WORKFLOWS)
    pins = set(re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40})", text))
    assert len(pins) == len({name for name, _ in pins})


def test_jobs_have_no_right_but_those_listed_here():
    for path in WORKFLOWS:
        assert workflow(path)["permissions"] == {}, path.name
    for file, name, job in jobs():
        rights = job["permissions"]
        assert {k for k, v in rights.items() if v == "write"} == WRITES.get((file, name), set())
        assert set(rights.values()) <= {"read", "write"}


def test_no_credentials_are_kept_and_no_secret_is_used():
    for file, name, job in jobs():
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, (file, name)
    for path in WORKFLOWS:
        text = path.read_text()
        assert "secrets." not in text
        assert "pull_request_target" not in text
        # What a stranger writes (titles, branches) never becomes part of a script.
        assert not re.search(r"\$\{\{\s*github\.(event\.|head_ref)(?!event_name)", text)


def test_what_is_published_was_tested_built_twice_and_verified():
    steps = workflow(ROOT / ".github" / "workflows" / "publish.yml")["jobs"]
    assert set(steps["build"]["needs"]) == {"test", "reproduce"}
    order = ["build", "release", "editions", "pages"]
    assert [steps[name]["needs"] for name in order[2:]] == order[1:-1]
    assert "build" in steps["release"]["needs"]


def test_nothing_from_elsewhere_runs_between_the_check_of_a_site_and_its_signature():
    steps = workflow(ROOT / ".github" / "workflows" / "publish.yml")["jobs"]["build"]["steps"]
    did = [step.get("run") or step.get("uses", "") for step in steps]
    checked, packed, signed = did[-4:-1]
    assert checked == "make verify"
    assert not re.search(r"make|pip|uv|curl|http", packed)
    assert signed.startswith("actions/attest-build-provenance@")


def test_an_edition_is_published_again_only_if_its_signature_holds():
    steps = workflow(ROOT / ".github" / "workflows" / "publish.yml")["jobs"]["editions"]["steps"]
    (fetch,) = [s["run"] for s in steps if "gh release download" in s.get("run", "")]
    assert fetch.index("gh attestation verify") > fetch.index("gh release download")


def test_tools_are_installed_from_hashes_too():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    code = re.sub(r"\\\n\s*", "", text)  # what is continued on the next line
    installs = [x for x in code.splitlines() if re.search(r"pip install", x) and "-e ." not in x]
    assert len(installs) >= 3
    assert [x for x in installs if "--require-hashes" not in x] == []
    assert "uv tool run" not in text
    for name in ("tools", "uv"):
        wanted = re.findall(
            r"^[\w-]+==[\w.]+", (ROOT / f"requirements-{name}.in").read_text(), re.M
        )
        lock = (ROOT / f"requirements-{name}.txt").read_text()
        assert wanted
        assert [x for x in wanted if f"\n{x} \\\n    --hash=sha256:" not in f"\n{lock}"] == []


def test_every_pinned_package_has_a_licence():
    with (ROOT / licences.TABLE).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    listed = {row["package"]: row["version"] for row in rows}
    assert listed == licences.pins(ROOT / licences.LOCK), "run: make licences"
    assert [row["package"] for row in rows if not row["licence"]] == []
    readers = {row["package"] for row in rows if row["for_readers"] == "yes"}
    assert readers == set(licences.pins(ROOT / licences.READERS))


def test_a_package_without_a_licence_is_told():
    with pytest.raises(licences.NoLicence, match="add its licence to ELSEWHERE"):
        licences.licence("no-such-package")


def test_tools_that_are_not_in_the_lock_are_pinned():
    makefile = (ROOT / "Makefile").read_text()
    for tool in re.findall(r"tool run (?:--from )?(\S+)", makefile):
        name = re.fullmatch(r"[\w-]+==\$\((\w+)\)", tool)
        assert name, tool
        assert re.search(rf"^{name[1]} := \d+\.\d+\.\d+$", makefile, re.M)
    security = (ROOT / "SECURITY.md").read_text()
    assert {"make audit-packages", "make verify"} <= set(re.findall(r"`(make [a-z-]+)`", security))
