"""The forms of the ticket page. They check the input's format only; services decide what is allowed."""

import re
from collections.abc import Iterable
from typing import Any, NoReturn

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from customers.access import who_work_here
from customers.models import Contact, Customer
from tickets.admin.once_form import OnceForm
from tickets.choices import Channel, Priority, Status
from tickets.errors import DeskError
from tickets.message_content import NewFile
from tickets.models import Ticket
from tickets.search.ticket_keys import written_number
from tickets.tag_names import tag_names

BY_VOICE = [choice for choice in Channel.choices if choice[0] != Channel.EMAIL]
ADDRESS = re.compile(r'(?:"[^"]*"|[^\s,;])+')
WHEN = "%Y-%m-%dT%H:%M"
# What people write here is bounded, so that neither a page nor a mail grows without end.
LONGEST_TEXT = 100_000  # characters
MOST_COPIES = 50
LONGEST_COPIES = MOST_COPIES * 300
MOST_FILES = 50
LARGEST_KEY = 2**63 - 1


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Any number of files, whose total size is limited to what a mail may carry."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        if len(data or ()) > MOST_FILES:
            raise forms.ValidationError(_("At most %(most)s files at once."), params={"most": MOST_FILES})
        files = [super(ManyFilesField, self).clean(file, initial) for file in data or ()]
        if sum(file.size for file in files) > settings.MAIL_MAX_BYTES:
            raise forms.ValidationError(
                _("Together the files are larger than %(most)s. Send a link instead."),
                params={"most": filesizeformat(settings.MAIL_MAX_BYTES)},
            )
        return files


class AddressesField(forms.CharField):
    """Email addresses separated by commas, semicolons or blanks outside quotation marks."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.longest = LONGEST_COPIES

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        if len(value or "") > self.longest:
            self._refuse()
        return ADDRESS.findall(value or "")

    def _refuse(self) -> NoReturn:
        text = _("An answer reaches at most %(most)s further people. Write to fewer, or to a list.")
        raise forms.ValidationError(text, params={"most": MOST_COPIES})

    def validate(self, value: Any) -> None:
        if len(value) > MOST_COPIES:
            self._refuse()
        for address in value:
            validate_email(address)


def words(label: Any, rows: int, placeholder: Any, *, required: bool = False) -> forms.CharField:
    """A field for what people write, as long as LONGEST_TEXT."""
    return forms.CharField(
        label=label,
        strip=False,
        required=required,
        max_length=LONGEST_TEXT,
        widget=text_area(rows, placeholder),
    )


def key() -> forms.IntegerField:
    """A hidden field with the key of a row."""
    return forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=LARGEST_KEY)


def text_area(rows: int, placeholder: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "placeholder": placeholder})


class ReplyForm(OnceForm):
    """A reply. ``seen`` is the key of the newest message that the page showed."""

    seen = key()
    copies = AddressesField(label=_("Cc"), required=False)
    body = words(_("Reply"), 7, _("Your reply to the customer"))
    uploads = ManyFilesField(label=_("Files"), required=False)
    then = forms.ChoiceField(
        required=False, choices=[("", ""), *((s.value, s.label) for s in (Status.WAITING, Status.RESOLVED))]
    )


class NoteForm(OnceForm):
    body = words(
        _("Internal note"),
        5,
        _("For colleagues only: the customer never sees it, and it is not a response"),
    )
    uploads = ManyFilesField(label=_("Files"), required=False)


class ContactForm(OnceForm):
    channel = forms.ChoiceField(label=_("By"), choices=BY_VOICE)
    reached = forms.CharField(label=_("Person reached"), required=False, max_length=200)
    happened_at = forms.DateTimeField(
        label=_("When"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WHEN)
    )
    body = words(_("What was said"), 5, _("What was said and agreed"))
    then = forms.ChoiceField(required=False, choices=[("", ""), (Status.RESOLVED, Status.RESOLVED.label)])


class ReasonForm(OnceForm):
    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)


class EscalateForm(ReasonForm):
    """Escalate by one level now; the reason goes to the ledger and into the handover."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=300)


class VoidForm(ReasonForm):
    """Void a reply that did not answer anything."""

    message = key()


