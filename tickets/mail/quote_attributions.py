"""Finds the lines that say who wrote what follows: `On ... wrote:` in many languages, also if wrapped."""

import re
from collections.abc import Iterable, Sequence

MAX_ATTRIBUTION_LINES = 5
MAX_ATTRIBUTION_CHARS = 700
MAX_TRIED = 150  # lines that end like an attribution; no mail has more before its quotes begin

# Everything up to the colon; a date or an address must be in it too.
_ATTRIBUTIONS = (
    r"on\b.{4,400}\b(?:wrote|sent|writes|said)(?: the following)?\s?", r"at\b.{4,400}\bwrote\s?",
    r"in message\b.{4,400}\bwrites\s?", r".{0,400}\bwrote on\b.{4,100}",
    r".{4,300}\bwrote\s?", r".{1,120}\bwrote \(\d.{4,60}\)",
    r"am\b.{4,400}\bschrieb\b.{0,200}", r".{4,300}\bschrieb am\b.{4,100}",
    r".{4,300}\bhat am\b.{4,200}geschrieben\s?", r"le\b.{4,400}\ba écrit\s?",
    r"el\b.{4,400}\bescribió\s?", r".{4,300}\bescribió\s?", r"em\b.{4,400}\bescreveu\s?",
    r"a\b.{4,400}\bescreveu\s?", r"il\b.{4,400}\bha scritto\s?", r"in data\b.{4,400}\bha scritto\s?",
    r"op\b.{4,400}\b(?:schreef|geschreven)\b.{0,200}", r"(?:den|på)\b.{4,400}\bskrev\b.{0,200}",
    r".{4,300}\bskrev\b.{0,100}", r".{4,400}napisał(?:\(a\)|a|/a)?\s?", r".{4,400}\bpisze\s?",
    r".{4,400}nap[ií]?sala?(?:\(a\))?\s?", r".{4,400}(?:je )?(?:na)?pisa(?:o|la)(?:/la|\(la\))?(?: je)?\s?",
    r".{4,400}(?:ezt )?írta.{0,200}", r".{4,400}kirjoitti.{0,60}", r".{4,400}kirjutas.{0,60}",
    r".{4,400}(?:rašė|parašė|rakstīja)\s?", r".{4,400}(?:va escriure|escrigué)\s?",
    r".{4,400}(?:написала?|пишет|писала?|пише|написав|написао|сообщила?)(?:\(а\)|ла)?\s?",
    r".{4,400}(?:şunu|şunları)? ?yazdı\s?",
    r".{4,400}a scris\s?", r".{4,400}έγραψε\s?", r".{4,400}menulis\s?", r".{4,400}đã viết\s?",
    r".{4,400}เขียนว่า\s?", r".{4,400}(?:כתב|כתבה|מאת|כתב/ה)\b.{0,200}", r".{4,400}كتب\b.{0,200}",
    r"(?:在|于|於)?.{4,400}(?:写道|寫道|写到|寫到|提到)\s?",
    r"(?:在|于|於)?.{4,400}@.{4,200}(?:写|寫|发送|说道|说|发表|回复|来信|撰写)\s?",
    r".{4,400}(?:さん)?(?:は|が)?(?:書きました|のメール|のメッセージ|wrote|書いた|のご連絡)\s?",
    r"\d{4}年\d{1,2}月\d{1,2}日.{4,300}<[^<>\s]+@[^<>\s]+>\s?",
    r"\d{4}/\d{1,2}/\d{1,2}.{2,300}<[^<>\s]+@[^<>\s]+>\s?",
    r".{0,200}(?:\d{1,2}:\d{2}|\d{4},? \d{1,2}\.\d{2}\b).{0,300}<[^<>\s]+@[^<>\s]+>\s?",
    r".{4,400}(?:님이|님께서|에)?\s?(?:작성|쓴 글|썼습니다|보낸 메시지|님의 말|쓰셨습니다)\s?",
    r"\d{4}년 ?\d{1,2}월 ?\d{1,2}일.{2,300}",
    r"(?:引用|回复) ?.{1,100}@.{2,100}",
    r"(?:quoting|citando|zitat von|citat (?:från|fra)|citation de|citát od)\b.{2,300}@.{2,100}",
)  # fmt: skip
_ATTRIBUTION = re.compile(
    rf"[>\s-]{{0,9}}(?:{'|'.join(_ATTRIBUTIONS)})(?:[:：]?\s?-{{2,20}}|[:：])\s*",
    re.IGNORECASE,
)
_ATTRIBUTION_END = re.compile(
    r"(?:wrote|sent|writes|said|schrieb|écrit|escribió|escreveu|scritto|geschrieben|schreef|geschreven|skrev|napisał|nap[ií]?sal"
    r"|pisa[ol]|pisze|írta|kirjoitti|kirjutas|rašė|rakstīja|escriure|escrigué|написа|пишет|писал|пише|сообщил|yazdı"
    r"|scris|έγραψε|menulis|viết|เขียน|כתב|מאת|كتب|写|寫|发表|说|回复|发送|来信|書"
    r"|提到|メール|メッセージ|連絡|작성|쓴 글|썼|메시지|말|쓰셨|[>)])",
    re.IGNORECASE,
)
_DASHED = re.compile(r"\s{0,4}-{2,20}\s?[^\n]{2,120}\bwrote\s?:?\s?-{2,20}\s*", re.IGNORECASE)
_VIA = re.compile(r"[>\s]{0,9}\S[^\n]{0,80} via [^\n]{1,80} (?:wrote|schrieb)\s?:\s*", re.IGNORECASE)
_DATED = re.compile(
    r"\d{1,4}\s?[-/.:年月일월년時时]\s?\d{1,2}|\d{1,2}\.? \w{3}|\w{3} \d{1,2}|[^\s<>]@[^\s<>]|\d{4}"
)
_CERTAIN = re.compile(r"[^\s<>]@[^\s<>]|\d{1,2}\s?[:：.h时時시]\s?\d{2}")
# Old mailers name date and sender without a verb or a colon; only quoted lines below make these certain.
_UNMARKED = re.compile(
    r"\s?\d{4}[-/]\d{1,2}[-/]\d{1,2}\b"
    r"(?:[^\n]{2,200}<[^<>\s]+@[^<>\s]+>| \d{1,2}:\d{2} GMT[+-]\d{2}:\d{2} [^\n]{2,100})\s*"
)

