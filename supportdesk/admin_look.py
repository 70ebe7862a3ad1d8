"""The look of the admin: names, colours and menus for django-unfold, which reads them from the settings."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

INDIGO = {
    "50": "oklch(96.2% .018 272.314)",
    "100": "oklch(93% .034 272.788)",
    "200": "oklch(87% .065 274.039)",
    "300": "oklch(78.5% .115 274.713)",
    "400": "oklch(67.3% .182 276.935)",
    "500": "oklch(58.5% .233 277.117)",
    "600": "oklch(51.1% .262 276.966)",
    "700": "oklch(45.7% .24 277.023)",
    "800": "oklch(39.8% .195 277.366)",
    "900": "oklch(35.9% .144 278.697)",
    "950": "oklch(25.7% .09 281.288)",
}
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Support desk"),
    "SITE_HEADER": _("Support desk"),
    "SITE_SYMBOL": "support_agent",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": False,
    "SHOW_BACK_BUTTON": True,
    "ENVIRONMENT": None,
    "STYLES": [
        lambda request: static("supportdesk/colors.css"),
        lambda request: static("supportdesk/desk.css"),
    ],
    "SCRIPTS": [
        lambda request: static("supportdesk/alpine_without_eval.js"),
        lambda request: static("supportdesk/desk.js"),
    ],
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("supportdesk/icon.svg")}
    ],
    "COLORS": {"primary": INDIGO},
    "ACCOUNT": {
        "navigation": [
            {"title": _("My settings"), "link": reverse_lazy("admin:my_settings")},
            {"title": _("Sign-in and security"), "link": reverse_lazy("my_account")},
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
        ]
    },
    "SIDEBAR": {"show_search": False, "navigation": "supportdesk.navigation.sidebar"},
}
