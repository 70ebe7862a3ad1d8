"""Recognises mail servers' reports by their words: whom they are about, and whether the server will try again.

Sender, subject and text are weighed together: the more likely the sender is a person, the more evidence the rest must
give.
"""

import re
from collections.abc import Iterator

from tickets.mail.addresses import parse_addresses
from tickets.mail.out_of_office import answer_signs
from tickets.mail.returned_mail import (
    has_copy_of_headers,
    has_returned_mail,
    has_returned_part,
    text_above_copy,
)
from tickets.mail.values import ParsedMail

WORDS = "the words of a mail server"
RETURNED = "from nobody to the signed address of an email"

# No person uses these names.
_SERVER = re.compile(
    r"mail(?:er)?[-_ ]?daemon|mail[-._ ]deliver(?:y|ing)?[-._ ](?:sub)?system|delivery subsystem"
    r"|post_?master\b(?<!postmaster)"
    r"|\b(?:imss|imsva|mdaemon|maildelivery|mail-?delivery)@|microsoftexchange[0-9a-f]{32}@"
    r"|internet mail delivery"
    r"|mail delivery (?:service|agent|software)",
    re.IGNORECASE,
)
_NOBODY = re.compile(r"<\s*>\s*$")
# A person may answer from these, or write about a bounce.
_OFFICE = re.compile(
    r"post[-_]?master|mail administrator|system administrator|administrator@|mailadmin|antivirus"
    r"|content-filter|smtp"
    r"|邮件系统|系统管理员|メール",
    re.IGNORECASE,
)
_FAILURE_SUBJECT = re.compile(
    r"undeliver|un-deliver|non-?deliver|delivery (?:status|has failed|failure|failed|problem|report|error"
    r"|notification|warning|incomplete)|(?:mail|message) (?:delivery|system|failed|failure"
    r"|not delivered|status|error|undeliver|could not)"
    r"|fail(?:ed|ure) (?:notice|mail|delivery)|failed mail|return(?:ed|ing) (?:e-?mail|mail|message"
    r"|to sender)|could ?n[o'’]t be (?:delivered|sent)"
    r"|not (?:be )?delivered|unable to (?:be )?deliver|error (?:sending|delivering|during delivery)"
    r"|delayed (?:mail|message|delivery)"
    r"|warning: (?:could not send|message)|processing error|rejected mail|^mail error|(?:mail"
    r"|message) (?:was )?(?:rejected|bounced)"
    r"|non (?:remis|distribu|livr)|échec (?:de|d'|lors)|unzustellbar|nicht zustellbar|zustellung"
    r"|nicht (?:zugestellt|übermittelt)"
    r"|no se (?:ha )?(?:pudo|puede|podido) entregar|no entregad|error de entrega|(?:fallo"
    r"|error) en la entrega"
    r"|não (?:foi )?(?:possível entregar|entregue)|falha (?:na|de|ao) (?:entreg|envi)"
    r"|mancat[oa] (?:recapito|consegna)|recapito (?:non|fallito)"
    r"|consegna (?:non riuscita|fallita)|impossibile (?:recapitare|consegnare)|onbestelbaar"
    r"|niet (?:bezorgd|afgeleverd)|onbezorgd"
    r"|kunde inte levereras|ikke lever|kunne ikke leveres|oleverer|toimitus epäonnistui|ei voitu toimittaa"
    r"|niedostarcz|nie można dostarczyć|nedoruč|kézbesíthetetlen|nem kézbesíthető|teslim edilemedi"
    r"|iletilemedi"
    r"|недоставлен|не доставлен|не удалось доставить|невозможно доставить|ошибка доставки"
    r"|не было доставлено|возврат"
    r"|退信|退回|(?:邮件|郵件|信件|消息|邮箱)?(?:无法|無法|未能|未被|不能)(?:投递|投遞|送达|送達|传递|傳遞|递送|遞送|发送|傳送|寄送)"
    r"|(?:投递|投遞|发送|發送|传送|傳送|递送|寄送)(?:失败|失敗|延迟|延遲|状态|狀態|错误)|未送达|未送達"
    r"|配信不能|配信でき|配送でき|送信でき|送信エラー|メールエラー|配信エラー|不達|エラーメール"
    r"|발송 ?실패|전송 ?실패|반송|배달(?:되지|할 수| ?실패)|전달(?:되지| ?실패)",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|enc|vb|i|vs|vl|pd|转发|轉寄|轉發|転送|전달|re|aw|sv|antw|回复|回覆|答复|返信|회신)\s?[:：]",
    re.IGNORECASE,
)
_FAILURE_WORDS = re.compile(
    r"permanent(?: (?:fatal|delivery))? error|fatal error|delivery (?:error|problem|failure"
    r"|to the following)|undeliver|non-?deliver"
    r"|(?:user|recipient|mailbox|address|account|host|domain)s?(?: name)? (?:is |was |are )?(?:unknown"
    r"|not found|unavailable|disabled|inactive|full"
    r"|over quota|rejected|invalid|not recogni[sz]ed|does ?n[o'’]t exist|does not exist|not listed"
    r"|doesn't have)"
    r"|(?:unknown|no such|invalid|bad) (?:final delivery )?(?:user|recipient|address|mailbox|host"
    r"|domain)|unrouteable|address(?:es)? (?:failed|rejected|not found)"
    r"|(?:could|can|would|did|was|were|has|have|is)(?: ?n[o'’]t| not)(?: yet)?(?: been"
    r"| be)? (?:able to be )?(?:deliver|sent|reach|relay|receive|accept)"
    r"|cannot (?:be )?(?:deliver|sen[dt])|(?:unable|wasn't able|not able) to (?:be )?(?:deliver|send"
    r"|reach|locate|relay)|failed (?:to (?:send|deliver)|recipient)"
    r"|delivery (?:has |to [^\n]{1,80} (?:has |have )?)?(?:failed|been delayed|was aborted)"
    r"|error (?:delivering|while delivering|sending)"
    r"|trouble delivering|returned (?:to|because|undelivered)|rejected|refused|over ?quota"
    r"|quota (?:exceeded|violation)|exceed(?:s|ed) [^\n]{0,30}(?:quota|limit|size)"
    r"|mailbox (?:is )?full|full mailbox|no matches to|failure reasons?|no (?:valid )?recipients?"
    r"|loop(?:s|ing)? detected|too many hops|hop count"
    r"|n['’]a pas pu|n['’]existe pas|nicht zugestellt|fehlgeschlagen|konnte nicht|no se pud|no exist"
    r"|não (?:foi|pôde|existe)|non (?:è stato|esiste)"
    r"|не (?:доставлен|удалось|найден|существует)|недоставлен"
    r"|不存在|(?:无法|無法|未能|不能)(?:投递|投遞|送达|送達|传递|傳遞|递送|发送|送往)|拒收|拒绝|退回|退信|(?:邮箱|信箱|空间|容量).{0,4}(?:已?满|已?滿"
    r"|不足)|失败|失敗|找不到|未找到"
    r"|送信できません|配信でき|届けられません|見つか(?:ら|りません)|ありません|存在しません|一杯|いっぱい|エラー"
    r"|없습니다|없는 (?:메일|주소|사용자)|실패|반송",
    re.IGNORECASE,
)
_DELAY_WORDS = re.compile(
    r"(?:will|would) (?:be )?(?:continue|retr|keep|try)|attempts? will (?:continue|be made)"
    r"|(?:continue|keep) (?:to |on )?try|still (?:being retried|trying)"
    r"|(?:not|n't) need to resend|warning (?:message )?only|only a warning|advisory-only"
    r"|no action is required|not yet been delivered|has been (?:delayed|postponed)"
    r"|delayed (?:mail|message|delivery)|delivery (?:is |has been )?(?:delayed|incomplete|warning)"
    r"|delivery status notification \(delay\)|message (?:is )?delayed"
    r"|warning: (?:message|could not send)|wird weiter versucht|verzögert|retard|en attente|延迟|延遲|延误"
    r"|稍后(?:会|将)?重试|遅延|再送を?(?:試|続)|지연|отложен|задерж",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])|permanent|giv(?:en?|ing) up|given up|no further", re.IGNORECASE
)
_MAILBOX_FULL = re.compile(
    r"(?:mail)?box(?: is| would be)? (?:full|exceed)|mailbox.{0,30}(?:full|quota|limit|exceed)"
    r"|full mailbox|over ?(?:the )?quota|quota.{0,20}(?:exceed|full|violation|reached)"
    r"|exceed.{0,40}(?:quota|storage|mailbox|local limit|disk)|(?:insufficient|out of|not enough"
    r"|no) (?:system )?(?:storage|disk|space)|disk(?: is)? full|disk quota"
    r"|storage (?:allocation|limit|space|quota).{0,20}|too many messages|inbox(?: is)? full|^452\b"
    r"|voll(?:es)? postfach|postfach.{0,20}voll|boîte.{0,30}pleine"
    r"|(?:邮箱|郵箱|信箱|空间|空間|容量|存储).{0,8}(?:已?满|已?滿|不足|超|限)|メールボックス.{0,12}(?:一杯|いっぱい|容量)|(?:메일함|편지함"
    r"|용량).{0,10}(?:초과|가득|꽉)|переполнен|квот",
    re.IGNORECASE | re.MULTILINE,
)
_EMAIL = (
    r"[A-Za-z0-9._%+=/&*!#$^{|}~-][A-Za-z0-9._%+=/&'*!#$^{|}~-]{0,63}"
    r"@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\b"
)
_ANY_EMAIL = re.compile(rf"{_EMAIL}|[\w.%+=-]{{1,64}}@[\w.-]{{1,255}}")
# The places where servers name the recipients they could not reach.
_NAMED = re.compile(
    rf"^[ \t>*•\"'<(-]*(?P<alone>{_EMAIL})[>\"')]*+[ \t]*+(?:(?:[:;,.][ \t]*+)?$|[:;(\[]|\.\.\."
    rf"|(?<= )on (?:mon|tue|wed|thu|fri|sat|sun)"
    rf"|(?<=[ \t])(?:invalid|unknown|user|mailbox|no such|does|was|is))"
    rf"|\b(?:rcpt to:|recipients?(?: address)?(?:\(s\))?:?|delivered to:?|deliver(?:ing)? (?:your |the "
    rf"|this )?(?:message|mail|e-?mail) to:?|address(?:es)?:|user(?:id)?:?|account:"
    rf"|(?:could not|cannot) (?:be delivered|deliver|send)[^\n@]{{0,30}} to:?|relayed to:?|message to:?"
    rf"|mail to:?|errors?:|addressed to:|not reach:?|mailbox:?|failed:?|distribu[^\n@]{{0,20}}"
    rf"|delivre a)"
    rf"(?![\w.@-])[ \t:]*+\n?[ \t]*+[\"'<(]*+(?P<led>{_EMAIL})"
    rf"|\bsmtp[=:](?P<typed>{_EMAIL})"
    rf"|^[ \t<]*(?:[45]\d\d)[ -](?:[45]\.\d\.\d+ )?[^\n<]{{0,40}}<(?P<coded>{_EMAIL})>"
    rf"|^[^\n@]{{0,60}}<(?P<angled>{_EMAIL})>[ \t]*+(?:[:,(][ \t]*+)?$",
    re.IGNORECASE | re.MULTILINE,
)
_EXPANDED = re.compile(rf"\((?:expanded|generated|forwarded) from:?\s*<?({_EMAIL})", re.IGNORECASE)
_NOT_FAILED = re.compile(r"(?:post-?_?master|mailer-?daemon|abuse|helpdesk|hostmaster)@", re.IGNORECASE)
_ABOUT_US = re.compile(
    r"^[ \t>]*(?:from|to|cc|sender|reply-to|envelope from|mail from|>>> mail from|x-)[^\n:]{0,20}:",
    re.IGNORECASE,
)
_SECTION_LINES = 8


