"""Who wrote a forwarded mail, and what: the headers that mail programs repeat, in many languages and shapes.

Tests header_blocks too.
"""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cputime import takes_at_most
from tests.rawmail import rawmail
from tickets.mail import parse
from tickets.mail.forwards import attributed_sender, forwarded_mail, read_forward, read_sender
from tickets.mail.values import ForwardedMail

WORDS = "No sound since ten.\n\nPlease help."
ANNA = ForwardedMail("Anna Keller", "anna@c.example", "No sound", WORDS)
FROM = "Anna Keller <anna@c.example>"

# From, date, to, subject: as the program of that language writes them.
LABELS = {
    "en": ("From", "Sent", "To", "Subject"),
    "de": ("Von", "Gesendet", "An", "Betreff"),
    "fr": ("De", "Envoyé", "À", "Objet"),
    "es": ("De", "Fecha", "Para", "Asunto"),
    "pt": ("De", "Enviado", "Para", "Assunto"),
    "it": ("Da", "Inviato", "A", "Oggetto"),
    "nl": ("Van", "Verzonden", "Aan", "Onderwerp"),
    "da": ("Fra", "Dato", "Til", "Emne"),
    "sv": ("Från", "Skickat", "Till", "Ämne"),
    "fi": ("Lähettäjä", "Päivämäärä", "Vastaanottaja", "Aihe"),
    "pl": ("Od", "Wysłano", "Do", "Temat"),
    "cs": ("Od", "Odesláno", "Komu", "Předmět"),
    "sk": ("Od", "Dátum", "Pre", "Predmet"),
    "hu": ("Feladó", "Elküldve", "Címzett", "Tárgy"),
    "ro": ("Expeditorul", "Dată", "Destinatarul", "Subiectul"),
    "ro, in two words": ("De la", "Trimis", "Către", "Subiect"),
    "hr": ("Šalje", "Datum", "Prima", "Naslov"),
    "et": ("Saatja", "Kuupäev", "Saaja", "Teema"),
    "lt": ("Nuo", "Išsiųsta", "Kam", "Tema"),
    "ru": ("От", "Отправлено", "Кому", "Тема"),
    "ru, mail.ru": ("От кого", "Дата", "Кому", "Тема"),
    "uk": ("Від кого", "Дата", "Кому", "Тема"),
    "bg": ("От", "Изпратено", "До", "Относно"),
    "el": ("Από", "Ημερομηνία", "Προς", "Θέμα"),
    "tr": ("Kimden", "Gönderilen", "Kime", "Konu"),
    "zh": ("发件人", "发送时间", "收件人", "主题"),
    "zh, spaced": ("发 件 人", "日 期", "收 件 人", "主　题"),
    "zh-hant": ("寄件者", "寄件日期", "收件者", "主旨"),
    "ja": ("差出人", "送信日時", "宛先", "件名"),
    "ja, other": ("送信元", "日付", "送信先", "件名"),
    "ko": ("보낸 사람", "보낸 날짜", "받는 사람", "제목"),
    "vi": ("Từ", "Ngày", "Tới", "Chủ đề"),
    "id": ("Dari", "Tanggal", "Kepada", "Perihal"),
}


def block(labels: tuple[str, str, str, str], *, colon: str = ": ") -> str:
    values = (FROM, "Monday, 5 January 2026 10:00", "desk@d.example", "No sound")
    return "\n".join(f"{label}{colon}{value}" for label, value in zip(labels, values, strict=True))


@pytest.mark.parametrize("language", LABELS)
def test_the_headers_of_a_forwarded_mail_are_read_in_every_language(language):
    assert read_forward(f"FYI\n\n{block(LABELS[language])}\n\n{WORDS}\n", "FW: No sound") == ANNA


MARKS = [
    "---------- Forwarded message ---------",
    "-------- Forwarded Message --------",
    "Begin forwarded message:",
    "Forwarded message:",
    "-------- Weitergeleitete Nachricht --------",
    "Anfang der weitergeleiteten Nachricht:",
    "Début du message transféré :",
    "----- Message transmis -----",
    "-------- Välitetty viesti / Fwd.Msg --------",
    "--- Treść przekazanej wiadomości ---",
    "Începe mesajul redirecționat:",
    "Započni proslijeđenu poruku:",
    "---------- Edastatud kiri ----------",
    "Початок листа, що пересилається:",
    "----- İletilmiş Mesaj -----",
    "---- 转发的邮件 ----",
    "-------- 转发邮件信息 --------",
    "---------- メッセージを転送 ---------",
    "---------- 전달된 메시지 ----------",
]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("subject", ["", "Re: something else"])
def test_a_forward_mark_makes_a_forward_whatever_the_subject_says(mark, subject):
    assert read_forward(f"FYI\n\n{mark}\n{block(LABELS['en'])}\n\n{WORDS}", subject) == ANNA


