"""The URLs of the desk."""

from django.contrib import admin
from django.urls import include, path

from supportdesk.monitoring.health_view import alive, healthz
from supportdesk.monitoring.metrics_view import metrics
from supportdesk.pages.acknowledge_link import acknowledge_page
from supportdesk.pages.shift_calendar import duty_feed
from supportdesk.pages.unsubscribe import unsubscribe_page

handler400 = "supportdesk.pages.errors.bad_request"
handler500 = "supportdesk.pages.errors.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("healthz/live", alive, name="alive"),
    path("metrics", metrics, name="metrics"),
    path("ack/<str:token>/", acknowledge_page, name="ack"),
    path("unsubscribe/<str:token>/", unsubscribe_page, name="unsubscribe"),
    path("files/", include("tickets.urls")),
    path("duty/<str:token>.ics", duty_feed, name="duty_feed"),
    path("", include("supportdesk.accounts.pages.urls")),
    path("", admin.site.urls),
]
