"""The files of .deploy with the real programs: units of systemd, nginx, Caddy, Prometheus, its alerts and the board."""

import json
import os
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import quote, urlencode
from urllib.request import urlopen

import pytest

from tests.flow.desk import PROJECT
from tests.flow.waiting import free_port, until

pytestmark = pytest.mark.flow

FILES = PROJECT / ".deploy"
HOST = "desk.example.com"
TOKEN = secrets.token_hex(16)
PASSWORD = secrets.token_urlsafe(12)
UNITS = sorted(path.name for path in (FILES / "systemd").glob("*.service"))


def program(name: str, package: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"The flow needs {name}: apt-get install {package}"
    return found


@contextmanager
def process(folder: Path, *command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a folder, with what it says in said.log; killed at the end."""
    with (folder / "said.log").open("ab") as log:
        started = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield started
        finally:
            started.terminate()
            started.wait(20)


@dataclass(frozen=True)
class Web:
    """A production web server as its unit starts it, on a loopback port."""

    port: int
    environment: dict[str, str]

    def manage(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=PROJECT, env={**os.environ, **self.environment}, input=stdin,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def web(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder, port = tmp_path_factory.mktemp("web"), free_port()
    web = Web(
        port,
        {
            "DESK_ENVIRONMENT": "production", "DATABASE_URL": database, "DESK_VAR_DIR": str(folder), "DEBUG": "no",
            "SECRET_KEY": secrets.token_urlsafe(50), "SITE_URL": f"https://{HOST}", "BEHIND_PROXY": "yes",
            "ALLOWED_HOSTS": f"{HOST},127.0.0.1", "METRICS_TOKEN": TOKEN, "DESK_ADDRESS": f"support@{HOST}",
        },
    )  # fmt: skip
    web.manage("migrate", "-v", "0")
    web.manage("collectstatic", "--noinput", "-v", "0")
    create = f"User.objects.create_superuser('ada', 'ada@{HOST}', {PASSWORD!r})"
    web.manage("shell", "-c", f"from django.contrib.auth.models import User; {create}")
    with process(folder, *web_command(port), **web.environment, PYTHONPATH=str(PROJECT)) as server:
        until(lambda: answers(server, port), "the web server answers", 60)
        yield web


def web_command(port: int) -> list[str]:
    unit = (FILES / "systemd/supportdesk-web.service").read_text("utf-8").replace("\\\n", " ")
    command = re.search(r"(?m)^ExecStart=(.+)$", unit)
    assert command
    words = command[1].replace("127.0.0.1:8000", f"127.0.0.1:{port}").split()
    assert words[0] == "/srv/supportdesk/.venv/bin/gunicorn"
    return [sys.executable, "-m", "gunicorn", *words[1:]]


def answers(server: subprocess.Popen[bytes], port: int) -> bool:
    assert server.poll() is None, "It ended at once"
    try:
        return bool(ask(HTTPConnection("127.0.0.1", port, timeout=5), "/healthz/live").status)
    except OSError:
        return False


def ask(to: HTTPConnection, path: str, data: bytes | None = None, **headers: str) -> HTTPResponse:
    """One request; header names are written with underscores."""
    given = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    with closing(to):
        to.request("POST" if data is not None else "GET", path, body=data, headers=given)
        answer = to.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        return answer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    pem, key = folder / "desk.pem", folder / "desk.key"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={HOST}",
    ]
    subprocess.run([*command, "-out", str(pem), "-keyout", str(key)], check=True, capture_output=True)
    return pem, key


class NamedConnection(HTTPSConnection):
    """To a port of loopback, by the name that a browser asks for; the certificates are of our own making."""

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.sock = ssl._create_unverified_context().wrap_socket(plain, server_hostname=HOST)


@dataclass(frozen=True)
class Proxy:
    http: int
    https: int

    def ask(self, path: str, data: bytes | None = None, **headers: str) -> HTTPResponse:
        return ask(NamedConnection(HOST, self.https), path, data, **headers)


@pytest.fixture(scope="module")
def nginx(
    web: Web, certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    folder, proxy = tmp_path_factory.mktemp("nginx"), Proxy(free_port(), free_port())
    site = (FILES / "nginx.conf").read_text("utf-8")
    for ours, here in (
        ("127.0.0.1:8000", f"127.0.0.1:{web.port}"),
        ("listen 80;", f"listen 127.0.0.1:{proxy.http};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{proxy.https} ssl http2;"),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("/etc/ssl/desk.example.com.pem", str(certificate[0])),
        ("/etc/ssl/private/desk.example.com.key", str(certificate[1])),
    ):
        assert ours in site
        site = site.replace(ours, here)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/errors;"
        + ("user root;" if os.geteuid() == 0 else "")
        + f"events {{}} http {{ access_log off; {places} {site} }}"
    )
    with process(
        folder, program("nginx", "nginx-light"), "-p", str(folder), "-c", str(folder / "nginx.conf")
    ) as server:
        until(lambda: answers(server, proxy.http), "nginx answers")
        yield proxy


@pytest.fixture(scope="module")
def caddy(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder, proxy = tmp_path_factory.mktemp("caddy"), Proxy(free_port(), free_port())
    site = (FILES / "Caddyfile").read_text("utf-8")
    assert "reverse_proxy 127.0.0.1:8000" in site
    site = site.replace("127.0.0.1:8000", f"127.0.0.1:{web.port}")
    options = (
        f"http_port {proxy.http}\nhttps_port {proxy.https}\nadmin off\nlocal_certs\nskip_install_trust\n"
    )
    (folder / "Caddyfile").write_text(f"{{\n{options}}}\n{site}")
    words = ("run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile")
    with process(
        folder, program("caddy", "caddy"), *words, HOME=str(folder), XDG_DATA_HOME=str(folder)
    ) as server:
        until(lambda: answers(server, proxy.http), "Caddy answers")
        until(lambda: _has_certificate(proxy), "Caddy has a certificate")
        yield proxy


def _has_certificate(proxy: Proxy) -> bool:
    try:
        return proxy.ask("/healthz/live").status == 200
    except OSError:
        return False


@pytest.fixture(params=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest) -> Proxy:
    found: Proxy = request.getfixturevalue(request.param)
    return found


def test_a_person_signs_in_through_the_proxy(proxy: Proxy) -> None:
    page = proxy.ask("/login/", X_Forwarded_Proto="http")  # what a visitor sends so is not believed
    assert page.status == 200
    assert "max-age=" in page.headers["Strict-Transport-Security"]
    cookie = page.headers["Set-Cookie"]
    assert "Secure" in cookie
    csrf = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.body)  # type: ignore[attr-defined]
    assert csrf
    form = {"csrfmiddlewaretoken": csrf[1].decode(), "username": "ada", "password": PASSWORD, "next": "/"}
    given = {
        "Cookie": cookie.partition(";")[0],
        "Origin": f"https://{HOST}",
        "Referer": f"https://{HOST}/login/",
    }
    answer = proxy.ask(
        "/login/", urlencode(form).encode(), Content_Type="application/x-www-form-urlencoded", **given
    )
    assert answer.status == 302
    assert any(
        "__Host-session=" in each and "Secure" in each for each in answer.headers.get_all("Set-Cookie", [])
    )


def test_plain_http_is_sent_to_https_and_metrics_stay_inside(proxy: Proxy, web: Web) -> None:
    plain = ask(HTTPConnection("127.0.0.1", proxy.http, timeout=10), "/tickets/")
    assert plain.status in (301, 308)
    assert plain.headers["Location"].startswith(f"https://{HOST}")
    assert proxy.ask("/metrics", Authorization=f"Bearer {TOKEN}").status == 404
    inside = HTTPConnection("127.0.0.1", web.port, timeout=20)
    assert ask(inside, "/metrics", Host="127.0.0.1", Authorization=f"Bearer {TOKEN}").status == 200


def test_a_form_of_30_megabytes_is_the_most(proxy: Proxy) -> None:
    assert is_cut_off(proxy, b"x" * 31_500_000)
    form = b"words=" + b"x" * 29_000_000
    answer = proxy.ask("/login/", form, Content_Type="application/x-www-form-urlencoded")
    assert answer.status == 403  # the desk's own: it has read the form, which has no token


def is_cut_off(proxy: Proxy, data: bytes) -> bool:
    """True if the proxy says that this is too much; it may close the connection before all of it was sent."""
    try:
        return proxy.ask("/login/", data, Content_Type="text/plain").status == 413
    except (ConnectionError, ssl.SSLError):
        return True


def test_styles_are_compressed(proxy: Proxy) -> None:
    answer = proxy.ask("/static/supportdesk/desk.css", Accept_Encoding="gzip")
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")


def test_styles_of_a_page_are_kept_for_ever_under_a_name_with_a_digest(proxy: Proxy) -> None:
    page = proxy.ask("/login/").body.decode()
    name = re.search(r'"(/static/supportdesk/desk\.[0-9a-f]{12}\.css)"', page)
    assert name
    answer = proxy.ask(name[1])
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "max-age=315360000, public, immutable")


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units as they are, with the programs of this machine."""
    folder = tmp_path_factory.mktemp("units") / "systemd"
    shutil.copytree(FILES / "systemd", folder)
    for unit in folder.glob("*.service"):
        text = unit.read_text("utf-8").replace(
            "/srv/supportdesk/.venv/bin/gunicorn", f"{sys.executable} -m gunicorn"
        )
        unit.write_text(text.replace("/srv/supportdesk/.venv/bin/python", sys.executable))
    return folder


@pytest.mark.parametrize("unit", [*UNITS, "supportdesk-sweep.timer"])
def test_systemd_reads_each_unit_without_a_word(units: Path, unit: str) -> None:
    analyse = program("systemd-analyze", "systemd")
    done = subprocess.run(
        [analyse, "verify", "--man=no", str(units / unit)], capture_output=True, text=True, timeout=60
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "supportdesk" in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_is_hardened_by_the_file_for_all(units: Path, unit: str) -> None:
    analyse = program("systemd-analyze", "systemd")
    alone = units.parent / unit
    common = (units / "supportdesk-.service.d/common.conf").read_text("utf-8")
    alone.write_text((units / unit).read_text("utf-8") + common)
    command = [analyse, "security", "--offline=yes", "--no-pager", "--threshold=30", str(alone)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-600:] + done.stderr


def test_every_command_of_a_unit_is_one_of_the_desk(web: Web) -> None:
    named = {
        word
        for unit in UNITS
        for word in re.findall(r"manage\.py (\w+)", (FILES / "systemd" / unit).read_text("utf-8"))
    }
    assert named == {"qcluster", "listen_mail", "watch_mail", "sweep"}
    known = web.manage("help", "--commands").split()
    assert named <= set(known)


@pytest.fixture(scope="module")
def prometheus(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    shutil.copytree(FILES / "prometheus", folder, dirs_exist_ok=True)
    config = (folder / "prometheus.yml").read_text("utf-8")
    config = config.replace("METRICS_TOKEN", TOKEN).replace("127.0.0.1:8000", f"127.0.0.1:{web.port}", 1)
    (folder / "prometheus.yml").write_text(config.replace("30s", "1s"))
    command = (program("prometheus", "prometheus"), f"--config.file={folder}/prometheus.yml")
    more = (f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}")
    with process(folder, *command, *more):
        until(lambda: _value(port, 'up{job="supportdesk"}') == ["1"], "Prometheus has scraped the desk", 60)
        until(lambda: _value(port, "supportdesk_healthy"), "and kept what it read", 30)
        yield port


def _value(port: int, query: str) -> list[str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={quote(query)}", timeout=10) as answer:
            found = json.load(answer)
    except OSError:
        return []
    assert found["status"] == "success"
    return [row["value"][1] for row in found["data"]["result"]]


def test_every_query_of_the_board_runs_and_every_metric_of_it_exists(prometheus: int, web: Web) -> None:
    board = json.loads((FILES / "grafana/board.json").read_text("utf-8"))
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) > 8
    shown = [query for query in queries if _value(prometheus, query)]
    assert {"supportdesk_healthy", "supportdesk_backlog", "supportdesk_outbox", "supportdesk_intake"} <= set(
        shown
    )
    named = set(re.findall(r"supportdesk_\w+", " ".join(queries)))
    source = (PROJECT / "supportdesk/monitoring/metrics.py").read_text("utf-8")
    assert named <= set(re.findall(r"supportdesk_\w+", source))


def test_the_alerts_are_read_by_prometheus_and_fire_as_they_should(prometheus: int) -> None:
    with urlopen(f"http://127.0.0.1:{prometheus}/api/v1/rules", timeout=10) as answer:
        rules = [rule for group in json.load(answer)["data"]["groups"] for rule in group["rules"]]
    assert len(rules) >= 10
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}  # unknown: not evaluated yet
    source = (PROJECT / "supportdesk/monitoring/metrics.py").read_text("utf-8")
    named = set(re.findall(r"supportdesk_\w+", " ".join(rule["query"] for rule in rules)))
    assert named <= set(re.findall(r"supportdesk_\w+", source))
    promtool = program("promtool", "prometheus")
    done = subprocess.run(
        [promtool, "test", "rules", "alerts_test.yml"],
        cwd=FILES / "prometheus",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
