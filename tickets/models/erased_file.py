"""Stored files whose message was erased: each is removed after the commit, and its row after the file."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ErasedFile(models.Model):
    """A file that no row shows any more. It stands here until it is gone from the storage."""

    path = models.CharField(max_length=200, unique=True)
    erased_at = models.DateTimeField(_("words erased at"))

    class Meta:
        verbose_name = _("file to remove")
        verbose_name_plural = _("files to remove")
        ordering = ["pk"]
        default_permissions = ()  # only the desk itself works with them

    def __str__(self) -> str:
        return self.path
