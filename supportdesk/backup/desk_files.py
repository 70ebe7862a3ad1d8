"""The files that rows name: attachments, files of outgoing mail, weekly packs."""

from collections.abc import Iterator

import orjson

from supportdesk.backup.desk_tables import DeskTable, RowSource

PATHS = (DeskTable("tickets_attachment", ("file",)), DeskTable("escalation_exportfile", ("path",)))
LISTED = DeskTable("tickets_outboundemail", ("files",))


def named_files(desk: RowSource) -> list[str]:
    """Their names in the storage, each once."""
    there = {table.name for table in desk.tables()}
    return sorted(
        {name for table in (*PATHS, LISTED) if table.name in there for name in _names(desk, table)} - {""}
    )


def _names(desk: RowSource, table: DeskTable) -> Iterator[str]:
    for (value,) in desk.rows(table):
        if table is LISTED:
            yield from (listed["path"] for listed in orjson.loads(str(value)))
        else:
            yield str(value)
