"""The theme's own words are in our catalogues: it brings no translations itself."""

from pathlib import Path

import unfold

from supportdesk.theme_words import THEME_WORDS

SHOWN = (".html", ".py")


def test_each_word_is_really_one_of_the_theme():
    theme = Path(unfold.__file__).parent
    sources = "\n".join(path.read_text("utf-8") for path in theme.rglob("*") if path.suffix in SHOWN)
    assert [word for word in THEME_WORDS if word not in sources] == []
