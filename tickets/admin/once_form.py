"""The form that acts once, however often it is sent: `tickets.services.submissions` takes its token."""

from uuid import uuid4

from django import forms


class OnceForm(forms.Form):
    """A form that acts once; the page draws the token when it is shown."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
