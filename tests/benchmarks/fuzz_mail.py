"""Reads mails that libFuzzer makes up, guided by the code that they reach. Needs atheris, installed by hand.

    pip install atheris
    python tests/benchmarks/fuzz_mail.py FOLDER -max_total_time=3600 -max_len=20000 -rss_limit_mb=2048

FOLDER keeps the mails that reach new code. It begins with copies of tests/mails. The run stops at a mail on which
anything is raised but UnreadableMail, whose result cannot be stored, or that takes more than a second of CPU in code
that runs several times slower than usual, as it is watched.
"""

import json
import os
import sys
import time
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")

with atheris.instrument_imports(include=["tickets.mail"]):
    import django

    django.setup()
    from tickets.mail.storable_text import storable
    from tickets.mail.values import UnreadableMail
    from tickets.management.mail_as_json import mail_as_json

MOST_SECONDS = 1.0


def read(raw: bytes) -> None:
    started = time.process_time()
    try:
        read_mail = mail_as_json(raw)
    except UnreadableMail:
        return
    spent = time.process_time() - started
    assert spent < MOST_SECONDS, f"took {spent:.1f} s of CPU"
    text = json.dumps(read_mail, ensure_ascii=False)
    assert storable(text) == text, "holds what PostgreSQL refuses"


def main() -> None:
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for sample in (ROOT / "tests" / "mails").glob("*.eml"):
        (corpus / sample.name).write_bytes(sample.read_bytes())
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
