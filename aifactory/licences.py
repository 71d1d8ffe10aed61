"""Licences of all packages that the locks pin, as requirements-licences.csv.

They are what the installed packages say of themselves: the SPDX expression where there is one, else
the classifiers, else the first line of the licence field. Packages for other systems, which are
pinned and not installed, are written down here by hand.
"""

from __future__ import annotations

import csv
import io
import re
from importlib import metadata
from pathlib import Path

from aifactory.errors import DataError

ROOT = Path(__file__).resolve().parent.parent
LOCK, READERS, TABLE = "requirements.txt", "requirements-book.txt", "requirements-licences.csv"
COLUMNS = ("package", "version", "licence", "for_readers")
PIN = re.compile(r"^([\w.-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", re.M)
SPDX = {
    "BSD License": "BSD",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
}
# Only on other systems or other versions of Python than those that write the table.
ELSEWHERE = {
    "aiohappyeyeballs": "PSF-2.0",
    "aiohttp": "Apache-2.0 AND MIT",
    "aiosignal": "Apache-2.0",
    "appnope": "BSD-2-Clause",
    "axe-playwright-python": "MIT",  # installed everywhere, but its metadata is silent
    "cffi": "MIT-0",
    "frozenlist": "Apache-2.0",
    "multidict": "Apache-2.0",
    "propcache": "Apache-2.0",
    "pycparser": "BSD-3-Clause",
    "yarl": "Apache-2.0",
}


class NoLicence(DataError):
    """A package that doesn't say under which licence it is."""


def pins(lock: Path) -> dict[str, str]:
    """Package -> versions of a lock, joined by a slash where there are several."""
    found: dict[str, list[str]] = {}
    for name, version in PIN.findall(lock.read_text(encoding="utf-8")):
        found.setdefault(name, []).append(version)
    return {name: "/".join(sorted(set(versions))) for name, versions in sorted(found.items())}


def licence(package: str) -> str:
    """What a package says of its licence. Raises NoLicence."""
    if package in ELSEWHERE:
        return ELSEWHERE[package]
    try:
        said = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        raise NoLicence(
            f"{package} is pinned and not installed: add its licence to ELSEWHERE in "
            "aifactory/licences.py"
        ) from None
    kinds = [c.split(" :: ")[-1] for c in said.get_all("Classifier") or () if "License ::" in c]
    named = [SPDX.get(k, k) for k in kinds if k != "OSI Approved"]
    first = (said["License"] or "").strip().splitlines()
    found = said["License-Expression"] or " AND ".join(named) or (first[0] if first else "")
    if not found:
        raise NoLicence(f"{package} names no licence: look it up, and add it to ELSEWHERE in "
                        "aifactory/licences.py")  # fmt: skip
    return found if len(found) <= 60 else found[:57] + "..."


def as_csv(root: Path = ROOT) -> str:
    """The table: one row a package, in the order of their names."""
    readers = pins(root / READERS)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, version in pins(root / LOCK).items():
        writer.writerow((name, version, licence(name), "yes" if name in readers else "no"))
    return out.getvalue()


def main() -> None:
    """Write the table."""
    (ROOT / TABLE).write_text(as_csv(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
