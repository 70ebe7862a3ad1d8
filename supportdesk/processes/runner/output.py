"""Prints the output of several processes as one stream, each line with the name of its part."""

import threading
from typing import IO, TextIO

# A line is cut at this length, so that a part that never ends its lines cannot fill the memory.
LONGEST_LINE = 16_384


def _is_json(line: str) -> bool:
    return line.startswith('{"time": ')


class Printer:
    """Writes whole lines from several threads. If the reader goes away, output is dropped and the desk goes on."""

    def __init__(self, stream: TextIO, width: int = 7) -> None:
        self.stream = stream
        self.width = width
        self.lock = threading.Lock()

    def say(self, name: str, text: str) -> None:
        """A line of JSON stays as it is, for the program that reads it."""
        lines = text.splitlines() or [""]
        self._write(
            "".join(f"{line}\n" if _is_json(line) else f"{name:<{self.width}} | {line}\n" for line in lines)
        )

    def show(self, text: str) -> None:
        """Print text for the operator without the part's name before its lines, so that it can be copied."""
        self._write(f"\n{text}\n\n")

    def _write(self, block: str) -> None:
        with self.lock:
            try:
                self.stream.write(block)
                self.stream.flush()
            except (OSError, ValueError):
                # Nobody reads any more (a closed pipe or terminal). The desk goes on.
                pass

    def follow(self, name: str, pipe: IO[bytes]) -> threading.Thread:
        """Print what comes out of the pipe until its last writer has closed it."""
        thread = threading.Thread(target=self._pump, args=(name, pipe), daemon=True)
        thread.start()
        return thread

    def _pump(self, name: str, pipe: IO[bytes]) -> None:
        with pipe:
            while line := pipe.readline(LONGEST_LINE):
                self.say(name, line.decode("utf-8", "replace").rstrip("\r\n"))
