"""Names of styles and scripts that hold a digest of their content, so that browsers may keep them for ever."""

import logging

from whitenoise.storage import CompressedManifestStaticFilesStorage

logger = logging.getLogger(__name__)


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Whitenoise's storage; but a page is shown under plain names where nobody has run collectstatic yet."""

    _has_warned = False

    def stored_name(self, name: str) -> str:
        try:
            return str(super().stored_name(name))
        except ValueError as error:
            if not self._has_warned:
                logger.warning("Run manage.py collectstatic: %s", error)
                self._has_warned = True
            return name
