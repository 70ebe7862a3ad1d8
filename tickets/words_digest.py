"""The salted digest of a message's words and times: it shows later that they are the same.

Once words and salt are erased, it tells nothing about them.
"""

import hashlib
import secrets

SALT_BYTES = 16
WORDS = ("body", "quoted", "html", "reached", "sender_address")  # the fields of a message that are words


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def digest_of(salt: bytes, *texts: str) -> bytes:
    """SHA-256 of the salt and of each text in UTF-8 with its length before it, as in a netstring: `5:Hello,`.

    The texts are those of WORDS, then in ISO form the time at which the message was recorded and, if it is not our
    own, the time of the message, else an empty one: our answers that bounced are sent again later.
    """
    digest = hashlib.sha256(salt)
    for text in texts:
        raw = text.encode()
        digest.update(b"%d:%b," % (len(raw), raw))
    return digest.digest()
