"""Shows allauth's pages in the look of the desk: its title, its sidebar, its fields."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from unfold.widgets import BASE_INPUT_CLASSES, CHECKBOX_CLASSES

View = Callable[..., HttpResponseBase]


def in_the_desk(view: View, heading: Any = "") -> View:
    """The view, with the variables that every page of the admin has, and its heading."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and not response.is_rendered:
            context = response.context_data or {}
            if isinstance(context.get("form"), forms.Form):
                look_like_the_desk(context["form"])
            response.context_data = {**admin.site.each_context(request), "heading": heading, **context}
        return response

    return page


def look_like_the_desk(form: forms.BaseForm) -> None:
    """Give the fields the classes of the theme, and no placeholder, which would repeat the label."""
    form.label_suffix = ""
    for field in form.fields.values():
        widget = field.widget
        is_box = isinstance(widget, forms.CheckboxInput)
        widget.attrs["class"] = " ".join(CHECKBOX_CLASSES if is_box else BASE_INPUT_CLASSES)
        widget.attrs.pop("placeholder", None)
