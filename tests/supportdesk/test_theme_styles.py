"""Our style sheets stand beside the theme's on every page and restyle nothing of it by an accident of names."""

import re
from pathlib import Path

import pytest
import unfold

ROOT = Path(__file__).resolve().parents[2]
CLASS = re.compile(r"\.(-?[A-Za-z_](?:[\w-]|\\.)*)")
THEME = set(CLASS.findall((Path(unfold.__file__).parent / "static/unfold/css/styles.css").read_text("utf-8")))
SHEETS = sorted(path for path in ROOT.glob("*/static/**/*.css"))


def selectors(sheet: str) -> list[str]:
    """Each selector of a sheet, those inside media queries too."""
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    heads = [head.strip() for head in re.findall(r"([^{};]+)\{", sheet)]
    return [selector.strip() for head in heads if not head.startswith("@") for selector in head.split(",")]


def restyling(sheet: str) -> list[str]:
    """Selectors by nothing but classes that the theme uses itself."""
    named = {selector: set(CLASS.findall(selector)) for selector in selectors(sheet) if "#" not in selector}
    return [selector for selector, classes in named.items() if classes and classes <= THEME]


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_our_styles_change_no_class_of_the_theme(path):
    assert restyling(path.read_text("utf-8")) == []


def test_a_selector_by_classes_of_the_theme_is_noticed():
    assert restyling(".bar { margin: 0 } .grow { flex: 1; }") == [".grow"]
    assert restyling("@media print { .dark .grow:hover, .desk .grow { flex: 1 } }") == [".dark .grow:hover"]
