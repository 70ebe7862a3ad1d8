"""A small OpenID Connect provider on loopback: discovery, consent without a page, tokens signed by a key of its own."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "supportdesk", "client-secret-for-tests"


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class OidcProvider:
    """``person`` is who signs in next: claims. ``signs_with`` may be set to a key that it does not publish."""

    person: dict[str, Any] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=_new_key)
    signs_with: rsa.RSAPrivateKey | None = None
    audience: str = CLIENT
    grants: dict[str, tuple[str, str]] = field(default_factory=dict)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator["OidcProvider"]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.answer(self, dict(parse_qsl(body)))

            def log_message(self, *_words: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, asked: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        path, query = urlsplit(asked.path).path, urlsplit(asked.path).query
        if path == "/authorize":
            asked.send_response(302)
            asked.send_header("Location", self.consent(query))
            asked.end_headers()
            return
        pages = {
            "/.well-known/openid-configuration": self.configuration,
            "/keys": self.keys,
            "/userinfo": lambda: self.person,
            "/token": lambda: self.tokens(form),
        }
        said = pages[path]()
        asked.send_response(400 if "error" in said else 200)
        asked.send_header("Content-Type", "application/json")
        asked.end_headers()
        asked.wfile.write(json.dumps(said).encode())

    def consent(self, query: str) -> str:
        """The address to which the browser goes back with a code."""
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        code = secrets.token_hex(8)
        self.grants[code] = (asked["redirect_uri"], asked["code_challenge"])
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": "one", "use": "sig", "alg": "RS256"}]}

    def tokens(self, form: dict[str, str]) -> dict[str, Any]:
        """A code counts once, for who asked for it and knows what its challenge was made of (PKCE)."""
        redirect, challenge = self.grants.pop(form.get("code", ""), ("", ""))
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        known = (form.get("client_id"), form.get("client_secret"), form.get("redirect_uri"))
        if known != (CLIENT, SECRET, redirect) or proof.decode().rstrip("=") != challenge:
            return {"error": "invalid_grant"}
        now = int(time.time())
        claims = {**self.person, "iss": self.url, "aud": self.audience, "iat": now, "exp": now + 300}
        token = jwt.encode(claims, self.signs_with or self.key, algorithm="RS256", headers={"kid": "one"})
        return {"access_token": secrets.token_hex(8), "token_type": "Bearer", "id_token": token}
