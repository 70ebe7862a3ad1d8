"""A signed JSON message to a web address. The schema is stable: fields are added, never renamed or removed.

Headers: `X-Desk-Timestamp`, seconds since 1970, and with a secret `X-Desk-Signature`, `sha256=` and the hexadecimal
HMAC-SHA256 over the timestamp, a full stop and the body. A receiver computes it again, compares it in constant time,
and refuses a timestamp older than a few minutes. Body: `version` (1), `event` ("notification" or "test"), `kind`,
`urgent`, `subject`, `text`, and `tickets`, a list of `number`, `priority`, `subject`, `customer`, `url`, `due_at`
(ISO 8601 in UTC, or null), `what`. Any status from 200 to 299 accepts it.
"""

import hashlib
import hmac
import json

from escalation.notifications.channels.payload import ChannelMessage
from tickets.protocols.http import Session


def post(parcel: ChannelMessage) -> bool:
    """True if the receiver accepted it. Needs an `exchange`; raises what requests raises."""
    body = json.dumps(dict(parcel.words.facts), ensure_ascii=False, separators=(",", ":")).encode()
    stamp = str(int(parcel.at.timestamp()))
    headers = {"Content-Type": "application/json; charset=utf-8", "X-Desk-Timestamp": stamp}
    if parcel.secret:
        headers["X-Desk-Signature"] = signature(parcel.secret, stamp, body)
    with Session() as session:
        return 200 <= session.request("POST", parcel.address, data=body, headers=headers).status_code < 300


def signature(secret: str, stamp: str, body: bytes) -> str:
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    return f"sha256={mac.hexdigest()}"
