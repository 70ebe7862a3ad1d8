"""Whether a mail says that something is so now, or that it is not, is over, or only might be.

Only clear cases are denied: a false alarm costs a glance, a missed one costs the customer. "Down" has more everyday
uses than any other of these words, so it has a table of its own.
"""

from __future__ import annotations

import re

from tickets.triage.readable_text import UNSPACED
from tickets.triage.word_matching import Occurrence

NEAR = 120  # characters before and after a word that are looked at

_END = re.compile(rf"(?<![.!?])[.!?]++(?=[\s\"')\]]|$|[{UNSPACED}])|[。！？；;\n]+")
_FILLER = (
    r"(?:(?:a|an|any|the|of|this|that|other|further|more|new|known|major|real|actual|been|be|being|had|have|having|"
    r"seen|see|seeing|experienced|experiencing|noticed|noticing|get|getting|sign|signs|currently|yet|really|ever|"
    r"again|service|system|network|platform|there|is|was|for|to|due|because|it|all|planned|scheduled)\s+){0,4}"
)
_NOT = (
    r"(?:no|not|never|without|none|neither|nor|no longer|isn't|aren't|wasn't|weren't|hasn't|haven't|hadn't|don't|"
    r"doesn't|didn't|won't|wouldn't|cannot be|can't be|isnt|arent|rather than|instead of)"
)
# What stands directly before the word.
_BEFORE = re.compile(
    rf"(?<![\w'-]){_NOT}\s+{_FILLER}$"
    r"|\b(?:resolved|fixed|solved|mitigated|recovered from|after|previous|past|last|earlier|former|recent|historic|"
    r"yesterday's|last (?:week|month|night|year)'s|(?:mon|tues|wednes|thurs|fri|satur|sun)day's|"
    rf"(?:root cause|post-?mortem|rca|review|summary|report|explanation|compensation|credits?|refund)(?: analysis)? "
    rf"(?:of|for|on|about)|regarding)\s+{_FILLER}$"
    r"|\b(?:handle|handles|handling|avoid|avoids|prevent|prevents|survive|simulate|simulating|simulated|against|"
    r"plan for|prepare for|policy for|counts as|definition of|what is|what's|called|possible|potential|planned|"
    rf"scheduled|hypothetical|upcoming|future|in case of|in the event of|risk of|chance of|test of)\s+{_FILLER}$"
    r"|(?<!as )(?<!check )(?<!see )(?<!know )(?<!sure )(?<!wonder )(?<!wondering )(?<!confirm )(?<!even )"
    r"\bif\b[^,，:]{0,80}$"
    r"|\b(?:what|how|who|where)\b[^,，]{0,60}\b(?:when|once|should)\b[^,，]{0,60}$"
    r"|(?:没有|没|并无|未|未见|不会|不是|并非|并未|不再|不存在|避免|防止|以免|杜绝|排除|非)"
    r"(?:再次?|出现|发生|发现|遇到|遭遇|任何|过|大规模|明显|属于|是|的)*$"
    r"|(?:如果|假如|假设|万一|倘若|要是|一旦|若是|如遇|如何避免|怎么避免|预防|演练|模拟|例如|比如)[^,，:：]{0,30}$"
    r"|(?:^|[\s,，(（])如(?:出现|发生|遇到?|有|影响)[^,，:：]{0,20}$"
)
# What stands directly after the word.
_AFTER = re.compile(
    r"\s+(?:\w+\s+)?(?:report|history|drill|exercise|page|policy|procedure|plan|statistics|compensation|credits?|"
    r"refund|post-?mortem|notification|simulation|test)s?\b"
    r"|\s+(?:\w+\s+){0,3}?(?:is|are|was|were|has|have|had|been|now|already|fully|completely|since)\s+"
    r"(?:(?:now|already|been|fully|completely|since|all)\s+){0,3}"
    r"(?:resolved|fixed|over|solved|restored|mitigated|recovered|ended|gone|closed)\b"
    r"|\s+(?:resolved|fixed|solved|mitigated|over|ended|restored)\b"
    r"|(?:的?(?:问题|故障|现象|情况|事件))?(?:均|都|目前|现在|现|暂时|今早|刚刚)*"
    r"(?:已经?|都)(?:经|全部|完全|彻底|基本|自行|被)*(?:恢复|解决|修复|修好|排除|处理|消失|好了|正常)"
    r"|(?:的?(?:问题|故障|现象|情况|事件))?(?:解决|修复|恢复|处理好|消失|好)(?:正常)?了"
    r"|(?:演练|测试报告|复盘|报告|预案|赔偿|统计)"
)
# Anywhere in the sentence: it is over.
_OVER = re.compile(
    r"\b(?:works? again|working again|back online|back to normal|back up|up again|up and running|running again|"
    r"all clear|false alarm)\b"
    r"|(?:虚惊一场|误报)"
)
_PAST = re.compile(
    r"\b(?:yesterday|last (?:night|week|month|quarter|year)|ago|earlier (?:today|this)|briefly|for an? (?:few )?"
    r"(?:second|minute|moment|hour)s?|for (?:\d+|a few|some|several) (?:second|minute|hour)s)\b"
    r"|(?:昨天|昨晚|前天|上周|上次|上个?月|去年|此前|早些时候|曾经?)"
)
_WAS = re.compile(r"\b(?:was|were|went|had|been)\b|[了过的曾]")
_STILL = re.compile(
    r"\b(?:still|again since|since|until now|not|never|isn't|aren't|now|today|currently|and counting)\b"
    r"|(?:开始|起|至今|到现在|一直|仍|还|又|今天|现在|目前|没|未|不)"
)
_NOT_YET = re.compile(
    r"(?:\b(?:not|never|isn't|aren't|hasn't|haven't|until|till|when|before|yet|be|once|if|unless|please|asap)\b|n't\b"
    r"|未|没|尚|不|何时|什么时候|才能|才会|请|尽快|需要|麻烦|怎么|如何|能否|多久|吗|以为)"
)