def report_sign(mail: ParsedMail, envelope_from: str | None) -> str:
    """The evidence that `mail` is a mail server's report in words; empty if it is none."""
    if mail.header("X-Failed-Recipients"):
        return "X-Failed-Recipients"
    author = mail.header("From")
    if _SERVER.search(author):
        return WORDS if _has_subject(mail) or _has_words(mail) else ""
    if is_passed_on(mail):
        return ""
    has_null_path = envelope_from == "" or _is_null(mail.header("Return-Path"))
    if has_null_path and _speaks_for_nobody(mail):
        return f"null return path, and {WORDS}"
    if _NOBODY.search(author) and has_returned_mail(mail) and (_has_subject(mail) or _has_words(mail)):
        return WORDS
    if not _begins_so(mail.subject):
        return ""
    if _OFFICE.search(author):
        return WORDS if _speaks_for_an_office(mail) else ""
    return WORDS if has_copy_of_headers(mail) and _has_words(mail) else ""


def returned_sign(mail: ParsedMail, envelope_from: str | None) -> str:
    """The evidence that a mail to a signed envelope sender is a report: it is from nobody, and no automatic reply."""
    is_from_nobody = envelope_from == "" or (envelope_from is None and _is_null(mail.header("Return-Path")))
    return RETURNED if is_from_nobody and not any(answer_signs(mail)) else ""


