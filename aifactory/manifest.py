"""What a published site holds, file by file, and whether it still does.

The build writes `manifest.json` into the site: the edition, the commit, and SHA-256 and size of
every file. `check` compares a site, on disk or on the web, with its own manifest; `compare` holds
two manifests against each other, say a published one against a build of the same commit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifactory import files
from aifactory.errors import DataError

FILE = "manifest.json"
Reader = Callable[[str], bytes | None]  # a file's bytes by its path in the site, None if not there


class BadManifest(DataError):
    """A manifest that is missing or isn't one."""


@dataclass(frozen=True)
class Manifest:
    """The files of a site: path -> (SHA-256, bytes)."""

    version: str
    commit: str
    files: dict[str, tuple[str, int]]

    def digest(self) -> str:
        """One hash for all files, in the form that `sha256sum` prints and checks."""
        lines = "".join(f"{sha}  {path}\n" for path, (sha, _) in sorted(self.files.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


def listed(site: Path) -> Iterator[str]:
    """Paths of what a build puts into a site; Sphinx's own notes and the manifest aren't."""
    for path in sorted(site.rglob("*")):
        name = path.relative_to(site).as_posix()
        if path.is_file() and name != FILE and not any(p.startswith(".") for p in name.split("/")):
            yield name


def of(site: Path, version: str, commit: str) -> Manifest:
    """The manifest of a site as it lies there."""
    return Manifest(version, commit, {n: _sum((site / n).read_bytes()) for n in listed(site)})


def _sum(content: bytes) -> tuple[str, int]:
    return hashlib.sha256(content).hexdigest(), len(content)


def write(site: Path, version: str, commit: str) -> Manifest:
    """Write a site's manifest into it."""
    made = of(site, version, commit)
    entries = {p: {"sha256": sha, "bytes": size} for p, (sha, size) in sorted(made.files.items())}
    record = {"version": version, "commit": commit, "digest": made.digest(), "files": entries}
    files.write_text(site / FILE, json.dumps(record, indent=0) + "\n")
    return made


def read(content: bytes | None, where: str) -> Manifest:
    """A manifest from its file; `where` names it in messages.

    Raises BadManifest if it is missing, isn't JSON of that form, or its digest isn't its files'.
    """
    if content is None:
        raise BadManifest(f"{where} has no {FILE}: build the site with `make book`")
    try:
        record: dict[str, Any] = json.loads(content)
        entries = {str(p): (str(e["sha256"]), int(e["bytes"])) for p, e in record["files"].items()}
        found = Manifest(str(record["version"]), str(record["commit"]), entries)
        said = record["digest"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadManifest(f"{where}/{FILE} is not a manifest of this book: {error!r}") from None
    if said != found.digest():
        raise BadManifest(f"{where}/{FILE}: its digest is not that of its list, so it was altered")
    return found


def folder_reader(site: Path) -> Reader:
    """Read the files of a site from a disk; a path that leaves the folder is not there."""

    def reader(name: str) -> bytes | None:
        path = (site / name).resolve()
        inside = path.is_relative_to(site.resolve())
        return path.read_bytes() if inside and path.is_file() else None

    return reader


def check(held: Manifest, reader: Reader) -> list[str]:
    """What differs between a site and its manifest, one line a file; empty if nothing does."""
    faults = []
    for name, (sha, size) in held.files.items():
        content = reader(name)
        if content is None:
            faults.append(f"{name}: missing")
        elif _sum(content) != (sha, size):
            faults.append(f"{name}: altered ({len(content):,} bytes, should be {size:,})")
    return faults


def unlisted(held: Manifest, site: Path) -> list[str]:
    """Files of a folder that its manifest doesn't list."""
    return [f"{name}: not in the manifest" for name in listed(site) if name not in held.files]


def compare(published: Manifest, built: Manifest) -> list[str]:
    """How a published site differs from a build, one line a file."""
    ours, theirs = built.files, published.files
    lines = [f"{n}: not published" for n in sorted(ours.keys() - theirs.keys())]
    lines += [f"{n}: published, not in the build" for n in sorted(theirs.keys() - ours.keys())]
    both = sorted(ours.keys() & theirs.keys())
    return lines + [f"{n}: differs from the build" for n in both if ours[n] != theirs[n]]
