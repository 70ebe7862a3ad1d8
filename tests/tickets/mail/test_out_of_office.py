"""Subjects of automatic replies, and sentences that merely begin alike."""

import pytest

from tickets.mail.out_of_office import is_automatic_reply

AUTOMATIC = """
Automatic reply: Question
Automatic reply
[EXTERNAL] Automatic reply: Question
[SD#12] Automatic reply: Question
Re: Auto-Reply: x
Re: [EXT] 自动回复: 您好
Automatic Response (no answer needed): x
Out of Office
Out of Office AutoReply: Question
Out of the office until Monday, 5 June 2024
I'm out of the office until 5 June
I am currently on annual leave
On holiday
On vacation until 12/05
OOO: back on Monday
OOO until Monday
AUTO: Anna Long is out of the office (returning 05.06.2024)
[自动回复]您好
【自动回复】我不在
回复: 自动回复: x
自动回复（外出）：您好
自动答复：不在
自動回覆: 您好
休假中
出差中：x
不在です
自動返信: 件名
不在通知
자동 회신: x
부재중
Autosvar: Fråga
Automatiskt svar: Ärende
Frånvaromeddelande
Automatisk svar: Spørsmål
Fraværsmelding
Automaattinen vastaus: x
Odpowiedź automatyczna: pytanie
Automatyczna odpowiedź: x
Poza biurem do 15.08
Otomatik yanıt: soru
İşyeri dışında: x
Автоматический ответ: вопрос
Автоответ: x
Нет на работе: x
Автоматична відповідь: x
Abwesenheitsnotiz: Frage
Automatische Antwort: Frage
Abwesend bis 12.08.
Réponse automatique : question
Absence du bureau : x
Respuesta automática: x
Resposta automática: x
Risposta automatica: x
Automatisch antwoord: x
Automatická odpověď: x
Automatikus válasz: x
Αυτόματη απάντηση: x
Ārpus biroja atrašanās automātiska atbilde: x
Trả lời tự động: x
"""
OF_PEOPLE = """
On holiday our streams break
On holiday until Monday our streams break
Automatic reply does not work
Automatic reply (bot) does not work
Auto reply feature does not work
Re: Automatic replies broken
Out of office hours calls fail
Out of Office - calls fail after six
I am out of ideas
OOOps something failed
自动回复（机器人）失效
自动回复功能异常
自动回复失效
在线客服自动回复失败
[自动化] 任务失败
休假中的主播无法开播
不在时推流失败
不在線の表示が直らない
В отпуске пользователи не могут войти
Absence of audio in room 5
"""


@pytest.mark.parametrize("subject", AUTOMATIC.strip().split("\n"))
def test_the_subject_of_an_automatic_reply_is_recognised(subject):
    assert is_automatic_reply(subject)


@pytest.mark.parametrize("subject", OF_PEOPLE.strip().split("\n"))
def test_a_sentence_that_merely_begins_alike_is_not_an_automatic_reply(subject):
    assert not is_automatic_reply(subject)


@pytest.mark.parametrize(
    "subject", ["[a]" * 300, "out of office " + "1" * 400 + "x", "ooo " + "1月" * 200 + "x", "on " * 300]
)
def test_a_hostile_subject_is_read_in_no_time(subject):
    assert not is_automatic_reply(subject)
