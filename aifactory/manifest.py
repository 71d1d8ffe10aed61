"""What a published site holds, file by file, and whether it still does.

The build writes `manifest.json` into the site: the edition, the commit, the address that the site
was built for, and SHA-256 and size of every file. `check` compares a site, on disk or on the web,
with its own manifest; `compare` holds two manifests against each other, say a published one against
a build of the same commit. A manifest comes from where the site does, so nothing in it is believed
before it is looked at: names stay inside the site, sizes within bounds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifactory import files
from aifactory.errors import DataError

FILE = "manifest.json"
LARGEST = 500_000_000  # bytes of one file
LONGEST = 20_000_000  # bytes of the manifest itself
MOST = 50_000  # files
# A file's bytes by its path in the site and the most of them to read; None if it is not there.
Reader = Callable[[str, int], bytes | None]
_ENTRY = frozenset({"sha256", "bytes"})
_PATH = re.compile(r"[^\x00-\x1f\x7f\\:?#%]{1,400}")


class BadManifest(DataError):
    """A manifest that is missing or isn't one."""


@dataclass(frozen=True)
class Manifest:
    """The files of a site: path -> (SHA-256, bytes)."""

    version: str
    commit: str
    files: dict[str, tuple[str, int]]
    address: str = ""  # where the site stands, as the build was told; feeds and maps depend on it

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


def of(site: Path, version: str, commit: str, address: str = "") -> Manifest:
    """The manifest of a site as it lies there."""
    found = {n: _sum((site / n).read_bytes()) for n in listed(site)}
    return Manifest(version, commit, found, address)


def _sum(content: bytes) -> tuple[str, int]:
    return hashlib.sha256(content).hexdigest(), len(content)


def write(site: Path, version: str, commit: str, address: str = "") -> Manifest:
    """Write a site's manifest into it."""
    made = of(site, version, commit, address)
    record: dict[str, Any] = {"version": version, "commit": commit, "address": address}
    record["digest"] = made.digest()
    record["files"] = {p: {"sha256": h, "bytes": n} for p, (h, n) in sorted(made.files.items())}
    files.write_text(site / FILE, json.dumps(record, indent=0) + "\n")
    return made


def read(content: bytes | None, where: str) -> Manifest:
    """A manifest from its file; `where` names it in messages.

    Raises BadManifest if it is missing, isn't JSON of that form, names a place outside of the site,
    or its digest isn't its files'.
    """
    if content is None:
        raise BadManifest(f"{where} has no {FILE}: is it the top of a site? `make book` builds one")
    try:
        if len(content) > LONGEST:
            raise ValueError(f"more than {LONGEST:,} bytes")
        record = json.loads(content, object_pairs_hook=_once)
        entries = record["files"]
        if len(entries) > MOST:
            raise ValueError(f"more than {MOST:,} files")
        checked = {path: _entry(path, entry) for path, entry in entries.items()}
        words = (record["version"], record["commit"], record["digest"], record.get("address", ""))
        version, commit, said, address = map(_text, words)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise BadManifest(f"{where}/{FILE} is not a manifest of this book: {why}") from None
    found = Manifest(version, commit, checked, address)
    if said != found.digest():
        raise BadManifest(f"{where}/{FILE}: its digest is not that of its list, so it was altered")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON that says nothing twice; parsers differ on which of two they take."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands in it twice")
    return made


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > 400:
        raise ValueError(f"{str(value)[:40]!r} is not a line of text")
    return value


def _entry(path: str, entry: dict[str, Any]) -> tuple[str, int]:
    """Hash and size of one file, if both and its path are what they should be."""
    sha, size = entry["sha256"], entry["bytes"]
    if not _PATH.fullmatch(path) or any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError(f"{path[:80]!r} is no path inside of a site")
    if entry.keys() != _ENTRY or not re.fullmatch("[0-9a-f]{64}", sha):
        raise ValueError(f"{path!r} has no SHA-256")
    if type(size) is not int or not 0 <= size <= LARGEST:
        raise ValueError(f"{path!r} has no size from 0 to {LARGEST:,}")
    return sha, size


def folder_reader(site: Path) -> Reader:
    """Read the files of a site from a disk; a path that leaves the folder is not there."""

    def reader(name: str, most: int) -> bytes | None:
        path = (site / name).resolve()
        if not path.is_relative_to(site.resolve()) or not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(most)

    return reader


def check(held: Manifest, reader: Reader, at_once: int = 1) -> list[str]:
    """What differs between a site and its manifest, one line a file; empty if nothing does."""

    def fault(entry: tuple[str, tuple[str, int]]) -> str | None:
        name, (sha, size) = entry
        content = reader(name, size + 1)
        if content is None:
            return f"{name}: missing"
        if len(content) > size:
            return f"{name}: altered (longer than {size:,} bytes)"
        if _sum(content) != (sha, size):
            return f"{name}: altered ({len(content):,} bytes, should be {size:,})"
        return None

    with ThreadPoolExecutor(at_once) as pool:
        return [line for line in pool.map(fault, sorted(held.files.items())) if line]


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
