"""The settings page of a user: language, time zone, keyboard, and the link to the calendar of their shifts."""

from typing import Any, cast
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from customers import time_of_record
from customers.models import StaffProfile
from escalation.duty.calendar_feed import renew_link, revoke_link, token_of
from escalation.models import DutyFeed
from supportdesk.accounts.reader import has_shortcuts
from supportdesk.models import Preferences


class ReaderForm(forms.ModelForm):
    has_shortcuts = forms.BooleanField(label=gettext_lazy("Keyboard shortcuts"), required=False)

    class Meta:
        model = StaffProfile
        fields = ("language", "time_zone", "phone", "quiet_from", "quiet_until")
        widgets = {
            "time_zone": forms.TextInput(attrs={"list": "zones"}),
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        start, end = given.get("quiet_from"), given.get("quiet_until")
        if start is not None and start == end:
            self.add_error("quiet_until", _("Quiet hours cannot start and end at the same time."))
        if (start is None) != (end is None) and not self.errors:
            missing = "quiet_from" if start is None else "quiet_until"
            self.add_error(missing, _("Quiet hours need a start and an end."))
        return given


def my_settings(request: HttpRequest, site_context: dict[str, Any]) -> HttpResponse:
    """Show and save the settings. A user without a staff profile gets one on saving."""
    user = cast(User, request.user)
    profile = StaffProfile.objects.filter(user=user).first() or StaffProfile(user=user)
    initial = {"has_shortcuts": has_shortcuts(user)}
    form = ReaderForm(request.POST or None, instance=profile, initial=initial, label_suffix="")
    if request.method == "POST" and form.is_valid():
        form.save()
        Preferences.objects.update_or_create(
            user=user, defaults={"has_shortcuts": form.cleaned_data["has_shortcuts"]}
        )
        with translation.override(profile.language):
            messages.success(request, _("Your settings are saved."))
        return HttpResponseRedirect(reverse("admin:my_settings"))
    context = {
        **site_context,
        "title": _("My settings"),
        "form": form,
        "zones": sorted(available_timezones()),
        "may_write_ways": user.has_perm("escalation.add_contactway"),
        "duty_link": _duty_link(user),
    }
    return TemplateResponse(request, "supportdesk/my_settings.html", context)


@require_POST
def duty_link(request: HttpRequest) -> HttpResponse:
    """Create a new link to the reader's shifts, which revokes the old one, or only revoke it."""
    user = cast(User, request.user)
    if "remove" in request.POST:
        revoke_link(user=user)
        messages.success(request, _("The link no longer works."))
    else:
        renew_link(user=user, at=time_of_record.now())
        messages.success(request, _("The new link is below. Any earlier link no longer works."))
    return HttpResponseRedirect(reverse("admin:my_settings") + "#duty-link")


def _duty_link(user: User) -> str:
    feed = DutyFeed.objects.filter(user=user).first()
    return settings.SITE_URL + reverse("duty_feed", args=[token_of(feed)]) if feed is not None else ""