def is_passed_on(mail: ParsedMail) -> bool:
    """True if a person forwards a report or answers one; then it is no report."""
    return mail.content_type != "multipart/report" and _FORWARDED.match(mail.subject) is not None


def _speaks_for_nobody(mail: ParsedMail) -> bool:
    """True if the mail has the returned mail as a part, or a copy of it with a subject or words.

    A null path is not enough: alarms and automatic replies have one too.
    """
    if any(answer_signs(mail)):
        return False
    return has_returned_part(mail) or (has_returned_mail(mail) and (_has_subject(mail) or _has_words(mail)))


def _speaks_for_an_office(mail: ParsedMail) -> bool:
    """True if the mail copies ours or names a recipient other than us; else the postmaster may be a person."""
    if has_copy_of_headers(mail):
        return True
    return _has_words(mail) and (
        has_returned_mail(mail) or bool(named_recipients(mail, text_above_copy(mail)))
    )


def _has_subject(mail: ParsedMail) -> bool:
    return _FAILURE_SUBJECT.search(mail.subject) is not None


def _has_words(mail: ParsedMail) -> bool:
    text = text_above_copy(mail)
    return _FAILURE_WORDS.search(text) is not None or _DELAY_WORDS.search(text) is not None


def _begins_so(subject: str) -> bool:
    """True if the subject begins like a report's, unlike that of a person who writes about reports."""
    match = _FAILURE_SUBJECT.search(subject)
    return match is not None and match.start() <= 12


