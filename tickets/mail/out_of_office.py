"""Recognises automatic replies, such as an out-of-office, by their headers or by their subject in many languages.

A sentence that merely begins alike is a person's: "Automatic reply does not work", "On holiday our streams break". So
the mark of a subject must be followed by a colon, a time of return, something in brackets, or nothing.
"""

import re
from collections.abc import Iterator

from tickets.mail.values import ParsedMail

LONGEST_SIGN = 100
NO = ("", "no", "none", "false", "0", "off")  # values by which a header says that it does not apply
# X-Autoreply, X-QQ-AUTOREPLY, X-Mail-Autoreply, X-Autorespond, X-Auto-Response, X-AutoReply-From, X-Vacation
_ANSWER_HEADER = re.compile(
    r"(?:[a-z0-9]+-){0,4}(?:auto-?(?:reply|replied|respond(?:er|ed)?|response)|vacation)(?:-(?:from|to|sent|by|id|message))?",
    re.IGNORECASE,
)

_REPLY_MARKS = r"""
auto(?:mat(?:ic|ed))?[ -]?(?:e-?mail[ -])?(?:re(?:ply|sponse)|responder|answer)(?:[ ](?:message|mail|e-?mail))?
|autom(?:atische|\.)[ ](?:rück)?antwort|automatische[ ]e-?mail-antwort
|réponse[ ]automatique(?:[ ]d['’]absence(?:[ ]du[ ]bureau)?)?|respuesta[ ]autom[aá]tica|resposta[ ]autom[aáà]tica
|(?:risposta|risponditore)[ ]automatic[ao]|automatisch(?:e)?[ ](?:antwoord|beantwoording|reactie)
|automatiskt?[ ]svar|auto-?svar|automaattinen[ ]vastaus|automaattivastaus
|odpowiedź[ ]automatyczna|automatyczna[ ]odpowiedź|autoodpowiedź
|automatická[ ]odpov[eě]ď|automatikus[ ]válasz|răspuns[ ]automat
|automatski[ ]odgovor|samodejni[ ]odgovor|аутоматски[ ]одговор|автоматичен[ ]отговор
|автоматический[ ]ответ|автоответ(?:чик)?|автоматична[ ]відповідь|автовідповідь|автоматты[ ]жауап
|automatinis[ ]atsakymas|automaat(?:ne[ ])?vastus
|(?:[āa]rpus[ ]biroja(?:[ ]atra[sš]an[āa]s)?[ ])?autom[āa]tisk[āa][ ]atbilde
|otomatik[ ](?:yan[ıi]t|cevap)|αυτόματη[ ]απάντηση
|תשובה[ ]אוטומטית|מענה[ ]אוטומטי|(?:ال)?رد[ ](?:ال)?تلقائي|پاسخ[ ]خودکار|स्वचालित[ ]उत्तर
|(?:การ)?ตอบกลับอัตโนมัติ|(?:thư[ ])?trả[ ]lời[ ]tự[ ]động|(?:balasan|jawaban)[ ]otomatis|balasan[ ]automatik
|(?:外出|休假|离职|離職|出差|邮件|郵件|系统|系統)?(?:自动|自動)(?:回复|回覆|回復|答复|答覆|应答|應答|答录)
|自動(?:返信|応答|返答)(?:メール|通知|メッセージ)?|자동[ ]?(?:회신|응답|답장|답변)
"""
_ABSENCE_MARKS = r"""
out[ -]of[ -](?:the[ -])?office(?:[ ](?:auto-?reply|auto-?response|reply|message|notification|notice|response))?
|oo[of]|not[ ]in[ ](?:the[ ])?office|away[ ](?:from[ ](?:my[ ])?(?:e-?mail|desk|the[ ]office|office)|message|notice)
|vacation[ ](?:auto-?reply|reply|message|notice|response)|absence[ ](?:notice|notification|message)
|on[ ](?:(?:annual|sick|parental|maternity|paternity|medical|personal)[ ])?leave|on[ ](?:vacation|holidays?|pto)
|abwesenheits(?:notiz|meldung|nachricht|benachrichtigung|assistent|hinweis)|abwesend|abwesenheit|außer[ ]haus
|nicht[ ]im[ ]büro|urlaubsnotiz|im[ ]urlaub
|absence[ ]du[ ]bureau|absente?[ ]du[ ]bureau|message[ ]d['’]absence|notification[ ]d['’]absence
|fuera[ ]de[ ](?:la[ ])?oficina|ausente[ ]de[ ]la[ ]oficina|(?:mensaje|respuesta|aviso)[ ]de[ ]ausencia
|fora[ ]d(?:o|e)[ ]escritório|ausente[ ]do[ ]escritório|ausência[ ](?:do[ ]escritório|temporária)
|mensagem[ ]de[ ]ausência|fora[ ]de[ ]l['’]oficina
|fuori[ ](?:sede|ufficio)|(?:messaggio|avviso)[ ]di[ ]assenza
|afwezigheids(?:bericht|melding|assistent)|afwezig|niet[ ]aanwezig|niet[ ]op[ ]kantoor
|frånvaro(?:meddelande|besked|assistent)|frånvarande|(?:ej|inte)[ ]på[ ]kontoret|på[ ]semester
|fraværs(?:meddelelse|besked|melding|assistent)|fraværende|ikke[ ](?:på[ ]kontoret|til[ ]stede)|på[ ]ferie
|poissaolo(?:viesti|ilmoitus)|poissa(?:[ ]toimistosta)?|lomalla
|poza[ ]biurem|(?:jestem[ ])?nieobecn(?:y|a|ość)(?:[ ]w[ ](?:biurze|pracy))?|na[ ]urlopie
|mimo[ ]kancel[aá](?:ř|rie|riu)|neprítomnosť(?:[ ]v[ ]kancelárii)?|nepřítomnost(?:[ ]v[ ]kanceláři)?
|házon[ ]kívül|irodán[ ]kívül|távollét|în[ ]afara[ ]biroului|absent[ ]de[ ]la[ ]birou|izvan[ ]ureda|odsot(?:en|na|nost)
|нет[ ]на[ ](?:работе|месте)|вне[ ]офиса|отсутствую(?:[ ]на[ ](?:работе|рабочем[ ]месте))?
|отсутствие[ ]на[ ](?:работе|рабочем[ ]месте)|(?:нахожусь[ ])?в[ ]отпуске|поза[ ]офісом|немає[ ]на[ ]роботі
|извън[ ]офиса
|[iİı][şs]yeri[ ]d[ıi][şs][ıi]nda|ofis[ ]d[ıi][şs][ıi](?:nda)?|[iİı][şs][ ]yerinde[ ]de[ğg]il(?:im)?
|εκτός[ ]γραφείου|απουσία[ ]από[ ]το[ ]γραφείο|מחוץ[ ]למשרד|خارج[ ]المكتب|ไม่อยู่ที่สำนักงาน|di[ ]luar[ ]kantor
|不在(?:办公室|辦公室)|离开办公室|(?:休假|外出|出差|年假|病假|产假)(?:中|通知|期间)
|(?:本日|只今|ただいま|現在)?(?:は)?(?:不在|外出中|休暇中|休業)(?:です|のため|のお知らせ|のご?連絡|通知|(?:に)?しております|となります|中(?:です)?)?
|부재[ ]?중(?:[ ]?(?:메시지|안내|입니다))?|부재[ ]알림|휴가[ ]?중
"""
_I_AM = r"""
(?:(?:i[ ]am|i['’]m|we[ ]are|ich[ ]bin|je[ ]suis|estoy|sono|ik[ ]ben|jag[ ]är|jeg[ ]er|я)[ ])?
(?:(?:currently|now|derzeit|zurzeit|actuellement|actualmente|momenteel|сейчас)[ ])?
"""
_DAY_WORDS = r"""
\d++(?:st|nd|rd|th|er|o|º)?
|until|till?|thru|through|from|to|back|return(?:ing|s)?|on|and|the|next|this|week|today|tomorrow|of
|(?:mon|tues?|wed(?:nes)?|thurs?|fri|sat(?:ur)?|sun)(?:day)?
|jan(?:uary?)?|feb(?:ruary?)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?
|dec(?:ember)?
|bis|vom|von|zum|ab|am|und|einschließlich|inkl|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag
|januar|februar|märz|mai|juni|juli|oktober|dezember
|jusqu['’]?(?:au|à)?|du|au|le|de|retour|lundi|mardi|mercredi|jeudi|vendredi
|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre
|hasta|el|del|al|regreso|fino|dal|até|tot|t/?m|terug|t\.?o\.?m|tillbaka|tilbake|tilbage|fra|från|do|od|dnia|до|с|по|kadar
|[年月日号至到从由起止前后まで\-~～から까지부터]++
"""
_REPLY_PREFIX = (
    r"(?:re|aw|antw|sv|vs|ref|rif|res|odp|ynt|fwd?|wg|tr|rv|enc|vl|vb|回复|答复|回覆|回復|转发|轉寄|轉發|返信|転送|회신|전달)"
    r"(?:\s?[\[(]\d{1,3}[\])])?\s?[:：]"
)
_TAIL = rf"""
\s*+[.!。！…]*+
|\s*+[:：].*
|\s*+(?:\([^()]{{0,80}}\)|（[^（）]{{0,80}}）|\[[^\[\]]{{0,80}}\]|【[^【】]{{0,80}}】)\s*+(?:[:：].*|{_REPLY_PREFIX}.*)?
|\s*+(?:[-–—|]\s*+)?{_REPLY_PREFIX}.*
|\s*+(?:[-–—|,，]\s*+)?(?:(?:{_DAY_WORDS})[\s.,/–—-]*+){{1,12}}[.!。！)]*
"""