# Names the writer without a date, so it counts only right above quoted lines. Machines and the writer themselves are
# excluded below.
_UNDATED = re.compile(
    r"[^\n:：]{1,60}\b(?:wrote|schrieb|(?:a|ha) (?:écrit|scritto)|escribió|escreveu|schreef|skrev|napisał[a]?|написала?"
    r"|писала?|yazdı|kirjoitti)\s?:\s*|[^\n:：]{1,30}(?:写道|寫道|写到|寫到|は書きました|님이 작성)\s?[:：]\s*"
    r"|[^\n:：]{0,30}\bschrieb [^\n:：]{1,40}:\s*",
    re.IGNORECASE,
)
_NO_WRITER = re.compile(
    r"\b(?:i|we|ich|wir|je|nous|yo|eu|io|ik|jag|ja|я|мы|logs?|console|server|system|app|browser|terminal|sdk|tool|player"
    r"|output|error)\b|我|日志|控制台|系统|系統|服务器|浏览器|终端|客户端|報錯|报错",
    re.IGNORECASE,
)

# An attribution that runs on below begins with such a word, a weekday or a date.
_OPENING = re.compile(
    r"[>\s*_-]{0,9}(?:(?:on|at|am|le|el|em|il|in data|op|den|dne|dnia|w dniu|på|vào|pada|dana|dňa|dňa|στις|la|mon|tue"
    r"|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|lør|søn|pon|wt|śr|czw|pt|sob|nie|pe|ma|ti|ke|to|su)\w{0,9}\b"
    r"|(?:пн|вт|ср|чт|пт|сб|вс|нд|понед|втор|сред|четв|пятн|субб|воскр)|[在于於]|\d{1,4}\s?[-./年년:]|\d{1,2} \w{3})",
    re.IGNORECASE,
)
_WHEN = re.compile(r"\d{1,2}\s?[:：.h时時시]\s?\d{2}|\b\d{4}\b|\d{1,2}[-/.]\d{1,2}|\d{1,2} \w{3,}|[年月]")
_TIME_FIRST = re.compile(r"[>\s]{0,9}\d{1,2}:\d{2}")
_CUT = re.compile(
    r"(?:[,，、<]|\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s?[ap]\.?m\.?)?|\b\d{4})\s*$", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"(?:[^\W\d_]{4}[.!?]|[。！？!?])[\s\"')]*$")
_GLUED = re.compile(
    r"(?P<words>.{0,600}?\w[^\s\w]{0,20}?)(?:\s+|(?=-{2,3}))(?P<attribution>(?:-{2,3}\s?)?"
    r"On (?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|\d)[^\n]{8,300}\bwrote:\s*)",
    re.IGNORECASE | re.DOTALL,
)


def is_attribution(line: str) -> bool:
    """`On ... wrote:`, given as one line; it must name a date or an address, or have a form only programs write."""
    if len(line) > MAX_ATTRIBUTION_CHARS or line.rstrip()[-1:] not in (":", "：", "-"):
        return False
    if _ATTRIBUTION_END.search(line[-80:]) is None:
        return False
    if _DATED.search(line) is None:
        return _DASHED.fullmatch(line) is not None or _VIA.fullmatch(line) is not None
    return _ATTRIBUTION.fullmatch(line) is not None


