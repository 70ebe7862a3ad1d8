"""What is new and what is folded; nothing is ever lost.

Tests html_quotes, quote_words, quote_shapes and quote_attributions too.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cputime import takes_at_most
from tickets.mail.html import parse_html
from tickets.mail.quotes import split_html, split_text
from tickets.mail.values import SegmentKind

NEW = "Still no sound.\n卡住了。"
OLD = "Please restart.\n请重启。"

HEADS = [
    "On Mon, Jan 5, 2026 at 10:00 AM Support <s@desk.example> wrote:",
    "On Mon, Jan 5, 2026 at 10:00 AM Support Desk of a Company <s@desk.example>\nwrote:",
    "On 05/01/2026 10:00, Support wrote:",
    'At 2026-01-05 10:00:00, "Support" <s@desk.example> wrote:',
    "Am 05.01.2026 um 10:00 schrieb Support:",
    "Le lun. 5 janv. 2026 à 10:00, Support <s@desk.example> a écrit :",
    "El lun, 5 ene 2026 a las 10:00, Support (<s@desk.example>) escribió:",
    "Em seg., 5 de jan. de 2026 às 10:00, Support <s@desk.example> escreveu:",
    "Il giorno lun 5 gen 2026 alle ore 10:00 Support <s@desk.example> ha scritto:",
    "Op ma 5 jan 2026 om 10:00 schreef Support <s@desk.example>:",
    "пн, 5 янв. 2026 г. в 10:00, Support <s@desk.example> написал(а):",
    "在 2026年1月5日 10:00，Support <s@desk.example> 写道：",
    "在2026-01-05 10:00:00，Support<s@desk.example>写道：",
    "于 2026年1月5日 10:00，Support 写道：",
    "Support <s@desk.example> 于2026年1月5日周一 10:00写道：",
    "Support <s@desk.example> 於 2026年1月5日 週一 上午10:00寫道：",
    "2026年1月5日(月) 10:00 Support <s@desk.example>:",
    "2026年1月5日 10:00、Support <s@desk.example>のメール:",
    "2026년 1월 5일 (월) 오전 10:00, Support <s@desk.example>님이 작성:",
    "---- On Fri, 20 Nov 2026 17:55:32 +0800 Support <s@desk.example> wrote ----",
    '26.06.2026, 14:41, "Support" <s@desk.example>:',
    "         Original\n         \n       \nFrom:Support <s@desk.example>\nSent Time:Oct 9, 2026 10:01",
    "---- Replied Message ----\n| From | Support<s@desk.example> |\n| Date | 10/03/2026 15:42 |",
    "On Mon, Mar 5, 2024 at 10:07 AM Anna Longname <\nanna@desk.example> wrote:",
    "On Dec 16, 2011, at 12:47 PM, Anna Longname\n<anna@desk.example>\nwrote:",
    "On Tue, Apr 11, 2017 at 10:07 PM Anna\n\n<\nmailto:Anna <anna@desk.example>\n> wrote:",
    "Am Mi., 5. Feb. 2020 um 17:58 Uhr schrieb Anna Longname <\nanna@desk.example>:",
    "Anna <anna@desk.example> schrieb am So., 23.\nJuni 2024, 21:08:",
    "Le lun. 15 nov. 2021 à 19:42, Anna - Support <anna@desk.example>\na écrit :",
    "Il giorno lun 5 gen 2026 alle ore 10:00 Anna <\nanna@desk.example> ha scritto:",
    "пн, 5 янв. 2026 г. в 10:00, Anna <\nanna@desk.example>:",
    "Anna Longname <anna@desk.example> 于2026年1月5日周一\n10:00写道：",
    "在 2026年1月5日周一 10:00，Anna Longname <\nanna@desk.example> 写道：",
    "2026년 1월 5일 (월) 오전 10:00, Anna <\nanna@desk.example>님이 작성:",
    "W dniu 28 stycznia 2015 01:53 użytkownik Anna <anna@desk.example>\nnapisał:",
    "po 5. 1. 2026 v 10:00 odesílatel Anna <anna@desk.example> napsal:",
    "Dňa po 5. 1. 2026 o 10:00 Anna <anna@desk.example> napísal(a):",
    "30.09.2017, 18.30, Anna <anna@desk.example>:",
    "---- Anna Longname wrote ----",
    "-----Anna <anna@desk.example> wrote: -----",
    "------ Original Message ------\nFrom Anna <anna@desk.example>\nTo a@b.example\nDate 1/5/2026 10:00:00",
    "From: Anna Longname \n<anna@desk.example> \nSent: Monday, August 26, 2019 4:37 PM\nTo: A\nSubject: B",
    "**From:** Anna <anna@desk.example>**On Behalf Of** B\n**Sent:** 28 July 2025 15:46\n**To:** A\n**Subject:** B",
    "From: Anna <anna@desk.example> Sent: Monday, 5 January 2026 10:00 To: A Subject: B",
    "Date: Wed, 16 May 2012 00:15:02 -0600\nTo: anna@desk.example",
    "-----Original Message-----",
    "-------- Original message --------",
    "------------------ 原始邮件 ------------------",
    "------------------ Original ------------------",
    "-----原始邮件-----",
    "---- 回复的原邮件 ----",
    "---- Replied Message ----",
    "-----Ursprüngliche Nachricht-----",
    "-----邮件原件-----\n发件人: S <s@desk.example>\n发送时间: 2026年1月5日 10:00\n收件人: x\n主题: y",
    "From: Support <s@desk.example>\nSent: Monday, January 5, 2026 10:00\nTo: A\nSubject: Sound",
    "*From:* Support <s@desk.example>\n*Sent:* Monday, January 5, 2026 10:00\n*To:* A\n*Subject:* Sound",
    "________________________________\nFrom: Support <s@desk.example>\nSent: 5 January 2026\nTo: A\nSubject: B",
    "发件人: Support <s@desk.example>\n发送时间: 2026年1月5日 10:00\n收件人: A\n主题: 声音",
    "原始邮件\n\n发件人：Support <s@desk.example>\n发件时间：2026年1月5日 10:00\n收件人：A\n主题：声音",
    "发件人： Support\n日期： 2026年1月5日\n收件人： A\n主　题： 声音",
    "发 件 人: Support\n发送时间: 2026-01-05\n收 件 人: A\n主 题: 声音",
    "寄件者: Support\n寄件日期: 2026年1月5日\n收件者: A\n主旨: 聲音",
    "Support wrote (2026/01/05 10:00):",
    "於 2026/1/5 上午 10:00, Support 提到:",
    "寄件人: Support\n傳送時間: 2026年1月5日 10:00\n收件人: A\n主旨: 聲音",
    "回复邮件信息\n发件人：Support <s@desk.example>\n发送时间：2026年1月5日 10:00\n收件人：A",
    "| 发件人 | Support<s@desk.example> |\n| 发送日期 | 2026年01月05日 10:00 |\n| 收件人 | A |\n| 主题 | 声音 |",
    "差出人: Support\n送信日時: 2026年1月5日 10:00\n宛先: A\n件名: 音",
    "보낸 사람: Support\n보낸 날짜: 2026년 1월 5일\n받는 사람: A\n제목: 소리",
    "Von: Support\nGesendet: Montag, 5. Januar 2026 10:00\nAn: A\nBetreff: Ton",
    "De : Support\nEnvoyé : lundi 5 janvier 2026 10:00\nÀ : A\nObjet : Son",
    "От: Support\nОтправлено: 5 января 2026 г. 10:00\nКому: A\nТема: Звук",
]


def split_by_kind(text: str) -> dict[SegmentKind, str]:
    text_by_kind: dict[SegmentKind, str] = {}
    for segment in split_text(text):
        text_by_kind[segment.kind] = text_by_kind.get(segment.kind, "") + segment.text
    return text_by_kind


@pytest.mark.parametrize("head", HEADS)
def test_text_below_a_known_reply_header_is_folded(head):
    text_by_kind = split_by_kind(f"{NEW}\n\n{head}\n\n{OLD}\n")
    assert text_by_kind[SegmentKind.NEW] == NEW
    assert head in text_by_kind[SegmentKind.QUOTE]
    assert OLD in text_by_kind[SegmentKind.QUOTE]


def test_answers_between_and_below_quoted_lines_stay():
    text = f"Hi\n\n{HEADS[0]}\n> first\n> question\nfirst answer\n> second\n> question\nsecond answer\n"
    text_by_kind = split_by_kind(text)
    assert text_by_kind[SegmentKind.NEW] == "Hi\nfirst answer\nsecond answer\n"
    assert "question" in text_by_kind[SegmentKind.QUOTE]


def test_single_quoted_lines_between_answers_are_folded_once_there_is_an_attribution():
    text = f"{HEADS[0]}\n> Is it A?\nYes.\n\n> Or B?\n\nNo.\n"
    assert split_by_kind(text)[SegmentKind.NEW].split() == ["Yes.", "No."]


def test_an_answer_below_a_quoted_head_stays():
    head = "> From: S <s@desk.example>\n> Sent: Monday, 5 January 2026 10:00\n> To: A\n> Subject: B\n>\n> question"
    assert split_by_kind(f"{head}\nmy answer")[SegmentKind.NEW] == "my answer"
    assert (
        split_by_kind("> -----Original Message-----\n> question\nmy answer")[SegmentKind.NEW] == "my answer"
    )


def test_quotes_above_answers_need_no_attribution():
    text = "> first question\n> of two\nfirst answer\n> second question\n> of two\nsecond answer"
    assert split_by_kind(text)[SegmentKind.NEW] == "first answer\nsecond answer"


UNDATED = """
On Monday the desk wrote:
Anna wrote:
Anna Long (Support) wrote :
You wrote:
Am Montag schrieb Anna:
Anna schrieb:
Lundi, Anna a écrit :
El lunes Anna escribió:
Anna escreveu:
Lunedì Anna ha scritto:
Anna schreef:
Anna skrev:
Anna napisała:
Анна написала:
Anna yazdı:
林悦写道：
林悦 寫道:
林さんは書きました：
""".strip().splitlines()


@pytest.mark.parametrize("line", UNDATED)
def test_quoted_lines_below_a_line_that_says_who_wrote_are_folded_with_it(line):
    text = f"Thank you, and for live rooms?\n\n{line}\n> Recordings are kept for 90 days.\n> The file has more.\n"
    assert split_by_kind(text)[SegmentKind.NEW] == "Thank you, and for live rooms?"


@pytest.mark.parametrize(
    "line",
    [
        "The console says:", "Our log wrote:", "The server wrote:", "I wrote:", "As we wrote:", "控制台写道：",
        "The steps are as follows:", "Anna wrote to me that the room is black and that nothing helps, see here:",
        "ich schrieb:", "我写道：",
    ],
)  # fmt: skip
def test_quoted_lines_that_the_writer_announces_and_pastes_stay(line):
    text = f"Please look.\n\n{line}\n> the room is black\n> and nothing helps\n"
    assert set(split_by_kind(text)) == {SegmentKind.NEW}


def test_values_quoted_below_a_name_alone_stay():
    text = "Please look.\n\nAnna wrote:\n> 1020\n> curl https://api.company.example\n"
    assert set(split_by_kind(text)) == {SegmentKind.NEW}


def test_a_sentence_above_an_attribution_stays_even_when_it_starts_like_one():
    text = "On Monday at 10:00 the call failed\nAnna <a@x.example> wrote:\n> old\n> words\n"
    assert split_by_kind(text)[SegmentKind.NEW] == "On Monday at 10:00 the call failed"


@pytest.mark.parametrize("glue", [" ", "--- "])
def test_an_attribution_behind_the_answer_on_one_line_is_folded(glue):
    text = f"No sound.{glue}On Wed, Apr 4, 2012 at 3:59 PM, s@desk.example wrote:\n> Hi"
    assert split_by_kind(text)[SegmentKind.NEW] == "No sound."


def test_the_rest_of_a_link_wrapped_out_of_a_quote_is_folded_with_it():
    text = f"{NEW}\n\n{HEADS[0]}\n> see (http://x.example/action\n_nonce=3dd518)\n> please"
    assert split_by_kind(text)[SegmentKind.NEW] == NEW


def test_the_rest_of_a_line_wrapped_out_of_a_quote_is_folded_with_it():
    text = f"{NEW}\n\n{HEADS[0]}\n> {'long words ' * 7}\nand their tail\n> more\nmy answer\n> end\n> of it"
    assert split_by_kind(text)[SegmentKind.NEW] == f"{NEW}\nmy answer"


def test_nothing_is_folded_in_a_mail_that_forwards():
    text = f"{NEW}\n\n{'-----Original Message-----'}\n\n{OLD}"
    assert [part.kind for part in split_text(text, is_forward=True)] == [SegmentKind.NEW]
    tree = parse_html('<p>FYI</p><div id="divRplyFwdMsg">From: S</div><p>words</p>')
    assert [part.kind for part in split_html(tree, is_forward=True)] == [SegmentKind.NEW]


def test_the_footer_of_a_mailing_list_is_a_signature():
    footer = "_______________________________________________\nusers mailing list\nusers@lists.example"
    assert split_by_kind(f"{NEW}\n\n{footer}")[SegmentKind.SIGNATURE].strip() == footer


def test_an_answer_below_the_quote_stays():
    assert split_by_kind(f"{HEADS[0]}\n> old\n> words\n\nNew words.")[SegmentKind.NEW].strip() == "New words."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday your engineer wrote: restart it. It did not help.",
        "On 5 January your engineer wrote:\nplease restart\nbut it did not help",
        "用户在1月5日回复：\n卡\n我们也卡",
        "> 5 % packet loss is what we see",
        "From: Beijing\nTo: Shanghai\nboth directions are slow",
        "时间：20:00\n主题：推流失败\n影响：全部",
        "日期: 2026-01-05\n问题: 无法推流",
        "Our route:\nFrom: Beijing\nTo: Shanghai\nDate: 2026-01-05\nplease check it",
        "We send this:\nFrom: a@b.example\nTo: c@d.example\nSubject: hi\n\nand nothing arrives",
        "We measured\n> 5 % loss\n> 300 ms\nin Paris",
        "Here is the output:\n\n> error 1\n> error 2\n\nWhat now?",
        "The query\n> SELECT 1\n> FROM x\nis slow",
        "On Monday at 10:00 the call failed\nand Anna wrote: it is down",
        "See my answers below.\n\nFrom: S <s@d.example>\nSent: 5 January 2026 10:00\nTo: A\nSubject: B\n\nWhich?\n4",
        "我的回复见下文红字。\n\n发件人: S\n发送时间: 2026年1月5日 10:00\n收件人: A\n主题: B\n\n哪个版本？\n4.3.1",
        "FYI\n\n---------- Forwarded message ---------\nFrom: a@b.example\n\nbody\n\n-- \nAnna",
        "FYI\n\n> Begin forwarded message:\n>\n> From: a@b.example\n> Subject: c\n>\n> body",
        "FYI\n\n---------- Forwarded message ---------\nFrom: a\nDate: b\nSubject: c\nTo: d\n\nbody",
        "从昨天开始邮箱收不到验证码",
        "来自 iPhone 用户的反馈越来越多，请看一下",
        "Sent via API the request fails",
        "-----Original Message-----\nnothing above it",
        "--- a/file\n+++ b/file",
    ],
)
def test_in_doubt_nothing_is_folded(text):
    assert [segment.kind for segment in split_text(text)] == [SegmentKind.NEW]


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAnna Keller\n+49 30 5550",
        "--\nAnna",
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "获取 Outlook for iOS",
        "Télécharger Outlook pour iOS<https://aka.ms/o0ukef>",
        "发自我的iPhone",
        "发自我的华为手机",
        "来自 Outlook for Android",
        "从我的iPhone发送",
        "iPhoneから送信",
        "Von meinem iPhone gesendet",
        "| |\n张三\n|\n|\n邮箱：zhang@b.example\n|",
        "签名由 网易邮箱大师 定制",
        "Sent from my cell, please excuse any typos.",
        "(Sent from mobile device)",
        "從我的 iPhone 傳送",
        "从 Windows 版邮件发送",
        "Lähetetty iPhonesta",
        "Verzonden vanaf mijn iPhone",
        "스마트폰에서 보냄",
    ],
)
def test_a_signature_is_folded(signature):
    text_by_kind = split_by_kind(f"{NEW}\n\n{signature}")
    assert text_by_kind[SegmentKind.NEW] == NEW
    assert signature in text_by_kind[SegmentKind.SIGNATURE]


def test_the_telephone_line_above_a_quote_is_a_signature():
    text_by_kind = split_by_kind(f"{NEW}\n\nSent from my iPhone\n\n{HEADS[0]}\n\n> old\n> words")
    assert text_by_kind[SegmentKind.NEW].strip() == NEW


HTML_QUOTES = [
    '<div name="quote"><b>Sent:</b> today<br><b>From:</b> S<div>{old}</div></div>',
    '<div>26.06.2026, 14:41, "S" &lt;s@desk.example&gt;:</div><blockquote>{old}</blockquote>',
    "Thu, 26 Jun 2026 14:00:51 +0400 от S &lt;s@desk.example&gt;:<br>\n"
    '<blockquote style="margin:10px">{old}</blockquote>',
    "<article><div><div>Original</div><hr></div><table><tr><td><div><span>From:</span><span>S</span>"
    " &lt;s@desk.example&gt;"
    "</div><div><span>Sent Time:</span><span>Oct 9, 2026 10:01</span></div></td></tr></table>"
    "<div>{old}</div></article>",
    '<div class="history-quote-wrapper" id="lark-mail-quote-1748"><div>发件人: S</div><div>{old}</div></div>',
    '<div class="ydp12yahoo_quoted">{old}</div>',
    '<div id="origbody"><div>----- 原始邮件 -----<br>发件人：S</div>{old}</div>',
    "<div>‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐</div>"
    "<div>星期二, 七月 2, 2026 6:09 晚上，S &lt;s@desk.example&gt; 来信：</div>{old}",
    '<div class="zmail_extra"><div>---- 在 星期二, 02 七月 2026 17:55:32 +0800 <b>S</b> 撰写 ----</div>{old}</div>',
    '<div class="gmail_quote"><div class="gmail_attr">On x wrote:</div><blockquote>{old}</blockquote></div>',
    '<blockquote type="cite">{old}</blockquote>',
    '<div class="moz-cite-prefix">On 5.1.26 10:00, S wrote:<br></div><blockquote type="cite">{old}</blockquote>',
    '<div class="yahoo_quoted">{old}</div>',
    '<div class="protonmail_quote">{old}</div>',
    '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> S</div><div>{old}</div>',
    '<div id="divRplyFwdMsg"><b>From:</b> S</div><div>{old}</div>',
    '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> S</p></div></div><p>{old}</p>',
    '<div><div style="border:none;border-top:solid #B5C4DF 1.0pt"><p>发件人: S</p></div></div><p>{old}</p>',
    '<div id="divNeteaseMailCard"></div><p>在 2026-01-05，"S" 写道：</p>'
    '<blockquote id="isReplyContent">{old}</blockquote>',
    '<blockquote id="isReplyContent">{old}</blockquote>',
    '<div class="ntes-mailmaster-quote">{old}</div>',
    '<div id="replySplit"></div><div>{old}</div>',
    "<div>------------------&nbsp;原始邮件&nbsp;------------------</div><div>发件人: S</div><div>{old}</div>",
    "<includetail><div>{old}</div></includetail>",
    '<div>在 2026年1月5日，10:00，S &lt;s@desk.example&gt; 写道：</div><blockquote type="cite">{old}</blockquote>',
    "<blockquote style='margin-left:0.5em'><div style='border:none;border-top:solid #B5C4DF 1.0pt'>"
    "<div style='background:#efefef'><b>From:</b> S</div></div><div>{old}</div></blockquote>",
]


@pytest.mark.parametrize("shape", HTML_QUOTES)
def test_quotes_are_known_by_their_html(shape):
    tree = parse_html("<div>Still no sound.</div><br>" + shape.format(old="old words"))
    new = "".join(part.text for part in split_html(tree) if part.kind is SegmentKind.NEW)
    rest = "".join(part.text for part in split_html(tree) if part.kind is not SegmentKind.NEW)
    assert new == "Still no sound."
    assert "old words" in rest


def test_text_between_the_end_of_outlooks_editor_and_its_divider_stays():
    html = '<div>first</div><div id="appendonsend"></div><div>second</div>'
    html += '<hr><div id="divRplyFwdMsg"><b>From:</b> S</div>old'
    new = "".join(part.text for part in split_html(parse_html(html)) if part.kind is SegmentKind.NEW)
    assert new.split() == ["first", "second"]


def test_an_answer_below_an_attributed_blockquote_stays():
    html = '<p>26.06.2026, 14:41, "S" &lt;s@desk.example&gt;:</p><blockquote>old</blockquote><p>answer</p>'
    new = "".join(part.text for part in split_html(parse_html(html)) if part.kind is SegmentKind.NEW)
    assert new.strip() == "answer"


def test_answers_between_gmail_quotes_stay():
    quote = '<blockquote class="gmail_quote">{}</blockquote>'
    html = '<div class="gmail_quote"><div class="gmail_attr">On x wrote:</div>' + quote.format(
        "first question"
    )
    html += "<div>first answer</div>" + quote.format("second question") + "<div>second answer</div></div>"
    new = "".join(part.text for part in split_html(parse_html(html)) if part.kind is SegmentKind.NEW)
    assert new.split() == ["first", "answer", "second", "answer"]


def test_quotes_within_a_forwarded_mail_are_not_folded():
    html = '<p>FYI</p><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------</div>'
    html += '<p>alarm</p><blockquote class="gmail_quote">the alarm before</blockquote></div>'
    assert [part.kind for part in split_html(parse_html(html))] == [SegmentKind.NEW]


def test_a_forwarded_mail_is_not_folded():
    tree = parse_html(
        '<p>FYI</p><div class="gmail_quote">---------- Forwarded message ---------<br>alarm</div>'
    )
    assert [part.kind for part in split_html(tree)] == [SegmentKind.NEW]


def test_html_that_is_all_quote_is_shown():
    tree = parse_html('<blockquote type="cite">all there is</blockquote>')
    assert [(part.kind, part.text) for part in split_html(tree)] == [(SegmentKind.NEW, "all there is")]


@pytest.mark.parametrize("label", ["Date", "To", "No", "Data"])
def test_a_horizontal_rule_above_the_writers_own_table_folds_nothing(label):
    tree = parse_html(f'<p>Invoice</p><div style="border-top:1px solid">{label}: 5</div><p>is wrong</p>')
    assert [part.kind for part in split_html(tree)] == [SegmentKind.NEW]


def test_words_indented_by_hand_stay():
    tree = parse_html('Dear desk<blockquote class="gmail_quote">this is mine</blockquote>')
    assert [part.kind for part in split_html(tree)] == [SegmentKind.NEW]


@pytest.mark.parametrize(
    "seed",
    [
        "> a\n",
        "From: a\n",
        "-----\n",
        "On 1 Jan 2026 10:00 x <\n",
        "wrote:\n",
        "a@b <\n",
        " wrote:",
        "写道：",
        ">",
        "_",
        "(http",
        f"On Mon 10:00 {'x' * 500} wrote:\n",
    ],
)
def test_a_hostile_megabyte_takes_no_time(seed):
    text = (seed * (1_000_000 // len(seed) + 1))[:1_000_000]
    assert takes_at_most(0.3, lambda: split_text(text))


PIECES = st.sampled_from(
    [*HEADS, NEW, OLD, "> quoted", ">", "", " ", "-- ", "Sent from my iPhone", "From: x", "\t"]
)


@given(st.lists(PIECES, max_size=12).map("\n".join))
def test_the_segments_of_a_text_join_to_the_text(text):
    assert "".join(segment.text for segment in split_text(text)) == text


@given(st.text())
def test_any_text_can_be_split_and_joined(text):
    assert "".join(segment.text for segment in split_text(text)) == text


@given(st.lists(PIECES, min_size=1, max_size=12).map("\n".join))
def test_a_text_that_is_not_blank_always_has_a_new_part(text):
    new = "".join(segment.text for segment in split_text(text) if segment.kind is SegmentKind.NEW)
    assert bool(new.strip()) == bool(text.strip())
