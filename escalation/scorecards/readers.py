"""Who may read which line: people themselves, leads their people and teams, directors and auditors all.

A line counts only tickets that its reader may open, so that each of its figures can be opened.
"""

from collections.abc import Collection
from dataclasses import dataclass

from customers.access import Person, sees_all, team_ids, visible_customers
from customers.models import Team
from escalation.lib.weeks import CoveredTime
from escalation.scorecards.dimensions import Dimension
from tickets.access import visible_tickets


@dataclass(frozen=True)
class ScoreReader:
    """None stands for all of them."""

    people: frozenset[str] | None = None
    teams: frozenset[str] | None = None
    customers: frozenset[str] | None = None
    tickets: Collection[int] | None = None

    def may_read(self, dimension: Dimension, key: str) -> bool:
        match dimension:
            case Dimension.PERSON | Dimension.ACCOUNT_MANAGER:
                allowed = self.people
            case Dimension.TEAM:
                allowed = self.teams
            case Dimension.CUSTOMER:
                allowed = self.customers
            case _shared:
                return True
        return allowed is None or key in allowed

    def sees_ticket(self, ticket_id: int) -> bool:
        return self.tickets is None or ticket_id in self.tickets


EVERYTHING = ScoreReader()


def reader_of_scores(user: Person, period: CoveredTime) -> ScoreReader:
    """Four queries, or none for people who see all."""
    if sees_all(user):
        return EVERYTHING
    people = team_ids(user)
    customers = visible_customers(user).order_by().values_list("pk", flat=True)
    teams = Team.objects.filter(lead__in=people).order_by().values_list("name", flat=True)
    tickets = visible_tickets(user).filter(opened_at__lt=period.end).order_by().values_list("pk", flat=True)
    return ScoreReader(
        people=frozenset(map(str, people)),
        teams=frozenset(teams),
        customers=frozenset(map(str, customers)),
        tickets=frozenset(tickets.iterator()),
    )
