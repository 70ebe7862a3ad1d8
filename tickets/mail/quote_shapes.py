"""The table of shapes by which mail programs mark what was not written now, in text and in HTML."""

import re

SEPARATOR_WORDS = (
    "original messages?", "original", "original e?-?mail", "reply message", "replied message",
    "reply separator", "原始邮件", "原始邮件信息", "回复邮件信息", "原邮件", "回复的原邮件", "回复的邮件", "原始訊息",
    "原始郵件", "原始信息", "原文", "元のメッセージ", "元のメール", "original nachricht",
    "ursprüngliche nachricht", "originalnachricht", "ursprungliche nachricht", "message d'origine",
    "message original", "message initial", "mensaje original", "mensagem original", "messaggio originale",
    "messaggio originario", "oorspronkelijk bericht", "original meddelelse", "oprindelig besked",
    "oprindelig meddelelse",
    "opprinnelig melding", "ursprungligt meddelande", "alkuperäinen viesti", "wiadomość oryginalna",
    "oryginalna wiadomość", "původní zpráva", "eredeti üzenet", "исходное сообщение", "исходное письмо",
    "оригинальное сообщение", "orijinal mesaj", "özgün ileti", "원본 메시지", "원본 메일", "원본메일",
    "original message from customer", "tin nhắn gốc", "pesan asli", "ข้อความดั้งเดิม",
)  # fmt: skip
FORWARD_WORDS = (
    "forwarded message", "forwarded by", "begin forwarded message", "转发邮件", "转发邮件信息", "转发的邮件",
    "转发的原邮件", "轉寄郵件", "转发信息", "fwd", "weitergeleitete nachricht", "message transféré",
    "mensaje reenviado", "mensagem encaminhada", "messaggio inoltrato", "doorgestuurd bericht",
    "пересылаемое сообщение", "転送メッセージ", "전달된 메시지", "转发消息", "forwarded",
)  # fmt: skip

_DASH = r"[-‐‑–_=—─*]"
_DASHES = r"[-‐‑–_=—─*~ \u3000]"
_LEAD = rf"[>|\s]{{0,9}}{_DASH}{_DASHES}{{1,80}}\s?"
_SEPARATOR = re.compile(
    rf"{_LEAD}(?:{'|'.join(SEPARATOR_WORDS)})\s?:?\s?{_DASHES}{{2,80}}:?\s*",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    rf"(?:{_LEAD}(?:{'|'.join(FORWARD_WORDS)})\b.{{0,80}}|[>|\s]{{0,9}}(?:begin forwarded message"
    r"|anfang der weitergeleiteten nachricht|début du message réexpédié|开始转发的邮件)\s?[:：]\s*)",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"\s*(?:[_\-=—─]{8,200}|[_\-=—─*]{3,40}\s?[^\n_\-=—─*]{1,40}\s?[_\-=—─*]{3,40}"
    r"|原始邮件|原始郵件|回复的原邮件|original(?: message)?)\s*[:：]?\s*",
    re.IGNORECASE,
)

