"""A token server on loopback (OAuth 2): gives access tokens for a refresh token or for the client itself."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass
class TokenServer:
    """``tokens`` are those given so far, in order. ``rotates``: each refresh token is accepted once."""

    client_id: str = "desk"
    client_secret: str = "client-s3cret"
    refresh_token: str = "refresh-0"
    expires_in: object = 3600
    rotates: bool = False
    status: int = 200
    answer: dict[str, Any] | str | None = None  # instead of a right one
    tokens: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    accepted_by: set[str] = field(default_factory=set)  # where the mail server looks tokens up
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    def respond(self, form: dict[str, str]) -> tuple[int, Any]:
        self.asked.append(form)
        if self.answer is not None:
            return self.status, self.answer
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid secret."}
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.refresh_token:
            words = f"AADSTS70008: {form['refresh_token']} expired."
            return 400, {"error": "invalid_grant", "error_description": words}
        return 200, self._token()

    def _token(self) -> dict[str, Any]:
        token = f"access-{len(self.tokens) + 1}"
        self.tokens.append(token)
        self.accepted_by.clear()
        self.accepted_by.add(token)
        given: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}
        if self.rotates:
            self.refresh_token = given["refresh_token"] = f"refresh-{len(self.tokens)}"
        return given


@contextlib.contextmanager
def token_server() -> Iterator[TokenServer]:
    state = TokenServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, answer = state.respond({name: values[0] for name, values in parse_qs(body).items()})
            data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_words: Any) -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
        try:
            yield state
        finally:
            server.shutdown()
