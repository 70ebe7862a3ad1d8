"""The patterns by which mail programs mark old text, in plain text and in HTML."""

import re
from collections.abc import Iterable
from enum import StrEnum

from tickets.mail.header_blocks import MAX_LABEL_HEAD, label_kind
from tickets.mail.quote_words import (
    DASHED_FORWARD_WORDS,
    FORWARD_PREFIXES,
    FORWARD_WORDS,
    REPLY_PREFIXES,
    REPLY_SEPARATOR,
    SEPARATOR_WORDS,
)

MAX_BEHIND_MARK = 80

_DASH_LETTERS = "-‐‑–_=—─*"
_MARK_LETTERS = frozenset(f">＞|*~&{_DASH_LETTERS}")
_ENDS = frozenset(":：-")
_DASH = r"[-‐‑–_=—─*]"
_DASHES = r"[-‐‑–_=—─*~ \u3000]"
_LEAD = rf"[>|\s]{{0,9}}{_DASH}{_DASHES}{{1,80}}\s?"
_SEPARATOR = re.compile(
    rf"{_LEAD}(?:{'|'.join(SEPARATOR_WORDS)})\s?:?\s?{_DASHES}{{2,80}}:?\s*",
    re.IGNORECASE,
)
_REPLY_SEPARATOR = re.compile(REPLY_SEPARATOR, re.IGNORECASE)
_FORWARD_MARK = re.compile(
    rf"(?:{_LEAD}(?:{'|'.join((*FORWARD_WORDS, *DASHED_FORWARD_WORDS))})(?:\s?{_DASHES}{{2,80}}:?|\b)"
    rf"|[>|\s]{{0,9}}(?:{'|'.join(FORWARD_WORDS)})\s?[:：])\s*",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"\s*(?:[_\-=—─]{8,200}|[_\-=—─*]{3,40}\s?[^\n_\-=—─*]{1,40}\s?[_\-=—─*]{3,40}"
    r"|原始邮件|原始郵件|回复的原邮件|回复邮件信息|邮件原件|原邮件|原文|original(?: message)?)\s*+(?:[:：]\s*+)?",
    re.IGNORECASE,
)

