"""A real server of S3 on loopback, which can be away, refuse, or keep everybody waiting."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from supportdesk.buckets import BucketAddress

KEYS = {"access_key": "desk", "secret_key": "desk-secret"}
NOWHERE = "http://127.0.0.1:9"  # the port that discards; nobody listens


@dataclass
class ObjectStore:
    """``url`` is what a setting says of a bucket in it."""

    endpoint: str
    bucket: str = "desk-files"

    @property
    def url(self) -> str:
        return self.url_of(self.bucket)

    def url_of(self, bucket: str, prefix: str = "prefix/of/ours", endpoint: str = "") -> str:
        return f"s3://{bucket}/{prefix}?endpoint={endpoint or self.endpoint}&region=us-east-1&addressing=path"

    @cached_property
    def client(self) -> Any:  # making one takes 50 ms
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEYS["access_key"],
            aws_secret_access_key=KEYS["secret_key"],
            config=Config(s3={"addressing_style": "path"}),
        )

    def names(self) -> set[str]:
        listed = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {each["Key"] for each in listed}

    def clear(self, bucket: str = "") -> None:
        """Remove what lies in a bucket: of this store, unless another is named."""
        name = bucket or self.bucket
        listed = self.client.list_objects_v2(Bucket=name).get("Contents", [])
        if listed:
            self.client.delete_objects(
                Bucket=name, Delete={"Objects": [{"Key": each["Key"]} for each in listed]}
            )


@contextmanager
def object_store(host: str = "127.0.0.1") -> Iterator[ObjectStore]:
    """Begins empty, with one bucket."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(host, 0, verbose=False)
    server.start()
    _address, port = server.get_host_and_port()
    store = ObjectStore(f"http://{host}:{port}")
    try:
        store.client.create_bucket(Bucket=store.bucket)
        yield store
        empty(store)
    finally:
        server.stop()


def empty(store: ObjectStore) -> None:
    for bucket in store.client.list_buckets()["Buckets"]:
        store.clear(bucket["Name"])
        store.client.delete_bucket(Bucket=bucket["Name"])


def storages_at(url: str) -> dict[str, Any]:
    """The setting STORAGES as FILES_URL makes it."""
    options = BucketAddress.parse(url).storage_options(**KEYS)
    return {
        "default": {"BACKEND": "tickets.lib.object_storage.ObjectStorage", "OPTIONS": options},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


class Gate:
    """Where whoever stores a file waits until it is opened."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.opened.wait(30)