class EraseForm(ReasonForm):
    """Erase the words of a message for good."""

    message = key()
    is_sure = forms.BooleanField(label=_("I know that this cannot be undone"))


class MessageForm(OnceForm):
    """A form about one of the ticket's messages."""

    message = key()


class DecisionForm(ReasonForm):
    """A decision about one of the ticket's promises; the reason goes to the ledger."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=300)
    clock = key()


class WaiverForm(OnceForm):
    """The answer to a proposed waiver of one of the ticket's promises."""

    clock = key()


class StatusForm(ReasonForm):
    status = forms.ChoiceField(label=_("Status"), choices=Status.choices)


class PriorityForm(ReasonForm):
    priority = forms.TypedChoiceField(label=_("Priority"), choices=Priority.choices, coerce=int)


class OwnerForm(ReasonForm):
    owner = forms.ModelChoiceField(
        label=_("Owner"), queryset=User.objects.filter(who_work_here()), empty_label=None
    )


class TagsForm(OnceForm):
    tags = forms.CharField(label=_("Tags"), required=False, max_length=900)

    def clean_tags(self) -> list[str]:
        try:
            return tag_names(self.cleaned_data["tags"])
        except DeskError as error:
            raise forms.ValidationError(str(error)) from error


class NamingForm(OnceForm):
    """Whose customer an unknown writer is: one of those given to `offer`, else nobody's."""

    customer = forms.ModelChoiceField(label=_("Customer"), queryset=Customer.objects.none(), empty_label=None)
    whole_domain = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(Customer.objects.none())

    def offer(self, customers: "QuerySet[Customer]") -> None:
        """Accept and name only these, also when the form is shown again."""
        field: Any = self.fields["customer"]
        field.queryset = customers
        field.widget = AutocompleteSelect(Ticket._meta.get_field("customer"), admin.site)
        field.widget.choices = field.choices


class MergeForm(ReasonForm):
    """Merge tickets. ``into`` is the number of the ticket that stays open, in any spelling."""

    into = forms.CharField(label=_("Merge into"), max_length=30)

    def clean_into(self) -> int:
        number = written_number(self.cleaned_data["into"])
        if number is None:
            raise forms.ValidationError(_("Write a ticket's number, such as SD#12."))
        return number.key


class NewTicketForm(OnceForm):
    """A ticket for a call or a group message, entered by hand."""

    contact: "forms.ModelChoiceField[Contact]" = forms.ModelChoiceField(
        label=_("Contact"), queryset=None, required=False
    )
    customer: "forms.ModelChoiceField[Customer]" = forms.ModelChoiceField(
        label=_("Customer"), queryset=None, required=False
    )
    channel = forms.ChoiceField(label=_("By"), choices=BY_VOICE)
    happened_at = forms.DateTimeField(
        label=_("When it happened"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WHEN)
    )
    priority = forms.TypedChoiceField(
        label=_("Priority"), choices=Priority.choices, coerce=int, initial=Priority.P2
    )
    subject = forms.CharField(label=_("Subject"), max_length=500)
    body = words(_("What the customer said"), 8, "", required=True)

    def __init__(self, *args: Any, customers: Any, contacts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("customer", customers), ("contact", contacts)):
            field = self.fields[name]
            field.queryset = rows  # type: ignore[attr-defined]
            field.widget = AutocompleteSelect(Ticket._meta.get_field(name), admin.site)
            field.widget.choices = field.choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Require a customer or a contact, and refuse a contact of another customer."""
        data = super().clean() or {}
        contact: Contact | None = data.get("contact")
        customer: Customer | None = data.get("customer")
        if contact is not None and customer is not None and contact.customer_id not in (None, customer.pk):
            self.add_error("contact", _("This person belongs to another customer."))
        if contact is None and customer is None:
            self.add_error("customer", _("Choose the customer or the person who called."))
        return data


def new_files(uploads: Iterable[UploadedFile]) -> list[NewFile]:
    return [
        NewFile(file.name or "file", file.read(), file.content_type or "application/octet-stream")
        for file in uploads
    ]


class AbsenceMoveForm(OnceForm):
    """Take a ticket back after an absence, or leave it with the colleague."""

    move = key()