_DEVICE = (
    r"(?:iphone|ipad|ipod|android|samsung|galaxy|huawei|xiaomi|redmi|hono?r|oppo|vivo|pixel|phone|mobile|mobil|cell\b"
    r"|htc|nokia|sony|motorola|oneplus|lumia|alcatel|handy\b|handheld|airmail|mailbox|k-9|fairemail|tutanota"
    r"|tablet|outlook"
    r"|yahoo|gmail|aol|proton ?mail|foxmail|mail\b|windows|blackberry|spark|mailbird|thunderbird"
    r"|手机|手機|邮箱|郵箱|华为|小米|荣耀|三星|大师|企业微信|qq|网易|移动端|客户端)"
)
_PHONE_SIGNATURE = re.compile(
    rf"\s*+[(<]{{0,2}}(?:签名由.{{0,3}}{_DEVICE}.{{0,12}}"
    rf"|(?:sent|written) (?:from|via|with|using|by) (?:my |the |an? )?.{{0,25}}{_DEVICE}.{{0,60}}"
    rf"|from my {_DEVICE}.{{0,30}}|diese nachricht wurde von mein.{{1,60}} gesendet.{{0,5}}"
    rf"|get outlook for \w+.{{0,60}}|von mein\w+ .{{1,25}} gesendet.{{0,10}}"
    rf"|gesendet (?:von|mit) .{{0,25}}{_DEVICE}.{{0,20}}"
    rf"|(?:envoyé|enviado|inviato|verstuurd|verzonden|skickat|sendt|wysłan[eo]|lähetetty|odeslán[oa]|odoslané"
    rf"|отправлено|надіслано) .{{0,30}}{_DEVICE}.{{0,20}}"
    rf"|.{{0,12}}{_DEVICE}.{{0,10}} (?:gönderildi|saadetud|sent)"
    rf"|(?:发自|發自|傳自|发送自)\s?(?:我的)?.{{0,15}}{_DEVICE}.{{0,12}}|(?:来自|來自)(?:我的)?\s?{_DEVICE}.{{0,12}}"
    rf"|从 ?{_DEVICE}.{{0,10}}发送|.{{0,10}}(?:스마트폰|{_DEVICE}).{{0,4}}에서 (?:보냄|보낸).{{0,10}}"
    rf"|[从由從]我的.{{0,15}}{_DEVICE}.{{0,6}}(?:发送|發送|寄出|傳送)?.{{0,4}}"
    r"|.{0,20}(?:iphone|ipad|android|スマートフォン)から送信.{0,10}"
    r"|(?:나의|내) .{1,30}에서 (?:보냄|보낸).{0,10}"
    r"|(?:下载|获取|取得|télécharger|obtener|scarica|obter|hol dir) ?outlook.{0,60}"
    r"|outlook for (?:ios|android).{0,60})\s*",
    re.IGNORECASE,
)
MAX_SUBJECT_CHARS = 1_000
_SUBJECT_TAGS = re.compile(r"^\s*(?:(?:\[[^\[\]]{1,60}\]|\([^()]{1,30}\)|【[^【】]{1,60}】)\s*){1,5}")
_SUBJECT_PREFIX = re.compile(r"\s*([^\s:：\[\]()]{1,24})(?:\s?[\[(]\d{1,3}[\])])?\s?[:：]")
_LIST_FOOTER = re.compile(r"\b(?:mailing list|unsubscribe|mailman/listinfo)\b", re.IGNORECASE)
_SIGNATURE_MARK = re.compile(r"--\xa0? ?\s?")
MAX_ANNOUNCING_CHARS = 1_500
_ANSWERS_BELOW = re.compile(
    r"(?:answer|repl(?:y|ie)|respon[sd]|comment|remark|note|feedback)\w{0,6}[^.!?\n]{0,40}"
    r"\b(?:below|in-?line|in line|underneath|in (?:red|blue|green|bold|colou?r)|interspersed|between the lines)\b"
    r"|\b(?:see|please find|find) (?:below|in-?line|in (?:red|blue|green|bold))\b[^.!?\n]{0,40}"
    r"|\b(?:below|in-?line|in (?:red|blue|green|bold))\b[^.!?\n]{0,25}"
    r"\b(?:answers?|repl(?:y|ies)|respons\w{1,3}|comments?)"
    r"|\b(?:antwort|anmerkung|kommentar)\w{0,4}[^.!?\n]{0,40}\b(?:unten|inline|im text|in (?:rot|blau|grün))\b"
    r"|\b(?:siehe (?:weiter )?unten|unten (?:meine|die) antwort)"
    r"|\b(?:réponse|commentaire)s?\b[^.!?\n]{0,40}(?:ci-dessous|dans le texte|en (?:rouge|bleu|vert)|plus bas)"
    r"|\b(?:respuesta|comentario|resposta|comentário)s?\b[^.!?\n]{0,40}"
    r"(?:abajo|abaixo|debajo|en (?:rojo|azul)|em (?:vermelho|azul))"
    r"|\b(?:risposte|risposta|commenti)\b[^.!?\n]{0,40}(?:qui sotto|sotto|in rosso|in blu)"
    r"|\b(?:antwoord|opmerking)\w{0,3}[^.!?\n]{0,40}(?:hieronder|onder|in het (?:rood|blauw))"
    r"|\b(?:ответ|комментари)\w{0,3}[^.!?\n]{0,40}(?:ниже|в тексте|красным|синим)"
    r"|(?:回复|答复|回答|意见|批注|答覆|回覆|说明)[^。！\n]{0,12}(?:如下|见下|在下面|在下方|红字|蓝字|标红|原文中|正文中|行间|下文)"
    r"|(?:见下|如下|下面|下方|红字|蓝字|标红|原文中|行间|逐条)[^。！\n]{0,8}(?:回复|答复|回答|批注|答覆|回覆)|见(?:下文)?(?:红字|蓝字|标红)"
    r"|(?:下記|以下|インライン)[^。\n]{0,8}(?:回答|返信|コメント)|(?:回答|返信|コメント)[^。\n]{0,10}(?:下記|以下|インライン)"
    r"|(?:아래|본문|인라인)[^.\n]{0,8}(?:답변|회신|코멘트|답)|(?:답변|회신)[^.\n]{0,8}아래",
    re.IGNORECASE,
)
_VALUE_LINE = re.compile(
    r"\s{0,2}(?:>|＞|&gt;){1,3}\s{0,4}(?:$|[=<]|[-+]?[\d.,]+\s?(?:%|[a-zA-Zµ]{0,5})\b|[$#%]\s|[A-Za-z_][\w.\[\]\"']{0,60}\s?[=({;]"
    r"|(?:SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|import|def|class|const|let|var|return|curl|ping|npm|pip|git)\b)"
)
_QUOTED_LINE = re.compile(r"\s{0,2}(?:>|＞|&gt;)")

GMAIL_CONTAINER = "[class*=gmail_quote]"
HTML_QUOTES = (
    "[class*=gmail_quote]", "[class*=gmail_attr]", "blockquote[type=cite]",
    ".moz-cite-prefix", "[class*=yahoo_quoted]",
    ".protonmail_quote", ".tutanota_quote", "#isReplyContent", ".ntes-mailmaster-quote", "includetail",
    "#mail-editor-reference-message-container", "#OLK_SRC_BODY_SECTION", "[name=messageReplySection]",
    ".spark_quote", ".front-blockquote", ".sh-quoted-content", ".zmail_extra", ".freshdesk_quote",
    ".alimail-quote", ".aliyun-quote", ".hubspot-quote",
    ".xm_compose_origin_mail_container", ".qm_original_mail", ".lark-mail-quote", "[id^=lark-mail-quote]",
    ".missive_quote", ".ms-outlook-mobile-reference-message", "[data-marker=__QUOTED_TEXT__]",
    ".history-quote-wrapper", "[name=quote]", "#reply139content", "#oriMsgHtmlSeperator", ".skiff_quote",
    "blockquote.iosymail",
)  # fmt: skip
HTML_QUOTES_FROM = (
    "#divRplyFwdMsg", "#x_divRplyFwdMsg", "#stopSpelling",
    "#divNeteaseMailCard", "#replySplit", "#zwchr", "hr[data-marker=__DIVIDER__]",
    "#ms-outlook-mobile-body-separator-line", "#origbody", ".ReferenceMessageMarker", "#reply-intro",
)  # fmt: skip
HTML_SIGNATURES = (
    ".gmail_signature", ".moz-signature", "#ms-outlook-mobile-signature", ".protonmail_signature_block",
    "#Signature", "#x_Signature", "#imail_signature", "[data-signatureblock]", "#signContainer",
    ".gmail_signature_prefix",
)  # fmt: skip


