"""manage.py parse_email: what the desk reads in a mail, as one line of JSON, without a database."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from tests.rawmail import bounce, rawmail

KEYS = {
    "file", "subject", "from_email", "from_name", "reply_to", "to", "cc", "date", "message_id", "in_reply_to",
    "references", "text", "reply_text", "html", "attachments", "kind", "acknowledge", "counts", "why", "bounce",
    "forwarded_from",
}  # fmt: skip
MAILS = Path(__file__).resolve().parents[2] / "mails"


def read(*files: Path | str) -> list[dict]:
    out = io.StringIO()
    call_command("parse_email", *map(str, files), "--json", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture
def parsed(tmp_path):
    def run(raw: bytes) -> dict:
        path = tmp_path / "one.eml"
        path.write_bytes(raw)
        (line,) = read(path)
        return line

    return run


def test_every_key_is_printed_and_absent_values_are_empty(parsed):
    mail = parsed(b"Subject: x\n\n")
    assert set(mail) == KEYS
    empty = {key: mail[key] for key in KEYS - {"file", "subject", "kind", "acknowledge", "counts"}}
    lists = {
        key: []
        for key in ("reply_to", "to", "cc", "in_reply_to", "references", "attachments", "why", "bounce")
    }
    texts = dict.fromkeys(("from_email", "from_name", "message_id", "text", "reply_text", "html"), "")
    assert empty == {**lists, **texts, "date": None, "forwarded_from": None}


def test_a_person_s_mail(parsed):
    headers = {
        "Cc": "Bo <bo@company.example>",
        "Reply-To": "anna@company.example",
        "Date": "Tue, 5 Mar 2024 10:04:02 +0800",
        "In-Reply-To": "<a@desk.example>",
        "References": "<r@desk.example> <a@desk.example>",
    }
    mail = parsed(
        rawmail(body="Still black.\r\n\r\nOn Mon, 4 Mar 2024, Desk wrote:\r\n> Better now?", headers=headers)
    )
    assert (mail["from_email"], mail["from_name"]) == ("li@company.example", "Li Wei")
    assert mail["to"] == [{"name": "", "email": "support@desk.example"}]
    assert mail["cc"] == [{"name": "Bo", "email": "bo@company.example"}]
    assert mail["reply_to"] == [{"name": "", "email": "anna@company.example"}]
    assert mail["date"] == "2024-03-05T10:04:02+08:00"
    assert (mail["message_id"], mail["in_reply_to"]) == ("one@company.example", ["a@desk.example"])
    assert mail["references"] == ["r@desk.example", "a@desk.example"]
    assert mail["reply_text"] == "Still black."
    assert "> Better now?" in mail["text"]
    assert (mail["kind"], mail["acknowledge"], mail["counts"], mail["why"]) == ("person", True, True, [])


def test_an_automatic_mail_lists_the_signs_that_gave_it_away(parsed):
    mail = parsed(rawmail(headers={"Auto-Submitted": "auto-generated"}))
    assert (mail["kind"], mail["acknowledge"], mail["counts"]) == ("auto_generated", False, True)
    assert mail["why"] == ["Auto-Submitted: auto-generated"]


def test_our_own_address_as_sender_is_a_loop(parsed, settings):
    settings.DESK_ADDRESS = "Desk <support@desk.example>"
    assert parsed(rawmail(sender="support@desk.example"))["kind"] == "loop"


def test_a_bounce_names_each_recipient_and_the_mail_of_ours_that_failed(parsed):
    mail = parsed(bounce(original_id="ours@desk.example", recipient="li@company.example"))
    assert mail["kind"] == "bounce"
    assert mail["bounce"] == [
        {
            "address": "li@company.example",
            "status": "5.1.1",
            "action": "failed",
            "diagnostic": "550 5.1.1 User unknown",
            "original_message_id": "ours@desk.example",
        }
    ]


def test_files_and_a_forward(parsed):
    (mail,) = read(MAILS / "zh_attachment.eml")
    assert all(set(file) == {"name", "content_type", "size", "inline"} for file in mail["attachments"])
    assert mail["attachments"]
    forward = parsed(
        rawmail(
            sender="bo@desk.example",
            subject="Fwd: Black",
            body="-------- Forwarded Message --------\r\nSubject: Black\r\nDate: Mon, 4 Mar 2024 10:00:00 +0000\r\n"
            "From: Li Wei <li@company.example>\r\nTo: bo@desk.example\r\n\r\nThe room is black.\r\n",
        )
    )
    assert forward["forwarded_from"] == {
        "name": "Li Wei",
        "email": "li@company.example",
        "subject": "Black",
        "text": "The room is black.",
    }


def test_an_unreadable_file_is_an_error_and_the_next_file_is_read(tmp_path):
    garbage = tmp_path / "garbage"
    garbage.write_bytes(bytes(range(256)) * 4)
    empty = tmp_path / "empty"
    empty.touch()
    printed = read(tmp_path / "missing", tmp_path, garbage, empty, MAILS / "empty_body.eml")
    assert [line["file"] for line in printed[:4]] == [
        str(tmp_path / "missing"),
        str(tmp_path),
        str(garbage),
        str(empty),
    ]
    assert all(set(line) == {"file", "error"} and line["error"] for line in printed[:4])
    assert printed[4]["subject"] == "please call me back"


def test_it_runs_without_a_database(tmp_path):
    environment = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    command = [sys.executable, "manage.py", "parse_email", str(MAILS / "zh_qq_reply.eml"), str(tmp_path)]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, check=True)
    first, second = done.stdout.decode("ascii").splitlines()
    assert json.loads(first)["subject"] == "回复：[SD#1042] 连麦后观众端声音断续"
    assert "error" in json.loads(second)
