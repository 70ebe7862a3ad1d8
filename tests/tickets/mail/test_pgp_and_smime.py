"""Encrypted and signed mails are told apart, wherever in the mail the protected part stands."""

import pytest

from tests.rawmail import rawmail
from tickets.mail import MailNote, parse


def notes(content_type: str, body: str, **headers: str) -> tuple[MailNote, ...]:
    return parse(
        rawmail(body=body, headers={"MIME-Version": "1.0", "Content-Type": content_type, **headers})
    ).notes


def multipart(*parts: str) -> str:
    return "".join(f"--x\r\n{part}\r\n" for part in parts) + "--x--\r\n"


WORDS = "Content-Type: text/plain\r\n\r\nThe room is black."
PGP_MESSAGE = "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA+xy\r\n-----END PGP MESSAGE-----\r\n"


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        (
            'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=x',
            multipart(
                "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1",
                "Content-Type: application/octet-stream; name=encrypted.asc\r\n\r\n" + PGP_MESSAGE,
            ),
            MailNote.ENCRYPTED_PGP,
        ),
        ("text/plain", "\r\n" + PGP_MESSAGE, MailNote.ENCRYPTED_PGP),
        (
            "text/plain",
            "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nThe room is black.\r\n",
            MailNote.SIGNED_PGP,
        ),
        (
            'multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha256; boundary=x',
            multipart(WORDS, "Content-Type: application/pgp-signature\r\n\r\niQEz"),
            MailNote.SIGNED_PGP,
        ),
        (
            'multipart/signed; protocol="application/x-pkcs7-signature"; micalg=sha-256; boundary=x',
            multipart(WORDS, "Content-Type: application/x-pkcs7-signature; name=smime.p7s\r\n\r\nMIIF"),
            MailNote.SIGNED_SMIME,
        ),
        (
            "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
            "MIIF",
            MailNote.ENCRYPTED_SMIME,
        ),
        ("application/x-pkcs7-mime; name=smime.p7m", "MIIF", MailNote.ENCRYPTED_SMIME),
        ("application/pkcs7-mime; smime-type=authEnveloped-data", "MIIF", MailNote.ENCRYPTED_SMIME),
        (
            "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
            "MIIF",
            MailNote.SIGNED_SMIME_WHOLE,
        ),
    ],
)
def test_an_encrypted_or_signed_mail_is_noted_as_such(content_type, body, expected):
    assert notes(content_type, body) == (expected,)


def test_an_encrypted_part_inside_a_list_mail_is_noted_too():
    inner = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIIF"
    assert notes("multipart/mixed; boundary=x", multipart(WORDS, inner)) == (MailNote.ENCRYPTED_SMIME,)


@pytest.mark.parametrize(
    "body",
    ["How do I decrypt a file that begins with -----BEGIN PGP MESSAGE-----?", "> " + PGP_MESSAGE],
)
def test_a_mail_that_only_speaks_of_encryption_is_not_encrypted(body):
    assert notes("text/plain", body) == ()
