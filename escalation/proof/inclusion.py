"""Shows the ledger of one promise to its customer, with a path from each line to a seal and nothing of others."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import orjson
from django.utils.translation import gettext as _

from escalation.clocks.line_hashes import completed_form
from escalation.lib.merkle import leaf_hash, path_to, root_by_path
from escalation.models import Clock, ClockEvent, Seal, SealedLine
from escalation.proof.sealing import MEMBERS, SEALED, SealedContent, seal_form

Document = dict[str, Any]


def proof_of(clock: Clock) -> Document:
    """The lines of a promise in their canonical form, each with its seal and the path to it, as JSON can hold them.

    A line that is younger than the last seal has none.
    """
    rows = list(ClockEvent.objects.filter(clock=clock).order_by("pk").values_list(*SEALED))
    sealed = SealedLine.objects.filter(line__in=[row[0] for row in rows]).select_related("seal")
    covered = {row.line: row for row in sealed}
    leaves = {row.seal_id: _leaves(row.seal) for row in covered.values()}
    lines = []
    previous = None
    for row in rows:
        content = SealedContent.of(row)
        _number, _clock, _hash, digest, *members = row
        form = dict(zip(MEMBERS, members, strict=True))
        words = bytes(digest) if digest is not None else None
        line: Document = {"number": content.line, "linked": content.linked, "hash": content.hash.hex()}
        line["line"] = completed_form(form, previous=previous if content.linked else None, words=words)
        place = covered.get(content.line)
        line["seal"] = None if place is None else seal_form(place.seal)
        if place is not None:
            line["position"] = place.position
            line["path"] = [node.hex() for node in path_to(place.position, leaves[place.seal_id])]
        lines.append(line)
        previous = content.hash if content.linked else None
    document: Document = orjson.loads(orjson.dumps({"promise": clock.pk, "lines": lines}))
    return document


def _leaves(seal: Seal) -> list[bytes]:
    return [bytes(leaf) for leaf in seal.covered.order_by("position").values_list("leaf", flat=True)]


def check_proof(document: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with such a document, as sentences; needs no database. Raises KeyError, TypeError or ValueError.

    Who has the manifest of a pack compares the hash of the seal with it.
    """
    previous = None
    for place, line in enumerate(document["lines"], start=1):
        form, hash_ = line["line"], line["hash"]
        follows = form["previous"] == (previous if line["linked"] else None)
        if not follows or sha256(orjson.dumps(form, option=orjson.OPT_SORT_KEYS)).hexdigest() != hash_:
            yield _("The hash of line %(line)s is wrong.") % {"line": place}
        if line["seal"] is not None and not _leads_to_its_seal(line, clock=document["promise"]):
            yield _("Line %(line)s is not covered by the seal that it names.") % {"line": place}
        previous = hash_ if line["linked"] else None


def _leads_to_its_seal(line: Mapping[str, Any], *, clock: int) -> bool:
    seal = line["seal"]
    content = SealedContent(line["number"], clock, bytes.fromhex(line["hash"]), linked=line["linked"])
    path = [bytes.fromhex(node) for node in line["path"]]
    root = root_by_path(leaf_hash(content.leaf_data), index=line["position"], size=seal["lines"], path=path)
    covered = {name: value for name, value in seal.items() if name != "hash"}
    own = sha256(orjson.dumps(covered, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return root is not None and root.hex() == seal["root"] and own == seal["hash"]
