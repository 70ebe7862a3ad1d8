"""Merkle trees by RFC 9162: the root as the RFC defines it, and paths that lead to it for their own leaf only."""

from hashlib import sha256

import pytest

from escalation.lib.merkle import leaf_hash, node_hash, path_to, root_by_path, root_of

LEAVES = [leaf_hash(b"line %d" % number) for number in range(33)]


def defined_root(leaves):
    """MTH of section 2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = max(1 << power for power in range(10) if 1 << power < len(leaves))
    return node_hash(defined_root(leaves[:split]), defined_root(leaves[split:]))


def test_the_hashes_of_leaves_and_nodes_are_those_of_the_rfc():
    assert leaf_hash(b"") == sha256(b"\x00").digest()
    assert node_hash(b"l" * 32, b"r" * 32) == sha256(b"\x01" + b"l" * 32 + b"r" * 32).digest()


@pytest.mark.parametrize("size", range(34))
def test_the_root_is_the_one_that_the_rfc_defines(size):
    assert root_of(iter(LEAVES[:size])) == defined_root(LEAVES[:size])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 32, 33])
def test_a_path_leads_its_own_leaf_to_the_root_and_no_other(size):
    leaves = LEAVES[:size]
    for index, leaf in enumerate(leaves):
        path = path_to(index, leaves)
        assert root_by_path(leaf, index=index, size=size, path=path) == root_of(leaves)
        strange = leaf_hash(b"forged")
        assert root_by_path(strange, index=index, size=size, path=path) != root_of(leaves)


def test_a_path_of_another_length_or_place_leads_nowhere():
    path = path_to(3, LEAVES)
    place = {"index": 3, "size": len(LEAVES)}
    assert root_by_path(LEAVES[3], **place, path=path[:-1]) is None
    assert root_by_path(LEAVES[3], **place, path=[*path, LEAVES[0]]) is None
    assert root_by_path(LEAVES[3], index=33, size=33, path=path) is None
    assert root_by_path(LEAVES[3], index=2, size=33, path=path) != root_of(LEAVES)
