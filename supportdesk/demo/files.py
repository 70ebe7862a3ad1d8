"""Small attachments made in code: screenshots, charts, logs and a sheet of numbers."""

import struct
import zlib
from collections.abc import Callable
from functools import cache
from random import Random

from tickets.message_content import NewFile

Pixel = tuple[int, int, int]
WIDTH, HEIGHT = 270, 480
BACKGROUND, PANEL, GREY, GREEN, RED = (18, 18, 22), (0, 0, 0), (90, 94, 104), (38, 166, 91), (214, 69, 65)


def make_file(kind: str, dice: Random) -> list[NewFile]:
    """The files of a kind; an empty kind has none."""
    makers: dict[str, Callable[[Random], NewFile]] = {
        "screenshot": screenshot,
        "chart": chart,
        "log": log,
        "advice": advice,
        "sheet": sheet,
    }
    return [makers[kind](dice)] if kind else []


def screenshot(dice: Random) -> NewFile:
    """A phone with a black picture where the video should be."""
    return NewFile(f"Screenshot_{dice.randint(1000, 9999)}.png", _phone(dice.randrange(3)), "image/png")


def chart(dice: Random) -> NewFile:
    """Packet loss over a day: quiet, and a hill in the evening."""
    return NewFile("packet-loss.png", _curve(dice.randrange(3)), "image/png")


@cache
def _phone(number: int) -> bytes:
    dice = Random(number)  # noqa: S311  # a picture, no secret
    faces = [(30 + 60 * place, dice.choice((GREY, GREEN, (120, 100, 180)))) for place in range(4)]

    def pixel(x: int, y: int) -> Pixel:
        if y < 24 or y > 450:
            return BACKGROUND
        if 40 <= y < 340:
            return PANEL
        near = next((colour for middle, colour in faces if (x - middle) ** 2 + (y - 390) ** 2 < 400), None)
        return near or BACKGROUND

    return png(WIDTH, HEIGHT, pixel)


@cache
def _curve(number: int) -> bytes:
    dice = Random(number)  # noqa: S311
    width, height = 480, 200
    loss = [dice.randint(1, 8) + (dice.randint(60, 130) if 380 < x < 455 else 0) for x in range(width)]

    def pixel(x: int, y: int) -> Pixel:
        if height - y <= loss[x]:
            return RED if loss[x] > 50 else GREEN
        return (235, 236, 238) if y % 40 == 0 else (255, 255, 255)

    return png(width, height, pixel)


def log(dice: Random) -> NewFile:
    """Forty lines as the SDK would write them."""
    sources = ("engine", "room", "publisher", "player", "net", "render", "audio")
    events = (
        "state changed 1 -> 2",
        "rtt 84 ms loss 0.4%",
        "surface destroyed",
        "surface available 720x1280",
        "keyframe requested",
        "first frame in 412 ms",
        "reconnect attempt 2",
        "route changed: speaker",
    )
    second = dice.randint(40_000, 80_000)
    lines = []
    for _line in range(40):
        second += dice.randint(0, 9)
        clock = (
            f"{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{dice.randint(0, 999):03d}"
        )
        lines.append(f"{clock} [{dice.choice('IIIIDW')}] {dice.choice(sources)}: {dice.choice(events)}")
    text = "\n".join(lines) + "\n"
    return NewFile(f"sdk_log_{dice.randint(1, 9)}.txt", text.encode(), "text/plain")


def advice(dice: Random) -> NewFile:
    """The values a colleague recommends."""
    values = {
        "capture.width": "960",
        "capture.height": "540",
        "capture.fps": dice.choice(("15", "20", "24")),
        "video.max_kbps": str(dice.randrange(900, 2400, 100)),
        "video.min_kbps": str(dice.randrange(300, 900, 100)),
        "audio.scenario": dice.choice(("chatroom", "high_quality_chatroom", "communication")),
        "audio.aec": dice.choice(("medium", "aggressive", "soft")),
        "net.jitter_buffer_ms": str(dice.randrange(60, 240, 20)),
    }
    text = "".join(f"{name} = {value}\n" for name, value in values.items())
    return NewFile("recommended-settings.txt", text.encode(), "text/plain")


def sheet(dice: Random) -> NewFile:
    rows = [f"{day},{dice.randint(8_000, 14_000)},{dice.randint(2_000, 5_000)}" for day in range(1, 31)]
    text = "\n".join(["day,audio_minutes,video_minutes", *rows]) + "\n"
    return NewFile("minutes.csv", text.encode(), "text/csv")


def png(width: int, height: int, pixel: Callable[[int, int], Pixel]) -> bytes:
    """An 8-bit RGB picture (RFC 2083)."""
    rows = b"".join(
        b"\0" + bytes(value for x in range(width) for value in pixel(x, y)) for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(named: tuple[bytes, bytes]) -> bytes:
    name, data = named
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
