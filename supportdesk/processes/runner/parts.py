"""Describes a part of the running desk: how it is started, and how it shows that it is alive."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto


class Liveness(Enum):
    """What a probe found out about its part."""

    ALIVE = auto()
    SILENT = auto()
    # Unknown for now, for example because the database that holds the sign of life is away.
    # The part is not blamed for it.
    UNKNOWN = auto()


@dataclass(frozen=True)
class Sign:
    """One answer of a probe, with a detail for the operator."""

    answer: Liveness
    detail: str = ""


Probe = Callable[[], Sign]


@dataclass(frozen=True)
class DeskPart:
    """One process of the desk with everything it starts. All times are in seconds."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    # Without a probe, a part counts as alive as long as its process exists.
    probe: Probe | None = None
    probe_every: float = 15.0
    # After this long without a sign of life the part counts as dead, even if its process exists.
    patience: float = 45.0
    # How long it may take to stop by itself.
    grace: float = 10.0
    # Printed once, at the first sign of life.
    ready: str = ""
