"""Build the site twice, under circumstances as unlike as may be, and compare the two byte by byte.

Each build is of a clone of its own: another path, one with a space, another time zone (and so
another day), locale, hash seed and number of processors. Sphinx's notes to itself, hidden files,
are left out, as they are of the manifest. Exit code: 0 identical, 1 not, 2 a build failed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from aifactory import manifest
from aifactory.publish import volume

ROOT = Path(__file__).resolve().parents[1]
FORMATS = ("epub", "pdf")


@dataclass(frozen=True)
class Way:
    """Where and how one build is made."""

    folder: str
    cpus: int | None
    environment: dict[str, str]


WAYS = (
    Way("one", 1, {"TZ": "Pacific/Pago_Pago", "LC_ALL": "C", "PYTHONHASHSEED": "1",
                   "PYTHONUTF8": "1"}),
    Way("an other", None, {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2",
                           "SOURCE_DATE_EPOCH": "1000000000"}),
)  # fmt: skip


def clone(target: Path, commit: str) -> None:
    """A clean checkout of a commit, with its history, that uses this one's packages."""
    subprocess.run(["git", "clone", "-q", "--no-checkout", str(ROOT), str(target)], check=True)
    subprocess.run(["git", "checkout", "-q", "--detach", commit], cwd=target, check=True)
    (target / ".venv").symlink_to((ROOT / ".venv").resolve())


def build(way: Way, scratch: Path, commit: str, formats: list[str]) -> Path:
    """The site as one way of building makes it, with whatever other formats are asked for in it.

    Raises SystemExit, with what the build said, if it fails.
    """
    book = scratch / way.folder
    clone(book, commit)
    environment = os.environ | way.environment | {"PYTHONPATH": str(book)}
    if "SOURCE_DATE_EPOCH" not in way.environment:
        environment.pop("SOURCE_DATE_EPOCH", None)
    program = Path(sys.executable)
    calls = [[str(program), "-m", "aifactory.publish", kind] for kind in formats]
    jupyter_book = str(program.with_name("jupyter-book"))
    calls.append([jupyter_book, "build", ".", "-W", "--keep-going", "-n", "-q"])
    cpus = sorted(os.sched_getaffinity(0))[: way.cpus]
    for call in calls:
        done = subprocess.run(
            call, cwd=book, env=environment, capture_output=True, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cpus),
        )  # fmt: skip
        if done.returncode:
            print((done.stdout + done.stderr)[-3000:], file=sys.stderr)
            raise SystemExit(2)
    for kind in formats:  # beside the site, whether or not the site offers it
        name = f"{volume.NAME}.{kind}"
        (book / "_build" / name).replace(book / "_build" / "html" / name)
    return book / "_build" / "html"


def sums(site: Path) -> dict[str, tuple[str, int]]:
    """SHA-256 and size of each file, the manifest among them."""
    made = dict(manifest.of(site, "", "").files)
    own = site / manifest.FILE
    if own.is_file():
        content = own.read_bytes()
        made[manifest.FILE] = (hashlib.sha256(content).hexdigest(), len(content))
    return made


def differences(one: Path, other: Path) -> list[str]:
    """One line a file that the two sites don't have in common, to the byte."""
    a, b = sums(one), sums(other)
    lines = [f"{name}: only in {one}" for name in sorted(a.keys() - b.keys())]
    lines += [f"{name}: only in {other}" for name in sorted(b.keys() - a.keys())]
    both = [name for name in sorted(a.keys() & b.keys()) if a[name] != b[name]]
    return lines + [f"{name}: {_first(one / name, other / name)}" for name in both]


def _first(one: Path, other: Path) -> str:
    """Where two files part, and what stands there."""
    a, b = one.read_bytes(), other.read_bytes()
    unlike = (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    at = next(unlike, min(len(a), len(b)))
    here, there = (text[max(at - 20, 0) : at + 40] for text in (a, b))
    return f"{len(a):,} and {len(b):,} bytes, unlike from byte {at:,}: {here!r} and {there!r}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commit", nargs="?", default="HEAD", help="what to build (default: HEAD)")
    parser.add_argument("--with", dest="formats", action="append", choices=FORMATS, default=[],
                        help="a format to build as well, e.g. --with epub --with pdf")  # fmt: skip
    parser.add_argument("--keep", type=Path, help="build in this folder, and leave both there")
    asked = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--verify", f"{asked.commit}^{{commit}}"],
        cwd=ROOT, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    if not commit:
        print(f"error: {asked.commit} is no commit of this repository", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="book-twice-") as temporary:
        scratch = (asked.keep or Path(temporary)).resolve()
        scratch.mkdir(parents=True, exist_ok=True)
        sites = []
        for way in WAYS:
            start = time.monotonic()
            sites.append(build(way, scratch, commit, asked.formats))
            said = " ".join(f"{k}={v}" for k, v in sorted(way.environment.items()))
            cpus = f"{way.cpus or len(os.sched_getaffinity(0))} CPU"
            print(f"{way.folder!r}, {cpus}, {said}: {time.monotonic() - start:.0f} s", flush=True)
        found = differences(*sites)
        count = len(sums(sites[0]))
    print("\n".join(found) or f"{commit[:12]}: {count} files, both builds identical")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
