"""The reader's own settings: language and time zone of everything they see."""

from typing import Any, cast
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from customers.models import StaffProfile


class ReaderForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = StaffProfile
        fields = ("language", "time_zone", "phone")
        widgets = {"time_zone": forms.TextInput(attrs={"list": "zones"})}


def my_settings(request: HttpRequest, site_context: dict[str, Any]) -> HttpResponse:
    """Show and save them; whoever has no staff profile yet gets one by saving."""
    user = cast(User, request.user)
    profile = StaffProfile.objects.filter(user=user).first() or StaffProfile(user=user)
    form = ReaderForm(request.POST or None, instance=profile, label_suffix="")
    if request.method == "POST" and form.is_valid():
        form.save()
        with translation.override(profile.language):
            messages.success(request, _("Your settings are saved."))
        return HttpResponseRedirect(reverse("admin:my_settings"))
    context = {
        **site_context,
        "title": _("My settings"),
        "form": form,
        "zones": sorted(available_timezones()),
    }
    return TemplateResponse(request, "supportdesk/my_settings.html", context)
