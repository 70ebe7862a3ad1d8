"""The words by which mail programs mark quotes and forwards, in the languages of our customers' customers.

Spellings are compared without regard to case, labels also without regard to blanks.
"""

SEPARATOR_WORDS = (
    "original messages?", "original", "original e?-?mail", "reply message", "replied message",
    "reply separator", "原始邮件", "原始邮件信息", "回复邮件信息", "原邮件", "回复的原邮件", "回复的邮件", "原始訊息",
    "原始郵件", "原始信息", "原文", "邮件原件", "元のメッセージ", "元のメール", "original nachricht",
    "antwort nachricht",
    "ursprüngliche nachricht", "originalnachricht", "ursprungliche nachricht", "message d['’]origine",
    "message original", "message initial", "mensaje original", "mensagem original", "messaggio originale",
    "messaggio originario", "oorspronkelijk bericht", "origineel bericht", "original meddelelse", "oprindelig besked",
    "oprindelig meddelelse", "original besked", "originalmeddelande",
    "opprinnelig melding", "ursprungligt meddelande", "alkuperäinen viesti", "wiadomość oryginalna",
    "oryginalna wiadomość", "původní zpráva", "původní e-mail", "pôvodná správa", "eredeti üzenet",
    "исходное сообщение", "исходное письмо", "оригинал сообщения",
    "оригинальное сообщение", "оригінальне повідомлення", "orijinal mesaj", "özgün ileti", "원본 메시지", "원본 메일",
    "원본메일", "mesajul original", "mesaj original", "izvorna poruka", "izvirno sporočilo", "algne kiri",
    "originali žinutė", "sākotnējā ziņa", "αρχικό μήνυμα", "оригинално съобщение", "původní zpráva",
    "original message from customer", "tin nhắn gốc", "pesan asli", "ข้อความดั้งเดิม", "הודעה מקורית", "الرسالة الأصلية",
)  # fmt: skip

# Those of them that say the mail was answered.
REPLY_SEPARATOR = r"回复|reply|replied|antwort"

# Between dashes, or on a line of their own that ends with a colon.
FORWARD_WORDS = (
    "forwarded message", "forwarded mail", "forwarded e-?mail", "forwarded by", "begin forwarded message",
    "转发邮件", "转发邮件信息", "转发的邮件", "转发的原邮件", "转发的消息", "转发消息", "转发信息",
    "轉寄郵件", "轉寄的郵件", "轉寄訊息", "轉發郵件", "开始转发的邮件", "以下是转发的邮件",
    "weitergeleitete nachricht", "weitergeleitete mail", "anfang der weitergeleiteten nachricht",
    "message transféré", "message transmis", "message réexpédié", "courriel transféré",
    "début du message réexpédié", "début du message transféré",
    "mensaje reenviado", "inicio del mensaje reenviado",
    "mensagem encaminhada", "mensagem reencaminhada", "início da mensagem reencaminhada",
    "início da mensagem encaminhada",
    "messaggio inoltrato", "inizio messaggio inoltrato", "doorgestuurd bericht", "begin doorgestuurd bericht",
    "videresendt meddelelse", "videresendt besked", "start på videresendt besked", "videresendt melding",
    "videresendt e-post", "vidarebefordrat meddelande", "vidarebefordrat mejl", "vidarebefordrat brev",
    "edelleenlähetetty viesti", "välitetty viesti / fwd\\.msg", "välitetty viesti", "välitetty viesti alkaa",
    "přeposlaná zpráva", "začátek přeposílané zprávy", "preposlaná správa --- forwarded message",
    "preposlaná správa", "začiatok preposlanej správy", "továbbított üzenet", "továbbított levél",
    "továbbított levél kezdete", "przekazana wiadomość", "treść przekazanej wiadomości",
    "wiadomość przesłana dalej", "początek przekazywanej wiadomości",
    "mesaj redirecționat", "mesaj redirecţionat", "mesaj redirectionat", "începe mesajul redirecționat",
    "mesaj transmis mai departe", "proslijeđena poruka", "započni proslijeđenu poruku", "prosleđena poruka",
    "posredovano sporočilo", "edasisaadetud kiri", "edastatud kiri", "edastatud sõnum",
    "persiųstas laiškas", "persiųsta žinutė", "pārsūtīta ziņa", "pārsūtītā ziņa",
    "пересылаемое сообщение", "перенаправленное сообщение", "переадресованное сообщение", "пересланное сообщение",
    "начало переадресованного сообщения", "начало пересылаемого сообщения", "конец пересылаемого сообщения",
    "переслане повідомлення", "перенаправлене повідомлення", "початок листа, що пересилається",
    "препратено съобщение", "прослеђена порука", "προωθημένο μήνυμα", "προωθούμενο μήνυμα",
    "iletilmiş mesaj", "iletilen ileti", "iletilen mesaj", "yönlendirilen ileti", "ileti başlangıcı",
    "転送メッセージ", "転送されたメッセージ", "メッセージを転送", "転送メール", "전달된 메시지", "전달된 메일",
    "전달 메시지",
    "thư đã chuyển tiếp", "tin nhắn được chuyển tiếp", "pesan terusan", "pesan yang diteruskan",
    "ข้อความที่ส่งต่อ", "הודעה שהועברה", "رسالة معاد توجيهها", "الرسالة المحولة",
)  # fmt: skip
# These mark a forward only between dashes; on their own they are a person's words.
DASHED_FORWARD_WORDS = ("forwarded", "fwd", "fw", "转发", "轉寄", "転送")

