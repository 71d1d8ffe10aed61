"""A scratch copy of the project, to plant faults in and to put right again."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

PAST = 1_600_000_000  # file times of what is as it was: a changed file is newer, to any tool
LEFT_OUT = ("_build", ".venv", ".git", "__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache")


def files_of(root: Path) -> list[str]:
    """Files of the project: those that git has or would take, or all where there is no git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=root, capture_output=True)
    if done.returncode == 0 and done.stdout:
        names = done.stdout.decode().split("\0")
    else:
        names = [p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()]
    kept = (n for n in names if n and not any(part in LEFT_OUT for part in n.split("/")))
    return sorted(n for n in kept if (root / n).is_file() and not (root / n).is_symlink())


class Scratch:
    """The copy. `plant` changes a file of it, `restore` puts back whatever has changed."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder
        self.files = files_of(root)
        self.held: dict[str, bytes] = {}

    def make(self) -> None:
        """Copy everything anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in self.files:
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.root / name, target)
            os.chmod(target, (self.root / name).stat().st_mode & 0o777)
        self.settle()

    def settle(self) -> None:
        """Take what is there now as right."""
        for name in self.files:
            path = self.folder / name
            self.held[name] = path.read_bytes()
            os.utime(path, (PAST, PAST))

    def plant(self, file: str, text: str) -> None:
        (self.folder / file).write_bytes(text.encode())

    def restore(self) -> None:
        """Write back each file whose time tells that somebody wrote it."""
        for name, content in self.held.items():
            path = self.folder / name
            if not path.is_file() or path.stat().st_mtime != PAST:
                path.write_bytes(content)
                os.utime(path, (PAST, PAST))
        shutil.rmtree(self.folder / ".hypothesis", ignore_errors=True)
