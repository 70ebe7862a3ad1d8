"""nginx before the web hosts, as .deploy/nginx.conf has it before one: it asks another when a host does not answer."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.flow.waiting import free_port

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/errors;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream desk {{ {servers} }}
    server {{
        listen {address}:{port};
        location / {{
            proxy_pass http://desk;
            proxy_set_header Host $http_host;
            proxy_connect_timeout 2s;
            proxy_read_timeout 15s;
        }}
    }}
}}
"""


@contextmanager
def balancer(folder: Path, address: str, hosts: Sequence[str]) -> Iterator[str]:
    """Gives its URL; ``hosts`` are addresses with ports."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    assert program, "nginx is missing: apt-get install nginx-light"
    port = free_port()
    servers = " ".join(f"server {host} max_fails=1 fail_timeout=5s;" for host in hosts)
    text = CONFIGURATION.format(folder=folder, servers=servers, address=address, port=port)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        yield f"http://{address}:{port}/"
    finally:
        process.kill()
        process.wait(20)