PREFIXES = [
    "FW:", "Fwd:", "WG:", "TR:", "RV:", "ENC:", "I:", "VS:", "VB:", "VL:", "PD:", "Videresend:", "Redir.:", "İLT:",
    "转发：", "轉寄:", "[EXTERNAL] FW:", "Fwd[2]:",
]  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_subject_prefix_tells_a_forward_from_a_reply(prefix):
    text = f"FYI\n\n________________________________\n{block(LABELS['en'])}\n\n{WORDS}"
    assert read_forward(text, f"{prefix} No sound") == ANNA
    assert read_forward(text, f"Re: {prefix} No sound") is None


FINNISH = (
    "Lähettäjä: Anna Keller <anna@c.example>\nLähetetty: 5. tammikuuta 2026 10:00\n"
    "Vastaanottaja: Desk\nAihe: No sound"
)
DANISH = "Fra: Anna Keller <anna@c.example>\nSendt: 5. januar 2026 10:00\nTil: Desk\nEmne: No sound"
ALL_NEW = f"FYI\n\n{DANISH}\n\n{WORDS}"


@pytest.mark.parametrize(
    "quote",
    [
        f"{FINNISH}\n\n{WORDS}",
        f"________________________________\n{FINNISH}\n\n{WORDS}",
        f"-----Alkuperäinen viesti-----\n{FINNISH}\n\n{WORDS}",
        "Anna Keller <anna@c.example> kirjoitti 05/01/2026 10.00:\n> No sound since ten.",
    ],
)
def test_under_vs_a_finn_answers(quote):
    text = f"It works again, thank you.\n\n{quote}"
    assert read_forward(text, "VS: No sound") is None
    mail = parse(rawmail(subject="VS: No sound", body=text.replace("\n", "\r\n")))
    assert mail.new_text.strip() == "It works again, thank you."


def test_under_vs_a_dane_or_norwegian_forwards_and_a_finn_with_a_mark():
    for text in (ALL_NEW, f"FYI\n\n________________________________\n{DANISH}\n\n{WORDS}"):
        assert read_forward(text, "VS: No sound") == ANNA
        mail = parse(rawmail(subject="VS: No sound", body=text.replace("\n", "\r\n")))
        assert WORDS in mail.new_text.replace("\r", "")
    marked = f"FYI\n\n-----Välitetty viesti-----\n{FINNISH}\n\n{WORDS}"
    assert read_forward(marked, "VS: No sound") == ANNA
    assert read_forward(f"FYI\n\n{FINNISH}\n\n{WORDS}", "VL: No sound") == ANNA


@pytest.mark.parametrize("subject", ["", "No sound at a customer's"])
def test_a_full_header_block_without_a_mark_is_a_forward(subject):
    assert read_forward(f"FYI\n\n{block(LABELS['en'])}\n\n{WORDS}", subject) == ANNA


def test_a_full_header_block_without_an_address_is_a_forward_too():
    text = (
        "FYI\n\nFrom: Anna Keller\nSent: Monday, January 5, 2026 10:00\nTo: Desk\nSubject: No sound\n\nwords"
    )
    assert read_forward(text, "") == ForwardedMail("Anna Keller", "", "No sound", "words")


