"""What the reader asked for: the lines, the period in their zone, and maybe one line alone."""

from dataclasses import dataclass
from datetime import date, datetime

from django import forms
from django.http import Http404, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from escalation.lib.weeks import CoveredTime
from escalation.scorecards.dimensions import Dimension
from escalation.scorecards.periods import LONGEST, ScorePeriod, covered, days_of

FIRST_DAY = date(1990, 1, 1)


class DaysForm(forms.Form):
    """From one day to another, both included."""

    start = forms.DateField(
        label=pgettext_lazy("period", "From"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    end = forms.DateField(
        label=pgettext_lazy("period", "To"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self) -> dict[str, date]:
        start, end = self.cleaned_data.get("start"), self.cleaned_data.get("end")
        if start is None or end is None:
            return self.cleaned_data
        if end < start:
            raise forms.ValidationError(_("The end date is before the start date."))
        if start < FIRST_DAY or end - start > LONGEST or end.year > 9990:
            raise forms.ValidationError(_("Choose at most three years."))
        return self.cleaned_data


@dataclass(frozen=True)
class ScoreChoice:
    """`named` is None for days of the reader's own; `key` is None for all lines."""

    dimension: Dimension
    key: str | None
    named: ScorePeriod | None
    form: DaysForm
    period: CoveredTime

    def query(self, *, dimension: Dimension | None = None, key: str | None = None) -> str:
        """The address of the same period with other lines."""
        asked = QueryDict(mutable=True)
        asked["by"] = (dimension or self.dimension).value
        if key is not None:
            asked["key"] = key
        if self.named is not None:
            asked["period"] = self.named.value
        else:
            asked["start"], asked["end"] = (f"{self.form.cleaned_data[name]}" for name in ("start", "end"))
        return asked.urlencode()


def read_choice(query: QueryDict, *, now: datetime) -> ScoreChoice:
    """Days that make no sense are shown with their fault, and with the figures of this week."""
    zone = timezone.get_current_timezone()
    dimension = _dimension(query.get("by", Dimension.TEAM))
    named = _named(query)
    today = now.astimezone(zone).date()
    if named is None:
        form = DaysForm({name: query.get(name, "") for name in ("start", "end")})
        named = None if form.is_valid() else ScorePeriod.THIS_WEEK
    if named is not None:
        first, last = days_of(named, today=today)
        if "start" not in query:
            form = DaysForm({"start": first, "end": last})
            form.is_valid()
    else:
        first, last = form.cleaned_data["start"], form.cleaned_data["end"]
    return ScoreChoice(dimension, query.get("key"), named, form, covered(first, last, zone=zone, now=now))


def _dimension(text: str) -> Dimension:
    try:
        return Dimension(text)
    except ValueError as error:
        raise Http404 from error


def _named(query: QueryDict) -> ScorePeriod | None:
    """The period by its name; days of the reader's own win over it."""
    if "start" in query or "end" in query:
        return None
    text = query.get("period", ScorePeriod.THIS_WEEK)
    return ScorePeriod(text) if text in ScorePeriod.values else ScorePeriod.THIS_WEEK