# A line that says who wrote what follows, up to its colon; a date or an address must stand in it too.
_ATTRIBUTIONS = (
    r"on\b.{4,400}\bwrote\s?", r"at\b.{4,400}\bwrote\s?", r".{0,400}\bwrote on\b.{4,100}",
    r".{4,300}\bwrote\s?", r"am\b.{4,400}\bschrieb\b.{0,200}", r".{4,300}\bschrieb am\b.{4,100}",
    r".{4,300}\bhat am\b.{4,200}geschrieben\s?", r"le\b.{4,400}\ba écrit\s?",
    r"el\b.{4,400}\bescribió\s?", r".{4,300}\bescribió\s?", r"em\b.{4,400}\bescreveu\s?",
    r"a\b.{4,400}\bescreveu\s?", r"il\b.{4,400}\bha scritto\s?", r"in data\b.{4,400}\bha scritto\s?",
    r"op\b.{4,400}\b(?:schreef|geschreven)\b.{0,200}", r"den\b.{4,400}\bskrev\b.{0,200}",
    r".{4,300}\bskrev\b.{0,100}", r".{4,400}napisał(?:\(a\)|a)?\s?", r".{4,400}napsala?(?:\(a\))?\s?",
    r".{4,400}(?:ezt )?írta.{0,200}", r".{4,400}kirjoitti\s?",
    r".{4,400}(?:написала?|пишет|писала?|пише)(?:\(а\))?\s?", r".{4,400}(?:şunu|şunları)? ?yazdı\s?",
    r".{4,400}a scris\s?", r".{4,400}έγραψε\s?", r".{4,400}menulis\s?", r".{4,400}đã viết\s?",
    r".{4,400}เขียนว่า\s?", r"(?:在|于|於)?.{4,400}(?:写道|寫道|写到|寫到)\s?",
    r"(?:在|于|於)?.{4,400}@.{4,200}(?:写|寫|发送|说道|说|发表|回复|来信|撰写)\s?",
    r".{4,400}(?:さん)?(?:は|が)?(?:書きました|のメール|のメッセージ|wrote|書いた|のご連絡)\s?",
    r"\d{4}年\d{1,2}月\d{1,2}日.{4,300}<[^<>\s]+@[^<>\s]+>\s?",
    r"\d{4}/\d{1,2}/\d{1,2}.{2,300}<[^<>\s]+@[^<>\s]+>\s?",
    r".{0,200}\d{1,2}:\d{2}.{0,300}<[^<>\s]+@[^<>\s]+>\s?",
    r".{4,400}(?:님이|님께서|에)?\s?(?:작성|쓴 글|썼습니다|보낸 메시지|님의 말|쓰셨습니다)\s?",
    r"\d{4}년 ?\d{1,2}월 ?\d{1,2}일.{2,300}",
)  # fmt: skip
_ATTRIBUTION = re.compile(
    rf"[>\s-]{{0,9}}(?:{'|'.join(_ATTRIBUTIONS)})(?:[:：]|\s?-{{2,20}})\s*",
    re.IGNORECASE,
)
_ATTRIBUTION_END = re.compile(
    r"(?:wrote|schrieb|écrit|escribió|escreveu|scritto|geschrieben|schreef|geschreven|skrev|napisał|napsal"
    r"|írta|kirjoitti|написал|пишет|писал|пише|yazdı|scris|έγραψε|menulis|viết|เขียน|写|寫|发表|说|回复|发送|来信|書"
    r"|メール|メッセージ|連絡|작성|쓴 글|썼|메시지|말|쓰셨|>)",
    re.IGNORECASE,
)
_ATTRIBUTION_MARKS = (":", "：", "-")
_DATED = re.compile(
    r"\d{1,4}\s?[-/.:年月일월년時时]\s?\d{1,2}|\d{1,2}\.? \w{3,}|\w{3,} \d{1,2}|[^\s<>]@[^\s<>]|\d{4}"
)
_CERTAIN = re.compile(r"[^\s<>]@[^\s<>]|\d{1,2}\s?[:：.h时時시]\s?\d{2}")

# Labels without their blanks, in lower case.
_LABELS = {
    "from": (
        "from von de da van od от fra från kimden lähettäjä feladó expéditeur remitente mittente "
        "afzender nadawca 发件人 發件人 寄件人 寄件者 发信人 差出人 送信者 差出人アドレス 보낸사람 "
        "보낸이 발신 발신자 จาก từ dari"
    ),
    "date": (
        "sent date gesendet datum envoyé enviado enviada inviato data verzonden wysłano wysłane "
        "отправлено дата sendt skickat tarih gönderildi lähetetty päivä odesláno elküldve fecha "
        "发送时间 发件时间 发送日期 日期 时间 發送時間 寄件日期 寄送時間 送信日時 送信日 日時 日付 보낸날짜 "
        "보낸시간 보낸일시 날짜 ส่ง gửi thờigian tanggal ngày senton senttime"
    ),
    "to": (
        "to an à para a aan do кому til till kime vastaanottaja címzett destinataire destinatario pour "
        "per komu 收件人 收信人 宛先 받는사람 받는이 수신 수신자 ถึง tới kepada đến"
    ),
    "cc": "cc kopie copie copia копия kopia 抄送 抄送人 副本 참조 bcc ccn dw",
    "subject": (
        "subject betreff objet sujet asunto assunto oggetto onderwerp temat тема emne ämne konu aihe "
        "předmět tárgy 主题 主旨 主題 标题 标 题 件名 题目 제목 เรื่อง chủđề perihal subjek re"
    ),
}
LABEL_KINDS = {label: kind for kind, labels in _LABELS.items() for label in labels.split()}
_LABEL_LINE = re.compile(r"[>|\s*_]{0,9}([^:：\n]{1,24}?)[\s*_]{0,4}[:：][\s*_]{0,4}(.*)")

