"""App configurations: the joining app, and the admin with the desk's own site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class SupportDeskConfig(AppConfig):
    name = "supportdesk"
    verbose_name = _("Support desk")


class DeskAdminConfig(AdminConfig):
    default_site = "supportdesk.site.DeskSite"