def is_separator(line: str) -> bool:
    """`-----Original Message-----` and the like."""
    return _SEPARATOR.fullmatch(line) is not None


def is_reply_separator(line: str) -> bool:
    """`---- 回复的原邮件 ----`: the mail below was answered, not forwarded."""
    return is_separator(line) and _REPLY_SEPARATOR.search(line) is not None


def forward_mark_end(line: str) -> int:
    """Where the mark of a forwarded mail ends in the line; 0 if it has none. Headers may be glued to it."""
    match = _FORWARD_MARK.match(line) if _may_hold_forward_mark(line) else None
    return match.end() if match else 0


def is_forward_mark(line: str) -> bool:
    end = forward_mark_end(line)
    return bool(end) and (len(line) - end <= MAX_BEHIND_MARK or label_kind(line[end:]) == "from")


def may_hold_mark(line: str) -> bool:
    """True if any pattern here, in `quote_attributions` or in `header_blocks` could match; most lines cannot."""
    head = line[:MAX_LABEL_HEAD]
    if ":" in head or "：" in head:
        return True
    bare = line.strip()
    return bare[:1] in _MARK_LETTERS or bare[-1:] in _ENDS or bare[:4].isdigit()


def _may_hold_forward_mark(line: str) -> bool:
    """True if the line begins with dashes or ends with a colon."""
    bare = line.lstrip("> |\t\xa0\u3000")
    return bool(bare) and (bare[0] in _DASH_LETTERS or bare.rstrip()[-1:] in (":", "："))


def is_rule(line: str) -> bool:
    return _RULE.fullmatch(line) is not None


def is_quoted(line: str) -> bool:
    return _QUOTED_LINE.match(line) is not None


def are_values(lines: Iterable[str]) -> bool:
    """Numbers, comparisons, prompts and code after `>`: text that people paste, not quotes from a mail."""
    return all(_VALUE_LINE.match(line) for line in lines)


def announces_answers(text: str) -> bool:
    """True if the words above a quote say that the answers are inside it."""
    return _ANSWERS_BELOW.search(text[-MAX_ANNOUNCING_CHARS:]) is not None


def is_list_footer(text: str) -> bool:
    return len(text) <= 600 and _LIST_FOOTER.search(text) is not None


def is_signature_mark(line: str) -> bool:
    return line.startswith("--") and _SIGNATURE_MARK.fullmatch(line) is not None


def is_phone_signature(line: str) -> bool:
    return len(line) < 120 and _PHONE_SIGNATURE.fullmatch(line) is not None


class SubjectKind(StrEnum):
    """What the first prefix of a subject says."""

    NEW = "new"
    REPLY = "reply"
    FORWARD = "forward"


# Danes and Norwegians forward under VS (videresendt), Finns answer (vastaus): their programs' labels tell which.
_FINNISH = re.compile(
    r"^[ \t>*]{0,20}(?:lähettäjä|lähetetty|vastaanottaja|päivämäärä|aihe)[ \t*]{0,5}[:：]"
    r"|^[-_ \t>]{0,20}alkuperäinen viesti\b|\bkirjoitti\b",
    re.IGNORECASE | re.MULTILINE,
)
MAX_LABEL_CHARS = 100_000


def split_subject(subject: str, text: str = "") -> tuple[SubjectKind, str]:
    """What the subject says about the mail, and the subject without its first prefix and the tags before it.

    ``text`` is the mail's, which tells what a prefix means that has two meanings.
    """
    untagged = _SUBJECT_TAGS.sub("", subject[:MAX_SUBJECT_CHARS])
    prefix, colon, rest = _parted_subject(untagged)
    if not colon:
        return SubjectKind.NEW, subject.strip()
    if prefix == "vs" and _FINNISH.search(text[:MAX_LABEL_CHARS]):
        return SubjectKind.REPLY, rest.strip()
    if prefix in FORWARD_PREFIXES:
        return SubjectKind.FORWARD, rest.strip()
    return (
        (SubjectKind.REPLY, rest.strip()) if prefix in REPLY_PREFIXES else (SubjectKind.NEW, subject.strip())
    )


def _parted_subject(subject: str) -> tuple[str, str, str]:
    match = _SUBJECT_PREFIX.match(subject)
    return (match[1].lower(), ":", subject[match.end() :]) if match else (subject, "", "")
