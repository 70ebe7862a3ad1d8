"""Reads where an object store is: s3://bucket/prefix?endpoint=https://store.example.com&region=eu-central-1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SCHEME = "s3://"
OPTIONS = frozenset({"endpoint", "region", "addressing"})
EXAMPLE = "s3://bucket/prefix?endpoint=https://store.example.com&region=eu-central-1"


class NoBucket(ValueError):
    """The text is no address of a bucket; says what is wrong, without repeating it."""


@dataclass(frozen=True)
class BucketAddress:
    """``addressing`` says whether the bucket's name stands in the path or before the host of its addresses."""

    name: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    addressing: str = "auto"

    @classmethod
    def parse(cls, text: str) -> BucketAddress:
        """Raises NoBucket."""
        try:
            parts = urlsplit(text)
            options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        except ValueError as error:
            raise NoBucket(f"cannot be read. Write it as {EXAMPLE}") from error
        if parts.scheme != "s3" or not parts.netloc:
            raise NoBucket(f"names no bucket. Write it as {EXAMPLE}")
        if "@" in parts.netloc or ":" in parts.netloc:
            raise NoBucket("has a key in it. Set S3_ACCESS_KEY and S3_SECRET_KEY instead")
        if unknown := sorted(options.keys() - OPTIONS):
            raise NoBucket(f"has the option {unknown[0]}, which there is not: {', '.join(sorted(OPTIONS))}")
        bucket = cls(parts.netloc, parts.path.strip("/"), **options)
        if bucket.endpoint and not _is_web_address(bucket.endpoint):
            raise NoBucket("has an endpoint that is no address with https:// or http:// and a host")
        if bucket.addressing not in ("auto", "path", "virtual"):
            raise NoBucket("has an addressing other than path, virtual and auto")
        return bucket

    def storage_options(self, *, access_key: str, secret_key: str) -> dict[str, Any]:
        """For ObjectStorage. Without keys those are used that the machine has from its cloud."""
        return {
            "bucket_name": self.name,
            "location": self.prefix,
            "endpoint_url": self.endpoint or None,
            "region_name": self.region or None,
            "addressing_style": self.addressing,
            "access_key": access_key or None,
            "secret_key": secret_key or None,
        }


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # the port is no number
        return False