def is_certain_attribution(line: str) -> bool:
    """True if it has an address or a time, so that a program wrote it. Otherwise a person may be telling a story."""
    return is_attribution(line) and (_CERTAIN.search(line) is not None or _DASHED.fullmatch(line) is not None)


def is_unmarked_attribution(line: str) -> bool:
    """`2026/1/5 Anna <anna@b.example>`: an attribution only right above quoted lines."""
    return len(line) <= 300 and _UNMARKED.fullmatch(line) is not None


def is_undated_attribution(line: str) -> bool:
    """`Anna wrote:`, `On Monday the desk wrote:`: only right above quoted lines, as a person may be telling a story."""
    bare = line.strip()
    return len(bare) <= 90 and _UNDATED.fullmatch(bare) is not None and _NO_WRITER.search(bare) is None


def joined(lines: Sequence[str]) -> str:
    """The wrapped lines as one line, with a broken address put together again."""
    return (
        " ".join(line.strip().lstrip("> ") for line in lines if line.strip())
        .replace("< ", "<")
        .replace(" >", ">")
    )


def find_attributions(lines: Sequence[str], candidates: Iterable[int] | None = None) -> dict[int, int]:
    """Where each attribution begins, by the index of the line below it. Only `candidates` may end one."""
    starts: dict[int, int] = {}
    tried = 0
    for index in range(len(lines)) if candidates is None else candidates:
        line = lines[index]
        if line.rstrip()[-1:] in (":", "：", "-"):
            tried += 1
            start = _start_of(lines, index) if _may_end_attribution(lines, index) else None
            if start is not None:
                starts[index + 1] = start
            if tried == MAX_TRIED:
                break
        elif line[:1].isspace() or line[:1].isdigit():
            _add_unmarked(lines, index, starts)
    return starts


def _may_end_attribution(lines: Sequence[str], index: int) -> bool:
    """A cheap test that leaves few lines for the patterns."""
    line = lines[index].rstrip()
    is_cut = index > 0 and len(line) < 60 and "@" in lines[index - 1]
    return is_cut or _ATTRIBUTION_END.search(line[-80:]) is not None


def _add_unmarked(lines: Sequence[str], index: int, found: dict[int, int]) -> None:
    if is_unmarked_attribution(lines[index]):
        below = next((line for line in lines[index + 1 : index + 3] if line.strip()), "")
        if below.lstrip().startswith(">"):
            found[index + 1] = index


def _start_of(lines: Sequence[str], last: int) -> int | None:
    """The nearest line that can begin an attribution which ends at line `last`."""
    is_whole = is_attribution(lines[last].strip()) and _TIME_FIRST.match(lines[last]) is None
    if is_whole and _opens(lines[last]):
        return last
    fallback = last if is_whole else None
    needs_wrapping = is_whole and lines[last].lstrip("> \t")[:1] != "<"
    for start in range(last - 1, max(last - MAX_ATTRIBUTION_LINES, -1), -1):
        if not _continues(lines, start) or (needs_wrapping and not _is_wrapped(lines[start])):
            break
        joined_line = joined(lines[start : last + 1])
        if _opens(lines[start]) and is_attribution(joined_line):
            return start
        if fallback is None and _names_sender(lines[start]) and is_attribution(joined_line):
            fallback = start
    return last if fallback is None and is_attribution(lines[last].strip()) else fallback


def _is_wrapped(line: str) -> bool:
    """True if the line is long or cut after a comma or a time, so that the line below may belong to it."""
    return len(line) >= 60 or _CUT.search(line[-30:]) is not None


def _continues(lines: Sequence[str], index: int) -> bool:
    """True if the attribution may run on below: no end of a sentence, and no gap except one before an address."""
    line = lines[index].rstrip()
    if not line:
        return lines[index + 1].lstrip().startswith("<")
    return len(line) <= 300 and _SENTENCE_END.search(line[-40:]) is None


def _opens(line: str) -> bool:
    return _OPENING.match(line) is not None and _WHEN.search(line[:160]) is not None


def _names_sender(line: str) -> bool:
    """`Anna <anna@b.example> ...`, or a name whose address was wrapped onto another line."""
    bare = line.strip()
    return bare.endswith("<") or ("@" in bare and "<" in bare and len(bare) >= 30)


def split_glued(line: str) -> tuple[str, str] | None:
    """Split a line into a person's words and the attribution glued to their end; None if it has no such end."""
    if (
        len(line) > MAX_ATTRIBUTION_CHARS
        or line.lstrip()[:1] in (">", "")
        or not line.rstrip().endswith("wrote:")
    ):
        return None
    match = _GLUED.fullmatch(line)
    return (match["words"], line[match.end("words") :]) if match else None
