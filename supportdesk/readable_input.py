"""Answers a request that no page can read with a sentence, before any page or database sees it."""

from collections.abc import Callable, Iterable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError

ENCODINGS = ("", "utf-8", "utf8")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
ZERO = "\x00"  # PostgreSQL stores no text with it, and no person types it


class ReadableInputMiddleware:
    """Refuses, as status 400, a form that breaks off or is not in UTF-8, and zero bytes in address, cookie or form.

    Django takes any encoding that Python knows, and a zero byte ends in an error of the database. So does a number
    that is too large, in a filter of a list.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look at the cookies at once: those who run before the page load the session by one of them."""
        if any(ZERO in value for value in request.COOKIES.values()):
            raise BadRequest("There is a zero byte in a cookie.")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: object) -> None:
        charset = (request.content_params or {}).get("charset", "").strip("\"' ").lower()
        if charset not in ENCODINGS:
            raise BadRequest("The form is not in UTF-8.")
        try:
            has_zero = any(ZERO in text for text in _texts(request))
        except UnreadablePostError as error:
            raise BadRequest("The form broke off.") from error
        if has_zero:
            raise BadRequest("There is a zero byte in the address or the form.")

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """A number that no row can have is the visitor's fault: it comes from an address or a form."""
        if _is_number_too_large(exception):
            raise BadRequest("There is a number in the address or the form that is too large.") from exception


def _is_number_too_large(error: Exception) -> bool:
    """As SQLite's driver and PostgreSQL (numeric_value_out_of_range) say it."""
    by_sqlite = isinstance(error, OverflowError) and "SQLite INTEGER" in str(error)
    return by_sqlite or getattr(error.__cause__, "sqlstate", "") == "22003"


def _texts(request: HttpRequest) -> Iterable[str]:
    yield request.path_info
    yield from _words(request.GET)
    if request.method == "POST" and request.content_type in FORMS:
        yield from _words(request.POST)
        yield from (file.name or "" for files in request.FILES.lists() for file in files[1])


def _words(fields: QueryDict) -> Iterable[str]:
    for name, values in fields.lists():
        yield name
        yield from (value for value in values if isinstance(value, str))