_LABELS = {
    "from": (
        "from von de da van od от fra från kimden gönderen lähettäjä feladó expéditeur remitente mittente "
        "afzender nadawca odesílatel odesilatel odosielateľ pošiljatelj pošilja šalje saatja kellelt nuo siuntėjas "
        "sūtītājs dela expeditor expeditorul отправитель откого відправник від відкого подател από αποστολέας "
        "发件人 發件人 寄件人 寄件者 发信人 发送人 发送者 来自 差出人 送信者 送信元 差出人アドレス 보낸사람 "
        "보낸이 발신 발신자 จาก từ dari pengirim מאת من"
    ),
    "date": (
        "sent date gesendet datum envoyé envoyéle enviado enviada enviadoel inviato data verzonden wysłano wysłane "
        "отправлено дата відправлено надіслано изпратено sendt dato skickat tarih gönderildi gönderilen "
        "gönderilmetarihi lähetetty päivä päiväys päivämäärä odesláno odoslané odoslaná elküldve dátum küldve "
        "fecha trimis trimisla dată poslano poslato saadetud kuupäev išsiųsta nosūtīts datums "
        "ημερομηνία στάλθηκε "
        "发送时间 发件时间 发送日期 日期 时间 發送時間 發送日期 寄件日期 寄送時間 传送日期 傳送日期 传送时间 傳送時間 "
        "送信日時 送信日 日時 日付 보낸날짜 보낸시간 보낸일시 날짜 일시 작성일 "
        "ส่ง ส่งแล้ว วันที่ gửi đãgửi ngày thờigian tanggal dikirim "
        "senton senttime תאריך נשלח تاريخ التاريخ أرسلت"
    ),
    "to": (
        "to an à para a aan do кому til till kime vastaanottaja címzett destinataire destinatario destinatar "
        "destinatarul pour per komu pre prima primatelj prejemnik adresat odbiorca către "
        "kellele saaja kam gavėjas saņēmējs получатель одержувач за до προς "
        "收件人 收信人 收件者 宛先 送信先 받는사람 받는이 수신 수신자 ถึง tới kepada đến אל إلى"
    ),
    "cc": (
        "cc kopie kopie(cc) copia copieà copie копия копія kopia kopio kopi kópia másolat másolatotkap bilgi ccn bcc "
        "dw koopia kopija κοιν κοινοποίηση "
        "抄送 抄送人 抄送至 副本 密送 参照 참조 숨은참조 สำเนา đồnggửi tembusan עותק نسخة"
    ),
    "subject": (
        "subject betreff objet sujet asunto assunto oggetto ogg onderwerp temat тема тема(subject) относно emne ämne "
        "konu aihe předmět predmet tárgy subiect subiectul naslov zadeva teema tema temats θέμα "
        "主题 主旨 主題 标题 標題 标 题 件名 题目 제목 เรื่อง หัวเรื่อง chủđề tiêuđề perihal subjek re נושא الموضوع"
    ),
    "other": (
        "reply-to replyto antwortan répondreà respondera rispondia antwoordaan svartil svaratill vastaus "
        "odpověďna odpovedať-pre odpowiedź-do válaszcím odgovorina răspunscătre ответ-кому комувідповісти yanıtadresi "
        "importance priority wichtigkeit priorität priorité prioridad wysokiepriorytet "
        "attachments attachment anlagen anhänge piècesjointes adjuntos anexos allegati bijlagen "
        "organization organisation sender mailing-list security-level sensitivity "
        "回复 答复 回复地址 附件 优先级 重要性 优先級 返信先 添付ファイル 첨부파일"
    ),
}  # fmt: skip
LABEL_KINDS = {label.lower(): kind for kind, labels in _LABELS.items() for label in labels.split()}

# Labels that one program writes without a colon, followed by a blank; see header_blocks.
COLONLESS = ("Assunto", "Dw")


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


FORWARD_PREFIXES = _word_set(
    "fw fwd fwd. fws wg tr rv enc vb vs vl pd i rif doorst dv videresend videres vidb redir redir. ilt i̇lt "
    "iletilen iletildi trs továbbítás tov πρθ προθ пересл пер перенапр hv fs edasi edastus pers pārsūtīts posl nl "
    "prosl forward forwarded 转发 轉寄 轉發 转寄 転送 전달 ct diteruskan trsl"
)
REPLY_PREFIXES = _word_set(
    "re re. aw antw antw. sv res r odp vá atb ynt yan απ σχετ отв ответ відп bls balas tl ref réf "
    "回复 答复 回覆 返信 答覆 回應 회신 답장"
)
