"""Faults and traces as a real receiver on loopback gets them from a process of the desk, and when it gets nothing."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from supportdesk.checks import check_settings
from supportdesk.telemetry import starting
from supportdesk.telemetry.faults import scrubbed
from supportdesk.telemetry.tracing import begin_span, span

ROOT = Path(__file__).parents[3]
NOBODY = "127.0.0.1:9"
# What must never leave: an address, words, a key.
PRIVATE = ("li@company.example", "The room is black", "hush-hush")

WORK = """
import logging
from supportdesk.wsgi import application
from customers.work_ids import working_on
from supportdesk.processes.cluster.task_ids import follow_tasks
from django_q.signals import post_execute_in_worker, pre_execute

def ask(path, query=""):
    said = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": "localhost",
               "SERVER_PORT": "80", "HTTP_HOST": "localhost", "HTTP_X_REQUEST_ID": "proxy-7f",
               "HTTP_AUTHORIZATION": "Bearer hush-hush", "HTTP_COOKIE": "sessionid=hush-hush",
               "HTTP_TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
               "wsgi.url_scheme": "http", "wsgi.input": __import__("io").BytesIO(), "wsgi.errors": None}
    list(application(environ, lambda status, headers: said.append(status)))
    print("answered", said[0][:3], flush=True)

ask("/healthz/live")
ask("/", "q=li@company.example")
secret = "hush-hush"
try:
    body = "The room is black"
    raise ValueError(f"{body}, li@company.example")
except ValueError:
    with working_on("mail-12"):
        logging.getLogger("tickets.tasks").exception("Mail from %s: %s", "li@company.example", body)
