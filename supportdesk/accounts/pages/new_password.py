"""The page behind the link of a mail, on which somebody sets a new password; and the mail after a change."""

from typing import Any, cast

from allauth.account.views import PasswordResetFromKeyView
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from customers import time_of_record
from supportdesk.accounts.letters import PASSWORD_CHANGED, Facts, send_letter
from supportdesk.accounts.one_time_password import forget_one_time_password
from supportdesk.accounts.sign_ins import keep_device, record_sign_in, visitor_of, with_device
from supportdesk.models import SignInMethod, SignInOutcome


class NewPasswordView(PasswordResetFromKeyView):
    def form_valid(self, form: Any) -> HttpResponse:
        """Whoever reads the person's mail is the person: the browser is known from now on, and may sign in."""
        response: HttpResponse = super().form_valid(form)
        user, visitor = self.reset_user, with_device(visitor_of(self.request))
        forget_one_time_password(user)
        record_sign_in(
            visitor,
            user=user,
            name=user.get_username(),
            method=SignInMethod.LINK,
            outcome=SignInOutcome.NEW_PASSWORD,
            at=time_of_record.now(),
        )
        keep_device(response, visitor.device)
        return response


new_password = NewPasswordView.as_view()


def tell_of_new_password(request: HttpRequest) -> None:
    """Mail the person that their password was changed on a page of the desk."""
    facts = Facts(time_of_record.now(), visitor_of(request))
    send_letter(PASSWORD_CHANGED, cast(User, request.user), facts)