# Notes writes "AUTO: Anna Long is out of the office (returning 5 June)"
_NAMED = (
    r"(?:auto:\s)?[^:：]{1,60}[ ]is[ ](?:currently[ ])?out[ ]of[ ](?:the[ ])?office|auto(?=:\s(?:re|aw):)"
)
_SUBJECT = re.compile(
    rf"(?:{_REPLY_MARKS}|(?:{_I_AM})(?:{_ABSENCE_MARKS})|{_NAMED})(?:{_TAIL})",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_MARK = re.compile(rf"(?:{_REPLY_MARKS}|{_ABSENCE_MARKS})", re.IGNORECASE | re.VERBOSE)
_TAG = re.compile(
    r"\s*(?:\[([^\[\]]{1,60})\]|【([^【】]{1,60})】|\(([^()]{1,60})\)|\*{2,5}([^*]{1,60})\*{2,5})\s*"
)
_PREFIX = re.compile(rf"\s*{_REPLY_PREFIX}\s*", re.IGNORECASE)
MOST_TAGS = 10


def is_automatic_reply(subject: str) -> bool:
    """True if the whole subject is that of an automatic reply, also after tags ([EXTERNAL]) and reply prefixes."""
    rest = " ".join(subject[:500].split())
    for _ in range(MOST_TAGS):
        tag = _TAG.match(rest)
        if tag is not None and _MARK.fullmatch(next(filter(None, tag.groups())).strip()):
            return True
        start = tag or _PREFIX.match(rest)
        if start is None:
            break
        rest = rest[start.end() :]
    return _SUBJECT.fullmatch(rest) is not None


def answer_signs(mail: ParsedMail) -> Iterator[str]:
    """Signs of an out-of-office or any other automatic answer."""
    for name, value in mail.headers:
        lowered = value.lower().strip()
        if _is_answer_header(name.lower(), lowered):
            yield as_sign(name, value)
    if is_automatic_reply(mail.subject):
        yield as_sign("the subject of an automatic reply", mail.subject)


def _is_answer_header(name: str, value: str) -> bool:
    match name:
        case "auto-submitted":
            return value.startswith("auto-replied")
        case "precedence" | "x-precedence" | "preference":
            return value in ("auto_reply", "auto-reply", "autoreply")
        case "x-post-messageclass":
            return "autoresponder" in value
        case "delivered-to" | "x-mailer":
            return value in ("autoresponder", "vacation")
        case _:
            return value not in NO and _ANSWER_HEADER.fullmatch(name) is not None


def as_sign(name: str, value: str) -> str:
    """A header as the page shows it."""
    return f"{name}: {value}"[:LONGEST_SIGN].strip()
