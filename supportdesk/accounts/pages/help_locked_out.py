"""The page on which an administrator helps somebody who has lost their second factor."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers import time_of_record
from customers.names import name_of
from supportdesk.accounts.pages.dangerous_pages import ask_for_proof
from supportdesk.accounts.pages.desk_look import in_the_desk
from supportdesk.accounts.recent_proof import has_proved_lately
from supportdesk.accounts.second_factors import has_second_factor, remove_second_factors
from supportdesk.accounts.sign_ins import visitor_of
from tickets.errors import DeskError


class HelpForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason, and how you made sure that it is the person"), max_length=300
    )


def _page(request: HttpRequest, number: int) -> HttpResponse:
    user, actor = get_object_or_404(User, pk=number), cast(User, request.user)
    if not actor.has_perm("auth.change_user"):
        raise PermissionDenied
    if not has_proved_lately(request.session, at=time_of_record.now()):
        return ask_for_proof(request)
    form = HelpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            remove_second_factors(
                user=user,
                actor=actor,
                visitor=visitor_of(request),
                reason=form.cleaned_data["reason"],
                at=time_of_record.now(),
            )
        except DeskError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, _("The second factors of %(name)s are removed.") % {"name": name_of(user)}
            )
            return HttpResponseRedirect(reverse("admin:auth_user_change", args=[number]))
    context: dict[str, Any] = {"form": form, "person": name_of(user), "has_factor": has_second_factor(user)}
    return TemplateResponse(request, "supportdesk/help_locked_out.html", context)


help_locked_out = in_the_desk(_page, gettext_lazy("Remove the second factor"))
