"""Reads the content folder: TOML with the people, customers and conversations of the demo."""

import tomllib
from importlib.resources import files
from typing import Any

CONTENT = files("supportdesk.demo") / "content"


def read_content(name: str) -> dict[str, Any]:
    """The file `<name>.toml`."""
    return tomllib.loads((CONTENT / f"{name}.toml").read_text(encoding="utf-8"))
