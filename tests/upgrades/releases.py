"""The releases: headings of the changelog, each with the commit that it was made of."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RELEASE = re.compile(r"^## (\d+\.\d+\.\d+)\n\n.*?Commit `([0-9a-f]{40})`", re.MULTILINE)


def releases() -> dict[str, str]:
    """The commit of each release by its version, the newest first."""
    return dict(RELEASE.findall((ROOT / ".github" / "CHANGELOG.md").read_text("utf-8")))


def unpack(commit: str, folder: Path) -> None:
    """Put the files of a commit into a folder. Needs git and the commit, so a clone with its whole history."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        raise LookupError(
            f"The release's commit {commit} is not here: {archive.stderr.decode().strip()}\n"
            "This test needs a clone with its whole history: git fetch --unshallow."
        )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
