"""The page at which people sign in: allauth's, at the admin's address and with the admin's field names."""

from http import HTTPStatus
from typing import Any

from allauth.account.forms import LoginForm
from allauth.account.views import LoginView
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import View

from supportdesk.accounts.pages.adapter import BUSY, BUSY_SECONDS, TOO_MANY
from supportdesk.accounts.pages.desk_look import in_the_desk

STATUS = {BUSY: HTTPStatus.SERVICE_UNAVAILABLE, TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS}


class SignInForm(LoginForm):
    """allauth calls the first field login; browsers, password managers and scripts know it as the admin's username."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["login"].label = gettext_lazy("Username")
        self.fields["login"].widget.attrs.update(autofocus=True, autocapitalize="none", maxlength="150")
        self.fields["password"].help_text = ""

    def add_prefix(self, field_name: str) -> str:
        return super().add_prefix("username" if field_name == "login" else field_name)


class SignInView(LoginView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Whoever is signed in, but not for the desk, is told so and may sign in as somebody else."""
        if request.user.is_authenticated and not admin.site.has_permission(request):
            return View.dispatch(self, request, *args, **kwargs)
        return super().dispatch(request, *args, **kwargs)

    def form_invalid(self, form: Any) -> Any:
        response = super().form_invalid(form)
        for code, status in STATUS.items():
            if form.has_error(NON_FIELD_ERRORS, code):
                response.status_code = status
                response.headers["Retry-After"] = str(BUSY_SECONDS if code == BUSY else 60)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        sso = settings.OIDC_NAME if settings.OIDC_URL else ""
        return {**context, "title": _("Log in"), "app_path": self.request.get_full_path(), "sso": sso}


sign_in = never_cache(in_the_desk(SignInView.as_view()))
