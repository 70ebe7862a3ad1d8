"""The addresses of the desk."""

from django.contrib import admin
from django.urls import path

from supportdesk import views

handler500 = "supportdesk.views.server_error"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("healthz/live", views.alive, name="alive"),
    path("", admin.site.urls),
]