logging.getLogger("stranger").error("li@company.example The room is black")
follow_tasks()
pre_execute.send(sender="django_q", func=print, task={"id": "0123456789abcdef", "func": "tickets.tasks.fetch_mail"})
post_execute_in_worker.send(sender="django_q", func=print, task={"success": True})
print("done", flush=True)
"""


@dataclass
class Receiver:
    """Takes everything; answers once the gate is open."""

    gate: threading.Event = field(default_factory=threading.Event)
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    address: str = ""

    def of(self, path: str) -> list[bytes]:
        return [body for asked, body in self.bodies if asked == path]


@contextmanager
def receiver() -> Iterator[Receiver]:
    got = Receiver()
    got.gate.set()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.bodies.append((self.path, gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body))
            got.gate.wait(30)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    got.address = f"127.0.0.1:{server.server_port}"
    try:
        yield got
    finally:
        got.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


def desk(tmp_path: Path, **settings: str) -> "subprocess.Popen[str]":
    """A process of a desk without tables, which does the work above."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TZ", "LANG")}
    return subprocess.Popen(
        [sys.executable, "-c", WORK],
        cwd=ROOT,
        env={
            **kept,
            "DESK_VAR_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "supportdesk.settings",
            **settings,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def worked(tmp_path: Path, **settings: str) -> tuple[list[str], str]:
    """What it said, and its log. It ends by itself."""
    process = desk(tmp_path, **settings)
    out, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    return out.split("\n")[:-1], log


DONE = ["answered 200", "answered 503", "done"]


def events(got: Receiver) -> list[dict[str, Any]]:
    """Of the envelopes: a line for the head, and two for each item."""
    lines = [line for body in got.of("/api/1/envelope/") for line in body.split(b"\n") if line]
    read = [json.loads(line) for line in lines]
    return [item for head, item in pairwise(read) if head.get("type") == "event"]


def test_faults_reach_sentry_with_their_place_and_id_and_without_words(tmp_path: Path) -> None:
    with receiver() as got:
        said, _log = worked(tmp_path, SENTRY_DSN=f"http://key@{got.address}/1")
    assert said == DONE
    by_logger = {event["logger"]: event for event in events(got)}
    assert set(by_logger) == {"django.request", "tickets.tasks", "stranger"}
    mail = by_logger["tickets.tasks"]
    assert mail["logentry"] == {"message": "Mail from %s: %s"}
    assert mail["tags"] == {"work_id": "mail-12"}
    (error,) = mail["exception"]["values"]
    assert (error["type"], error["value"], error["stacktrace"]["frames"][-1]["function"]) == (
        "ValueError", "", "<module>",
    )  # fmt: skip
    page = by_logger["django.request"]
    assert page["tags"] == {"work_id": "proxy-7f"}
    assert page["exception"]["values"][-1]["type"] == "OperationalError"
    assert "logentry" not in by_logger["stranger"]
    everything = b"".join(body for _path, body in got.bodies).decode()
    assert [word for word in PRIVATE if word in everything] == []


def spans(got: Receiver) -> Mapping[str, Any]:
    requests = [ExportTraceServiceRequest.FromString(body) for body in got.of("/v1/traces")]
    return {
        each.name: each
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for each in scope.spans
    }


def told(span_of: Any) -> dict[str, Any]:
    values = {each.key: each.value for each in span_of.attributes}
    return {name: value.string_value or value.int_value or value.bool_value for name, value in values.items()}


def test_requests_and_tasks_are_traced_by_name_and_without_words(tmp_path: Path) -> None:
    with receiver() as got:
        said, _log = worked(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{got.address}/")
    assert said == DONE
    found = spans(got)
    assert set(found) == {"GET healthz/live", "GET unknown", "task tickets.tasks.fetch_mail"}
    live = found["GET healthz/live"]
    assert told(live) == {
        "http.request.method": "GET", "http.route": "healthz/live", "http.response.status_code": 200,
        "desk.work_id": "proxy-7f",
    }  # fmt: skip
    assert live.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert told(found["GET unknown"])["http.response.status_code"] == 503
    assert told(found["task tickets.tasks.fetch_mail"]) == {
        "desk.work_id": "task-0123456789abcdef", "desk.succeeded": True,
    }  # fmt: skip
    everything = b"".join(body for _path, body in got.bodies)
    assert [word for word in PRIVATE if word.encode() in everything] == []


def test_a_receiver_that_does_not_answer_holds_nothing_up(tmp_path: Path) -> None:
    with receiver() as got:
        got.gate.clear()
        said, _log = worked(
            tmp_path,
            SENTRY_DSN=f"http://key@{got.address}/1",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{got.address}",
        )
        assert said == DONE
        assert not got.gate.is_set()  # all of it, and the end of the process, before any answer


def test_a_receiver_that_is_away_breaks_nothing(tmp_path: Path) -> None:
    said, _log = worked(
        tmp_path, SENTRY_DSN=f"http://key@{NOBODY}/1", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{NOBODY}"
    )
    assert said == DONE


def test_what_cannot_be_used_is_said_without_its_key_and_the_desk_works(tmp_path: Path) -> None:
    said, log = worked(tmp_path, SENTRY_DSN="https://hush-hush@")
    assert said == DONE
    assert "SENTRY_DSN is not used: BadDsn" in log
    assert "hush-hush" not in log.replace("sessionid=hush-hush", "")


@pytest.fixture
def nothing_runs(settings: Any) -> Iterator[None]:
    settings.SENTRY_DSN = settings.OTEL_EXPORTER_OTLP_ENDPOINT = ""
    yield
    starting.unusable.clear()


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize(
    ("setting", "extra"), [("SENTRY_DSN", "sentry"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "otel")]
)
def test_without_the_packages_the_check_says_which_are_missing(
    settings: Any, monkeypatch: pytest.MonkeyPatch, setting: str, extra: str
) -> None:
    monkeypatch.setattr(starting, "find_spec", lambda _name: None)
    setattr(settings, setting, "http://key@127.0.0.1:9/1")
    starting.start_telemetry()
    (warning,) = [each for each in check_settings(None) if each.id == "desk.W011"]
    assert f"pip install 'supportdesk[{extra}]'" in str(warning.msg)


def test_untraced_work_costs_nothing() -> None:
    with span("GET") as traced:
        assert traced is None
    assert begin_span("task") is None


LEAKY: Sequence[dict[str, Any]] = [
    {"request": {"url": "http://desk/?q=li@company.example", "headers": {"Cookie": "hush-hush"}}},
    {"user": {"email": "li@company.example"}},
    {"extra": {"body": "The room is black"}, "breadcrumbs": {"values": [{"message": "The room is black"}]}},
    {"logger": "requests", "logentry": {"message": "li@company.example", "params": ["The room is black"]}},
    {"logger": "tickets.x", "logentry": {"message": "Mail %s", "params": ["The room is black"]}},
    {"exception": {"values": [{"type": "E", "value": "li@company.example", "stacktrace": {"frames": [
        {"function": "f", "vars": {"key": "hush-hush"}, "context_line": "The room is black"}]}}]}},
]  # fmt: skip


@pytest.mark.parametrize("event", LEAKY)
def test_nothing_of_an_event_leaves_but_what_is_named(event: dict[str, Any]) -> None:
    left = json.dumps(scrubbed({"event_id": "1", **event}, {}))
    assert [word for word in PRIVATE if word in left] == []
    assert '"event_id": "1"' in left
