"""The address of an object store, and what is wrong with one."""

import pytest

from supportdesk.buckets import BucketAddress, NoBucket


def test_everything_about_a_bucket_stands_in_its_address() -> None:
    text = "s3://desk/files/of/ours/?endpoint=http://10.0.0.5:9000&region=eu-central-1&addressing=path"
    bucket = BucketAddress.parse(text)
    assert bucket == BucketAddress("desk", "files/of/ours", "http://10.0.0.5:9000", "eu-central-1", "path")
    assert BucketAddress.parse("s3://desk") == BucketAddress("desk")


def test_without_keys_those_of_the_machine_are_used() -> None:
    options = BucketAddress.parse("s3://desk").storage_options(access_key="", secret_key="")
    assert (options["access_key"], options["secret_key"], options["endpoint_url"]) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("https://desk/files", "names no bucket"),
        ("s3:///files", "names no bucket"),
        ("s3://key:secret@desk/files", "has a key in it"),
        ("s3://desk?endpont=http://x", "has the option endpont"),
        ("s3://desk?endpoint=10.0.0.5", "has an endpoint that is no address"),
        ("s3://desk?endpoint=http://", "has an endpoint that is no address"),
        ("s3://desk?endpoint=http://10.0.0.5:x", "has an endpoint that is no address"),
        ("s3://desk?addressing=dns", "addressing other than"),
        ("s3://desk?x", "cannot be read"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_its_secret(text: str, problem: str) -> None:
    with pytest.raises(NoBucket, match=problem) as refused:
        BucketAddress.parse(text)
    assert "secret" not in str(refused.value).replace("S3_SECRET_KEY", "")
