"""Guesses which of the desk's two languages a mail is written in."""

import re

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_KANA_OR_HANGUL = re.compile("[\u3040-\u30ff\uac00-\ud7af]+")
SAMPLE_CHARS = 1_500


def guess_language(subject: str, new_text: str) -> str:
    """`zh-hans` or `en`, by the new words, else by the subject. Chinese mails often contain English product names."""
    for sample in (new_text[:SAMPLE_CHARS], subject):
        han = _letters(_HAN, sample)
        words = len(_LATIN_WORD.findall(sample))
        if han or words:
            is_chinese = han * 2 >= words and _letters(_KANA_OR_HANGUL, sample) * 4 < han
            return "zh-hans" if han and is_chinese else "en"
    return "en"


def _letters(script: re.Pattern[str], sample: str) -> int:
    return 0 if sample.isascii() else sum(map(len, script.findall(sample)))
