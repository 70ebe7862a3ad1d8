"""Mails parsed a second by one process, beside the library's bare compat32 parse of the same bytes.

Run: python tests/benchmarks/bench_mail_parse.py [seconds per line]
"""

import email
import statistics
import sys
import time
from collections.abc import Callable
from email.policy import compat32
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tickets.mail import UnreadableMail, parse  # noqa: E402
from tickets.mail.classify import classify  # noqa: E402

ROUNDS = 5


def bare(raw: bytes) -> None:
    email.message_from_bytes(raw, policy=compat32)


def full(raw: bytes) -> None:
    try:
        classify(parse(raw), own_addresses=["support@desk.example"])
    except UnreadableMail:
        return


def rate(work: Callable[[bytes], None], raws: list[bytes], seconds: float) -> float:
    """The median of some rounds, in mails a second."""
    rates = []
    for _ in range(ROUNDS):
        done = 0
        started = time.perf_counter()
        while time.perf_counter() - started < seconds / ROUNDS:
            for raw in raws:
                work(raw)
            done += len(raws)
        rates.append(done / (time.perf_counter() - started))
    return statistics.median(rates)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    samples = {path.stem: path.read_bytes() for path in sorted((ROOT / "tests" / "mails").glob("*.eml"))}
    samples["5 MB attachment"] = samples["zh_attachment"].replace(
        b"iVBORw0K", b"QUJD" * 20 * 60_000 + b"\r\niVBORw0K"
    )
    sys.stdout.write(f"{'mail':32}{'bytes':>10}{'parse/s':>10}{'bare/s':>10}{'ratio':>8}\n")
    rows = [(name, [raw]) for name, raw in samples.items()]
    for name, raws in [*rows, ("all samples", [raw for _, (raw,) in rows[:-1]])]:
        ours, theirs = rate(full, raws, seconds), rate(bare, raws, seconds)
        sys.stdout.write(
            f"{name:32}{sum(map(len, raws)):>10}{ours:>10.0f}{theirs:>10.0f}{ours / theirs:>8.2f}\n"
        )


if __name__ == "__main__":
    main()
