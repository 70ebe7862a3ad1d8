"""The addresses of the desk."""

from django.contrib import admin
from django.urls import include, path

from supportdesk.views.ack import ack
from supportdesk.views.duty import duty_feed
from supportdesk.views.health import alive, healthz
from supportdesk.views.metrics import metrics

handler500 = "supportdesk.views.errors.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("healthz/live", alive, name="alive"),
    path("metrics", metrics, name="metrics"),
    path("ack/<str:token>/", ack, name="ack"),
    path("files/", include("tickets.urls")),
    path("duty/<str:token>.ics", duty_feed, name="duty_feed"),
    path("", admin.site.urls),
]
