"""Whether a text says only that somebody has seen a message: "ack", 收到, "Got it, thanks!".

The words are a closed list, so that whoever writes anything else is never taken for somebody who only nods.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from itertools import product, takewhile

# Each of them says it alone.
SEEN = (
    "ack", "acked", "ackd", "acknowledge", "acknowledged", "acknowledging", "copy that", "duly noted", "got it",
    "got this", "i got it", "i got this", "i have got it", "i have it", "ive got it", "ive got this", "noted",
    "on it", "im on it", "received", "roger", "roger that", "understood", "well noted", "well received",
    "收到", "收到了", "已收到", "收悉", "已收悉", "已阅", "知悉", "已知悉", "知道了", "明白", "明白了", "了解",
    "了解了", "已了解", "瞭解", "已閱", "收到啦", "收到哈",
)  # fmt: skip
_THANKS = {
    "": ("谢谢", "谢谢你", "谢谢您", "非常感谢", "感谢", "多谢", "辛苦了", "謝謝", "非常感謝"),
    " ": (
        "thanks",
        "thanks a lot",
        "thanks so much",
        "thank you",
        "thank you very much",
        "many thanks",
        "thx",
    ),
}
_TO_WHOM = {"": ("大家", "各位", "提醒", "通知"), " ": ("all", "everyone", "team")}
# What people write beside it, which says nothing of its own.
POLITE = (
    *(thanks for known in _THANKS.values() for thanks in known),
    *(blank.join(both) for blank in _THANKS for both in product(_THANKS[blank], _TO_WHOM[blank])),
    "best", "best regards", "cheers", "for letting me know", "for the heads up", "for the notice", "kind regards",
    "much appreciated", "ok", "okay", "regards", "ty", "with thanks",
    "谢了", "谢啦", "辛苦", "辛苦啦", "多謝", "感謝", "好", "好的", "好滴", "嗯", "嗯嗯", "祝好", "此致",
)  # fmt: skip
SMILES = frozenset("~👍👌🙏🙂😊😀😃😄😁🤗🫡🤝👏💪✅✔☑🎉🌹☕❤🙌👀🆗")
LONGEST = 100  # characters of a line that only nods
_FACE = re.compile(r"[:;=]-?[)dp](?!\w)")
_APOSTROPHES = str.maketrans("", "", "'’`")


def is_acknowledgement(words: str, names: Collection[str]) -> bool:
    """True for such words alone, or above a signature that begins with one of the writer's names or with a rule."""
    lines = [line for line in map(str.strip, words.strip().splitlines()) if line]
    nods = list(takewhile(lambda line: not _is_rule(line) and _only_nods(line), lines))
    if not any(_says_seen(line) for line in nods):
        return False
    signature = next(iter(lines[len(nods) :]), "")
    own = {_plain(name) for name in names if name.strip()}
    return _is_rule(signature) or _plain(signature) in own


def _is_rule(line: str) -> bool:
    return not line.strip("-_=—*")


def _plain(line: str) -> str:
    """The words of a line in small letters, apart by one blank; marks that say nothing are left out."""
    line = _FACE.sub(" ", unicodedata.normalize("NFKC", line).casefold().translate(_APOSTROPHES))
    return " ".join("".join(" " if _says_nothing(character) else character for character in line).split())


def _says_nothing(character: str) -> bool:
    """True for punctuation but a question mark, and for a friendly picture."""
    if character in SMILES:
        return True
    category = unicodedata.category(character)
    return (category[0] in "PZM" and character != "?") or category in ("Cf", "Sk", "Cc")


def _either(phrases: Iterable[str]) -> str:
    """One of the phrases, the longer first; a Latin one ends with its word."""
    longest_first = sorted(phrases, key=len, reverse=True)
    return "|".join(
        re.escape(phrase) + (r"(?![a-z0-9])" if phrase.isascii() else "") for phrase in longest_first
    )


_NODS = re.compile(rf"(?: ?(?:{_either((*SEEN, *POLITE))}))*")
_SEEN = re.compile(rf"(?:^|(?<= )|(?<=[^\x00-\x7f]))(?:{_either(SEEN)})")


def _only_nods(line: str) -> bool:
    return len(line) <= LONGEST and _NODS.fullmatch(_plain(line)) is not None


def _says_seen(line: str) -> bool:
    return _SEEN.search(_plain(line)) is not None
