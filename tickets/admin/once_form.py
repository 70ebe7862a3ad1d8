"""A form that acts only once, however often it is sent: `tickets.services.submissions` claims its token."""

from uuid import uuid4

from django import forms


class OnceForm(forms.Form):
    """A form that acts only once. The page creates its token each time it is shown."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
