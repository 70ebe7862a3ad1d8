"""What each answer tells the browser to refuse: the policy for its content, and whatever the desk has no use for.

"No script but the desk's own files" in .github/decisions/accounts.md.
"""

from collections.abc import Callable
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.http import HttpRequest, HttpResponse

# A page may be read and clicked, and may ask for a passkey. It has no use for the other things of a device.
UNUSED_FEATURES = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation", "gyroscope",
    "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
    "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
PERMISSIONS_POLICY = ", ".join([
    *(f"{feature}=()" for feature in UNUSED_FEATURES),
    "publickey-credentials-create=(self)", "publickey-credentials-get=(self)",
])  # fmt: skip


# For django-csp: files of the desk's own, no `eval`, and nothing inline without the page's nonce.
CONTENT_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],  # the HTML of a mail, which has a stricter policy of its own
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}


def nonce_of(request: HttpRequest) -> dict[str, Any]:
    """What a page that is rendered without its request needs, so that its style applies."""
    return {"CSP_NONCE": getattr(request, "csp_nonce", "")}


class PageHeadersMiddleware:
    """Sets what neither Django nor django-csp sets. A view that allows more says so itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
