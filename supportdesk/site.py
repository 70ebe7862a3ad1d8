"""The desk's admin site. Its index page is the board."""

from unfold.sites import UnfoldAdminSite


class DeskSite(UnfoldAdminSite):
    pass
