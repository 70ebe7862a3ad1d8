"""The addresses of files; all of them ask for a login of the desk."""

from django.contrib import admin
from django.urls import path

from tickets import views

app_name = "tickets"
urlpatterns = [path("originals/<int:pk>/", admin.site.admin_view(views.original), name="original")]
