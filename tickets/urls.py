"""The addresses of files, all of which require a login to the desk."""

from django.contrib import admin
from django.urls import path

from tickets import views

app_name = "tickets"
urlpatterns = [path("originals/<int:pk>/", admin.site.admin_view(views.original), name="original")]