_DEVICE = (
    r"(?:iphone|ipad|android|samsung|galaxy|huawei|xiaomi|redmi|hono?r|oppo|vivo|pixel|phone|mobile"
    r"|tablet|outlook"
    r"|yahoo|gmail|aol|proton ?mail|foxmail|mail\b|windows|blackberry|spark|mailbird|thunderbird"
    r"|手机|手機|邮箱|郵箱|华为|小米|荣耀|三星|大师|企业微信|qq|网易|移动端|客户端)"
)
_PHONE_SIGNATURE = re.compile(
    rf"\s*(?:(?:sent|written) (?:from|via|with|using) (?:my |the )?.{{0,25}}{_DEVICE}.{{0,30}}"
    rf"|get outlook for \w+.{{0,60}}|von mein\w+ .{{1,25}} gesendet.{{0,10}}"
    rf"|gesendet (?:von|mit) .{{0,25}}{_DEVICE}.{{0,20}}"
    rf"|(?:envoyé|enviado|inviato|verstuurd|skickat|sendt|wysłane|отправлено) .{{0,30}}{_DEVICE}.{{0,20}}"
    rf"|(?:发自|發自|傳自)(?:我的)?.{{0,15}}{_DEVICE}.{{0,12}}|(?:来自|來自)(?:我的)?\s?{_DEVICE}.{{0,12}}"
    rf"|[从由]我的.{{0,15}}{_DEVICE}.{{0,6}}(?:发送|發送|寄出)?.{{0,4}}"
    r"|.{0,20}(?:iphone|ipad|android|スマートフォン)から送信.{0,10}"
    r"|(?:나의|내) .{1,30}에서 (?:보냄|보낸).{0,10}"
    r"|(?:下载|获取|取得|télécharger|obtener|scarica|obter|hol dir) ?outlook.{0,60}"
    r"|outlook for (?:ios|android).{0,60})\s*",
    re.IGNORECASE,
)
_SIGNATURE_MARK = re.compile(r"--\xa0? ?\s?")
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
    """`-----Original Message-----` and its kin."""
    return _SEPARATOR.fullmatch(line) is not None


def is_forward_mark(line: str) -> bool:
    return _FORWARD.fullmatch(line) is not None


def is_rule(line: str) -> bool:
    return _RULE.fullmatch(line) is not None


def ends_attribution(line: str) -> bool:
    """Whether an attribution could end here."""
    return line.rstrip()[-1:] in _ATTRIBUTION_MARKS


def is_attribution(line: str) -> bool:
    """`On ... wrote:`, given as one line; it must name a date or an address."""
    return (
        len(line) <= 700
        and ends_attribution(line)
        and _ATTRIBUTION_END.search(line[-60:]) is not None
        and _ATTRIBUTION.fullmatch(line) is not None
        and _DATED.search(line) is not None
    )


def is_certain_attribution(line: str) -> bool:
    """With an address or a time in it: a mail program wrote it. Without, a person may be telling a story."""
    return is_attribution(line) and _CERTAIN.search(line) is not None


def is_quoted(line: str) -> bool:
    return _QUOTED_LINE.match(line) is not None


def is_signature_mark(line: str) -> bool:
    return _SIGNATURE_MARK.fullmatch(line) is not None


def is_phone_signature(line: str) -> bool:
    return len(line) < 120 and _PHONE_SIGNATURE.fullmatch(line) is not None


def label_kind(line: str) -> str:
    """Which header a line such as `发件人: ...` or `From: ...` repeats, or an empty string."""
    match = _LABEL_LINE.match(line)
    if not match:
        return ""
    return LABEL_KINDS.get(re.sub(r"[\s*_]", "", match[1]).lower(), "")
