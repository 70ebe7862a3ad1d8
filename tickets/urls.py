"""The addresses of files. They require a login to the desk, or a signature that stands for one."""

from django.contrib import admin
from django.urls import path

from tickets import views

app_name = "tickets"
urlpatterns = [
    path("originals/<int:pk>/", admin.site.admin_view(views.original), name="original"),
    path("images/<str:token>/", views.remote_image, name="remote_image"),  # its signature names the reader
]
