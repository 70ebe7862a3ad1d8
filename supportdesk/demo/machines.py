"""Automatic mail of the last day: a newsletter, an out-of-office reply, a bounce."""

from datetime import datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime, parseaddr

from supportdesk.demo import customer_mail
from supportdesk.demo.content_files import read_content
from supportdesk.demo.wording import filled
from supportdesk.demo.world import World
from tickets.choices import MailPurpose, Priority
from tickets.models import OutboundEmail


def schedule_machine_mails(world: World) -> None:
    address = world.boxes[Priority.P2].address
    world.agenda.add(world.now - timedelta(hours=9), lambda at: _newsletter(address, at))
    world.agenda.add(world.now - timedelta(hours=1, minutes=10), _out_of_office)
    world.agenda.add(world.now - timedelta(minutes=47), _bounce)


def _newsletter(address: str, at: datetime) -> None:
    mail = _mail(
        "CloudExpo <news@cloudexpo.example>", address, "Last call: early-bird tickets for CloudExpo", at
    )
    mail["List-Unsubscribe"] = "<https://cloudexpo.example/leave?u=88213>"
    mail["Precedence"] = "bulk"
    mail.set_content("Three days, 120 speakers, one ticket. Save 30 % until Friday.")
    customer_mail.deliver_mail(mail, at=at)


def _out_of_office(at: datetime) -> None:
    """An out-of-office reply to the latest answer sent to a customer."""
    sent = OutboundEmail.objects.filter(purpose=MailPurpose.REPLY).select_related("ticket__contact")
    last = sent.order_by("-created_at", "-pk").first()
    if last is None or last.ticket is None or last.ticket.contact is None:
        return
    contact = last.ticket.contact
    mail = _mail(f"{contact.name} <{contact.email}>", last.sender, f"Automatic reply: {last.subject}", at)
    mail["In-Reply-To"] = mail["References"] = f"<{last.rfc_message_id}>"
    mail["Auto-Submitted"] = "auto-replied"
    mail.set_content("I am travelling this week and read my mail in the evening. 本周出差，晚间回复邮件。")
    customer_mail.deliver_mail(mail, at=at)


def _bounce(at: datetime) -> None:
    """Bounce the latest answer to a stranger, so that their promise runs again from its start."""
    sent = OutboundEmail.objects.filter(purpose=MailPurpose.REPLY, ticket__customer=None)
    lost = sent.filter(created_at__gt=at - timedelta(days=1)).order_by("-created_at", "-pk").first()
    if lost is None:
        return
    address = lost.recipients[0]
    values = {
        "address": address,
        "domain": address.rpartition("@")[2],
        "desk": parseaddr(lost.sender)[1],
        "date": format_datetime(at),
        "serial": f"{at:%Y%m%d%H%M%S}",
        "lost": lost.rfc_message_id,
    }
    text = filled(read_content("bounce")["mail"].lstrip(), values)
    customer_mail.deliver_mail(message_from_string(text, policy=default), at=at)


def _mail(sender: str, to: str, subject: str, at: datetime) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{at:%Y%m%d%H%M%S}.auto@{sender.rstrip('>').rpartition('@')[2]}>"
    return mail