# "slow it down", "turn the volume down"; not "go down", "break down" or "bring down", as servers do.
_MOVES = (
    r"(?:(?:slow|scroll|jot|calm|track|hunt|count|cool|wind|power|press|hold|look|hand|pass|mark|water|fold|roll|lay|"
    r"climb|walk|turn|step|pin|drill|drag|cut|sit|put|kneel|ramp|play|dial|scroll)(?:s|es|ed|ing|ning|ting|ping|ging)?"
    r"|(?:writ|not|scal|settl|swip|tun|ton|mov)(?:e|es|ed|ing)|written|wrote|sat|wound|held|laid|lying)"
)
_DOWN_BEFORE = re.compile(
    rf"\b{_MOVES}\s+(?:(?:it|them|this|that|these|those|things|everything|us|me|you|(?:the|my|our|your|a) \w+)\s+)?$"
    r"|\b(?:further|way|upside|thumbs|hands|face|head|up and|ups and|arrow|key|page|drop|fall)\s+$"
    r"|\w-$"
    r"|\b(?:price|cost|bill|invoice|fee|sale|number|figure|revenue|latency|jitter|volume|bitrate|spending)s?\s+"
    r"(?:is|are|was|were|go|goes|went|going|gone|come|comes|came|coming|has gone|have gone)\s+$"
)
_DOWN_AFTER = re.compile(
    r"-\w|\s+(?:below|to \d|to the|to a|from \d|from the|by \d|by a|by \w+ percent|\d+ ?%|the road|the line|the page|"
    r"the list|the drain|the stairs|there|under|arrow|payment|button|key|menu|side|south|memory|the hall)"
)
_TO = r"(?:[-/~–、,和与到至]|to|and|or)"
_P0_BEFORE = re.compile(
    rf"(?:p[1-3]\s*{_TO}\s*|\b(?:what (?:is|are|counts as)|what's|definition of|our|your|per|with|every|each)\s+"
    r"|写明|注明|标注|回复)$"
)
_P0_AFTER = re.compile(
    rf"\s*{_TO}\s*p?[1-3]|\s*(?:response|sla|window|definition|contract|policy|tier|target|means?\b|process|promise|"
    r"terms|in its first|(?:级别?)?的?(?:定义|响应|标准|流程|是什么|服务|承诺|时效))"
)


def is_said_now(text: str, place: Occurrence) -> bool:
    """True unless the sentence around the word says that it is not so, is over, might be, or means something else."""
    first, last = _sentence(text, place)
    before, after = text[first : place.start], text[place.end : last]
    word = text[place.start : place.end]
    return not (
        _means_something_else(word, before, after) or _BEFORE.search(before) or _is_over(before, after)
    )


def _sentence(text: str, place: Occurrence) -> tuple[int, int]:
    """Where the sentence begins and ends, as far as it is near."""
    first = max(place.start - NEAR, 0)
    last = min(place.end + NEAR, len(text))
    ends = [found.end() for found in _END.finditer(text, first, place.start)]
    after = _END.search(text, place.end, last)
    return ends[-1] if ends else first, after.start() if after else last


def _is_over(before: str, after: str) -> bool:
    around = f"{before} {after}"
    if _AFTER.match(after) and not _NOT_YET.search(after):
        return True
    if _OVER.search(around) and not _NOT_YET.search(around):
        return True
    return bool(_PAST.search(around) and _WAS.search(around) and not _STILL.search(around))


def _means_something_else(word: str, before: str, after: str) -> bool:
    match word:
        case "down":
            return bool(_DOWN_BEFORE.search(before) or _DOWN_AFTER.match(after))
        case "p0":
            return bool(_P0_BEFORE.search(before) or _P0_AFTER.match(after))
        case _other:
            return False