LINES = [
    'On 05/01/2026 10:00, "Anna Keller" <anna@c.example> wrote:',
    'Am 05.01.2026, 10:00 schrieb "Anna Keller" <anna@c.example>:',
    "Le 05/01/2026 10:00, « Anna Keller » <anna@c.example> a écrit :",
    "Dne 05/01/2026 10:00, Anna Keller <anna@c.example> napsal(a):",
    'Den 05/01/2026 10.00 skrev "Anna Keller" <anna@c.example> følgende:',
    "Anna Keller <anna@c.example> kirjoitti 05/01/2026 10.00:",
    "05/01/2026 10:00 időpontban Anna Keller (anna@c.example) ezt írta:",
    "Op 05/01/2026 10:00 heeft Anna Keller <anna@c.example> geschreven:",
    "Anna Keller <anna@c.example> skrev følgende den 05/01/2026, 10:00:",
    "Dnia 05/01/2026 10:00 „Anna Keller” <anna@c.example> napisał:",
    '05/01/2026, 10:00 пользователь "Anna Keller" <anna@c.example> написал:',
    "05/01/2026 10:00 používateľ Anna Keller (<anna@c.example>) napísal:",
    '"Anna Keller" <anna@c.example>, 05/01/2026 10:00 tarihinde şunu yazdı:',
    "在 2026/1/5 10:00，“Anna Keller”<anna@c.example> 写道：",
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("above", ["", "FYI\n\n"])
def test_outlook_for_mac_forwards_below_one_line(line, above):
    indented = "\n".join(f"    {words}".rstrip() for words in WORDS.split("\n"))
    assert read_forward(f"{above}{line}\n\n{indented}\n", "FW: No sound") == ANNA
    assert read_forward(f"{above}{line}\n\n{indented}\n", "RE: No sound") is None
    assert attributed_sender(line) == (ANNA.name, ANNA.email)


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


SHAPES = {
    "thunderbird": (
        "-------- Forwarded Message --------\n"
        f"Subject: \tNo sound\nDate: \tMon, 5 Jan 2026 10:00:00 +0100\nFrom: \t{FROM}\nTo: \td@d.example\n\n\n\n{WORDS}"
    ),
    "apple": quoted(f"Begin forwarded message:\n\n{block(LABELS['en'])}\n\n{WORDS}\n"),
    "only the words are quoted": f"---------- Forwarded message ----------\n{block(LABELS['en'])}\n\n{quoted(WORDS)}",
    "words of the forwarder below": (
        f"Forwarded message:\n\n{quoted(block(LABELS['en']))}\n>\n{quoted(WORDS)}\n\nRegards"
    ),
    "glued": (
        f"   ----- Forwarded Message ----- From: {FROM}To: <d@d.example>Cc: Bo <b@d.example>"
        f"Sent: Monday, 5 January 2026, 10:00:50 GMT+1Subject: No sound\n {WORDS}"
    ),
    "glued, portuguese": (
        f"----- Mensagem reencaminhada ----- De: {FROM}Para: <d@d.example>Enviado: 5 de janeiro de 2026, 10:00 CET"
        f"Assunto No sound\n{WORDS}"
    ),
    "glued, italian": (
        f"----- Messaggio inoltrato ----- Da: {FROM}A: <d@d.example>Inviato: 5 gennaio 2026 CET"
        f"Oggetto: No sound\n{WORDS}"
    ),
    "table": (
        "---- 转发的邮件 ----\n| 发件人 | Anna Keller<anna@c.example> |\n| 日期 | 2026年01月05日 10:00 |\n"
        f"| 收件人 | d@d.example |\n| 抄送至 | |\n| 主题 | No sound |\n\n{WORDS}"
    ),
    "table without lines": (
        "---- 转发的邮件 ----\n发件人 Anna Keller<anna@c.example>\n日期 2026年01月05日 10:00\n"
        f"收件人 d@d.example\n主题 No sound\n\n{WORDS}"
    ),
    "bold": f"Forwarded message:\n\n*From:* {FROM}\n*Sent:* Monday\n*To:* d@d.example\n*Subject:* No sound\n\n{WORDS}",
    "blank lines between": (
        f"-----Original Message-----\nFrom: {FROM}\n\nDate: Mon, 5 Jan 2026 10:00:00\nTo:<d@d.example>\n\n\n"
        f"Subject: No sound\n\n\n{WORDS}"
    ),
    "values below": (
        f"---------- Forwarded message ---------\nFrom:\n{FROM}\nDate:\nMon, 5 Jan 2026\nSubject:\nNo sound\n\n{WORDS}"
    ),
    "a long subject wrapped": (
        f"---------- Forwarded message ---------\nFrom: {FROM}\nSubject: No\nsound\nTo: d@d.example\n\n{WORDS}"
    ),
    "no blank line below": f"________________________________\n{block(LABELS['en'])}\n{WORDS}",
    "reply-to": f"Begin forwarded message:\n\n{block(LABELS['en'])}\nReply-To: x@y.example\n\n{WORDS}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shapes_of_mail_programs_are_read(shape):
    assert read_forward(SHAPES[shape], "") == ANNA


def test_a_chain_of_forwards_is_read_as_the_first_one_with_the_older_ones_in_its_text():
    chain = f"{WORDS}\n\nFrom: Bo <b@b.example>\nDate: 1 Jan 2026\nTo: x\nSubject: old\n\nolder words"
    forward = read_forward(f"{MARKS[0]}\n{block(LABELS['en'])}\n\n{chain}", "")
    assert (forward.email, forward.subject, forward.text) == (ANNA.email, "No sound", chain)


@pytest.mark.parametrize(
    ("value", "name", "email"),
    [
        (FROM, "Anna Keller", "anna@c.example"),
        ('"Keller, Anna" <anna@c.example>', "Keller, Anna", "anna@c.example"),
        ("Keller, Anna <anna@c.example>", "Keller, Anna", "anna@c.example"),
        ("'anna@c.example' <anna@c.example>", "", "anna@c.example"),
        ("Anna Keller [mailto:anna@c.example]", "Anna Keller", "anna@c.example"),
        ("Anna Keller <anna@c.example<mailto:anna@c.example>>", "Anna Keller", "anna@c.example"),
        ("Anna<mailto:anna@c.example> <anna@c.example<mailto:anna@c.example>>", "Anna", "anna@c.example"),
        ("anna@c.example", "", "anna@c.example"),
        ("<anna@c.example>", "", "anna@c.example"),
        ('"林伟" <lin@qq.example>;', "林伟", "lin@qq.example"),
        ("Anna Keller", "Anna Keller", ""),
        (f"{FROM} on behalf of tickets@c.example", "Anna Keller", "anna@c.example"),
        (f"list@c.example on behalf of {FROM}", "Anna Keller", "anna@c.example"),
        ("list@c.example [mailto:list@c.example] On Behalf Of Anna Keller", "Anna Keller", "list@c.example"),
        ("", "", ""),
    ],
)
def test_the_sender_is_read_as_programs_print_it(value, name, email):
    assert read_sender(value) == (name, email)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Our settings:\nFrom: Beijing\nTo: Shanghai\nSubject: test\nboth are slow", "Slow"),
        (
            "We send:\nFrom: alerts@c.example\nTo: ops@c.example\nSubject: disk\nand nothing arrives",
            "Mails missing",
        ),
        (
            f"Thanks.\n\n{LINES[0]}\n> Restart it.\n> ---------- Forwarded message ---------\n> {FROM}",
            "Re: No sound",
        ),
        ("I will forward the message:\nwhen I find it", "Fwd: No sound"),
        ("Forwarded message:\nnothing below", ""),
        (f"---- 回复的原邮件 ----\n| 发件人 | {FROM} |\n| 日期 | 2026年01月05日 10:00 |\nold", ""),
        ("", "Fwd: No sound"),
        ("> 1\n> 2", "1"),
    ],
)
def test_a_text_that_is_no_forward_names_no_sender(text, subject):
    assert read_forward(text, subject) is None