def _is_null(return_path: str) -> bool:
    path = return_path.strip().strip("<>").casefold()
    return return_path.strip() == "<>" or path.partition("@")[0] == "mailer-daemon"


def says_delay(subject: str, text: str) -> bool:
    """True if the server will try again."""
    if _GIVEN_UP.search(text):
        return False
    return _DELAY_WORDS.search(subject) is not None or _DELAY_WORDS.search(text) is not None


def expanded_from(said: str) -> str:
    """The address we wrote to, if the server expanded it to another."""
    match = _EXPANDED.search(said)
    return match[1] if match else ""


def is_mailbox_full(diagnostic: str) -> bool:
    return _MAILBOX_FULL.search(diagnostic) is not None


def named_recipients(mail: ParsedMail, text: str) -> list[tuple[str, str]]:
    """The recipients the server could not reach, each with what it says about them, in the order of the text."""
    headed = [
        one.email
        for value in mail.header_all("X-Failed-Recipients")
        for one in parse_addresses(value.encode())
    ]
    ours = {one.key for one in (*mail.to, *mail.cc)} | ({mail.sender.key} if mail.sender else set())
    named = list(dict.fromkeys(_first_spelling(_named(_EXPANDED.sub("", text), ours))))
    emails = headed or named or list(_written(text, ours))[:1]
    return [(email, _section(text, email, emails)) for email in emails]


def _named(text: str, ours: set[str]) -> Iterator[str]:
    for match in _NAMED.finditer(text):
        email = next(filter(None, match.groups())).rstrip(".")
        line = text[text.rfind("\n", 0, match.start(match.lastgroup or 0)) + 1 :]
        if email.casefold() not in ours and not _NOT_FAILED.match(email) and not _ABOUT_US.match(line):
            yield email


def _written(text: str, ours: set[str]) -> Iterator[str]:
    """Every address in the text except ours and those that offer help."""
    for match in _ANY_EMAIL.finditer(text):
        email = match[0].rstrip(".")
        if email.casefold() not in ours and not _NOT_FAILED.match(email):
            yield email


def _first_spelling(emails: Iterator[str]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for email in emails:
        yield seen.setdefault(email.casefold(), email)


def _section(text: str, email: str, all_of_them: list[str]) -> str:
    """The lines about one recipient, up to those about the next."""
    start = text.find(email)
    if start < 0:
        return ""
    begin = text.rfind("\n", 0, start) + 1
    others = (text.find(other, start + len(email)) for other in all_of_them if other != email)
    end = min((place for place in others if place > 0), default=len(text))
    return "\n".join(text[begin:end].splitlines()[:_SECTION_LINES])
