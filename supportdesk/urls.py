"""The addresses of the desk."""

from django.contrib import admin
from django.urls import include, path

from supportdesk.views.health import alive, healthz

handler500 = "supportdesk.views.errors.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("healthz/live", alive, name="alive"),
    path("files/", include("tickets.urls")),
    path("", admin.site.urls),
]