def test_a_whole_mail_is_read():
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "colleague@desk.example", "VL: No sound"
    mail.set_content(f"FYI\n\n{block(LABELS['fi'])}\n\n{WORDS}\n")
    assert forwarded_mail(parse(bytes(mail))) == ANNA


PIECES = st.sampled_from(
    [
        *MARKS,
        *LINES,
        "From: a@b.example",
        "Date: 5 Jan 2026",
        "Subject: x",
        "To: y",
        "",
        ">",
        "> From: a",
        "|From|x|",
        "x",
    ]
)


@given(st.lists(PIECES, max_size=15).map("\n".join), st.sampled_from(["", "Fwd: x", "Re: x"]))
def test_any_lines_give_no_forward_or_one_with_a_sender(text, subject):
    assert person(read_forward(text, subject)) != ("", "")


def person(found: ForwardedMail | None) -> tuple[str, str] | None:
    return (found.name, found.email) if found else None


@given(st.text(), st.text())
def test_any_text_gives_no_forward_or_one_with_a_sender(text, subject):
    assert person(read_forward(text, subject)) != ("", "")


@pytest.mark.parametrize(
    "seed",
    [
        "From: ",
        "From: a\n",
        "|a|b",
        "-----",
        "> ",
        "On 1 Jan 2026 10:00 ",
        "a@b <",
        "From: <a@b>To: ",
        "wrote:\n",
        "发件人：",
        "(",
    ],
)
def test_a_hostile_megabyte_takes_no_time(seed):
    text = (seed * (1_000_000 // len(seed) + 1))[:1_000_000]
    assert takes_at_most(0.3, lambda: read_forward(text, "Fwd: x"))
