"""The page after signing in with a password that the desk generated: choose a password and give an address."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from supportdesk.accounts.one_time_password import choose_password, must_choose_password


class OwnPasswordForm(SetPasswordForm):
    email = forms.EmailField(
        label=gettext_lazy("Email address"),
        help_text=gettext_lazy("Warnings about the desk itself are sent there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def __init__(self, user: User, data: Any = None, **more: Any) -> None:
        super().__init__(user, data, **more)
        if user.email:
            del self.fields["email"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.user.check_password(given.get("new_password2", "")):
            self.add_error("new_password2", _("That is the password you were given. Choose your own."))
        return given


def own_password(request: HttpRequest, site_context: dict[str, Any]) -> HttpResponse:
    """Replace a generated password. Users change one they chose on Django's page, which asks for the old one."""
    if not must_choose_password(request):
        return HttpResponseRedirect(reverse("admin:password_change"))
    user = cast(User, request.user)
    form = OwnPasswordForm(user, request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        choose_password(user, given["new_password1"], email=given.get("email", ""))
        update_session_auth_hash(request, user)
        messages.success(request, _("Your password is set."))
        return HttpResponseRedirect(reverse("admin:index"))
    context = {**site_context, "title": _("Choose a password"), "form": form}
    return TemplateResponse(request, "supportdesk/own_password.html", context)
