"""Raw mails for tests: `rawmail(sender="li@company.example", subject="Black screen", body="Help")`."""

from collections.abc import Mapping


def rawmail(
    *,
    sender: str = "Li Wei <li@company.example>",
    to: str = "support@desk.example",
    subject: str = "Black screen",
    body: str = "The room is black.",
    message_id: str = "<one@company.example>",
    headers: Mapping[str, str] | None = None,
    content_type: str = "text/plain; charset=utf-8",
) -> bytes:
    """UTF-8 with CRLF; an empty value leaves its header out."""
    named = {
        "From": sender,
        "To": to,
        "Subject": subject,
        "Message-ID": message_id,
        "Content-Type": content_type,
        **(headers or {}),
    }
    lines = [f"{name}: {value}" for name, value in named.items() if value]
    return "\r\n".join([*lines, "", body, ""]).encode()


def bounce(*, original_id: str, recipient: str, status: str = "5.1.1", action: str = "failed") -> bytes:
    """A delivery status notification (RFC 3464) with the head of the original inside."""
    body = "\r\n".join(
        [
            "--b",
            "Content-Type: text/plain",
            "",
            "Your mail was not delivered.",
            "--b",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.company.example",
            "",
            f"Final-Recipient: rfc822; {recipient}",
            f"Action: {action}",
            f"Status: {status}",
            "Diagnostic-Code: smtp; 550 5.1.1 User unknown",
            "",
            "--b",
            "Content-Type: text/rfc822-headers",
            "",
            f"Message-ID: <{original_id}>",
            "Subject: Re: Black screen",
            "",
            "--b--",
        ]
    )
    return rawmail(
        sender="MAILER-DAEMON@mx.company.example",
        subject="Undelivered Mail Returned to Sender",
        message_id="<bounce@mx.company.example>",
        body=body,
        content_type='multipart/report; report-type=delivery-status; boundary="b"',
        headers={"Auto-Submitted": "auto-replied", "Return-Path": "<>"},
    )
