"""Works out scorecard.csv from the other sheets of a pack, as a stranger would: with a CSV parser and arithmetic.

Imports nothing of the desk. It follows columns.csv: promises.csv gives outcomes, responses, times held and shares of
breaches; incidents.csv gives what else happened; people.csv gives names and teams.
"""

import csv
import math
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

GROUPS = ("desk", "priority", "team", "account_manager", "customer", "person")
INCIDENTS = {
    "waived": "waived",
    "voided": "voided",
    "revoked": "revoked",
    "late downgrade": "late_downgrades",
    "proposal rejected": "proposals_rejected",
    "proposal wrongly rejected": "wrong_rejections",
    "escalation": "escalations_received",
}
KINDS = {"first_response": "first", "next_response": "next"}


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


class Line:
    def __init__(self) -> None:
        self.name = ""
        self.counts: Counter[str] = Counter()
        self.responses: defaultdict[str, list[int]] = defaultdict(list)
        self.share = Decimal(0)
        self.waived_share = Decimal(0)

    def cells(self, group: str, key: str) -> dict[str, str]:
        counts = self.counts
        met, breached, cancelled = counts["met"], counts["breached"], counts["cancelled"]
        judged = met + breached - counts["breached_waived"]
        decided, rejected = counts["proposals_decided"], counts["proposals_rejected"]
        cells = {
            "group": group,
            "key": key,
            "name": self.name,
            "promises": met + breached + cancelled,
            "met": met,
            "breached": breached,
            "cancelled": cancelled,
            **{column: counts[column] for column in INCIDENTS.values()},
            "met_percent": round(100 * met / (met + breached), 1) if met + breached else "",
            "breached_waived": counts["breached_waived"],
            "adjusted_percent": round(100 * met / judged, 1) if judged else "",
            "near_misses": counts["near_misses"],
            "proposals_decided": decided,
            "proposals_rejected_percent": round(100 * rejected / decided, 1) if decided else "",
            "held_seconds": counts["held_seconds"],
            "breach_share": round(self.share, 2).quantize(Decimal("0.01")),
            "adjusted_breach_share": round(self.share - self.waived_share, 2).quantize(Decimal("0.01")),
        }
        for kind in KINDS.values():
            seconds = sorted(self.responses[kind])
            cells[f"{kind}_responses"] = len(seconds)
            for name, percent in (("median", 50), ("p90", 90), ("p95", 95)):
                rank = math.ceil(len(seconds) * percent / 100) - 1
                cells[f"{kind}_response_{name}_seconds"] = seconds[rank] if seconds else ""
        return {column: str(cell) for column, cell in cells.items()}


class Recomputed:
    def __init__(self, folder: Path) -> None:
        self.people = {row["person"]: row for row in read(folder, "people.csv")}
        self.lines: defaultdict[tuple[str, str], Line] = defaultdict(Line)
        self.lines["desk", ""] = Line()
        for promise in read(folder, "promises.csv"):
            self.add_promise(promise)
        for incident in read(folder, "incidents.csv"):
            self.add_incident(incident)

    def rows(self) -> list[dict[str, str]]:
        order = sorted(self.lines, key=lambda key: (GROUPS.index(key[0]), key[1]))
        return [self.lines[key].cells(*key) for key in order]

    def line(self, group: str, key: str, name: str = "") -> Line:
        line = self.lines[group, key]
        line.name = name
        return line

    def team_of(self, login: str) -> str:
        return self.people[login]["team"] if login else ""

    def lines_of(self, row: dict[str, str], team: str) -> list[Line]:
        manager = row["account_manager"]
        return [
            self.line("desk", ""),
            self.line("priority", row["priority"]),
            self.line("team", team, team),
            self.line("account_manager", manager, self.people[manager]["name"] if manager else ""),
            self.line("customer", row["customer_code"], row["customer"]),
        ]

    def person(self, login: str) -> Line:
        return self.line("person", login, self.people[login]["name"] if login else "")

    def add_promise(self, row: dict[str, str]) -> None:
        lines = self.lines_of(row, row["account_manager_team"])
        if row["answered_this_week"] == "yes" and row["kind"] in KINDS:
            author = [self.person(row["answered_by"])] if row["answered_by"] else []
            for line in (*lines, *author):
                line.responses[KINDS[row["kind"]]].append(int(row["response_seconds"]))
        elif row["answered_this_week"] == "yes" and row["answered_by"]:
            self.person(row["answered_by"])
        if row["counts_this_week"] == "no":
            return
        is_waived = row["outcome"] == "breached" and row["waived_at"] != ""
        held, shares = pairs(row["held_by"]), dict(pairs(row["breach_shares"]))
        for line in (*lines, *(self.person(login) for login, _seconds in held)):
            line.counts[row["outcome"]] += 1
            line.counts["breached_waived"] += is_waived
            line.counts["near_misses"] += row["near_miss"] == "yes"
        for login, seconds in held:
            for line in (*self.lines_of(row, self.team_of(login)), self.person(login)):
                line.counts["held_seconds"] += int(seconds)
                line.share += Decimal(shares.get(login, 0))
                line.waived_share += is_waived * Decimal(shares.get(login, 0))

    def add_incident(self, row: dict[str, str]) -> None:
        for line in (*self.lines_of(row, self.team_of(row["person"])), self.person(row["person"])):
            line.counts[INCIDENTS.get(row["incident"], "")] += 1
            line.counts["proposals_decided"] += row["incident"] in ("proposal confirmed", "proposal rejected")


def pairs(cell: str) -> list[tuple[str, str]]:
    return [(login, value) for login, value in (part.rsplit(" ", 1) for part in cell.split("; ") if part)]
