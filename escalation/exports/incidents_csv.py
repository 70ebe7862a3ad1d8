"""incidents.csv and people.csv: what the scorecard counts beside promises, and whose names and teams it means."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from escalation.exports.bulk_reading import NamedPerson, People
from escalation.exports.scorecard import Incident
from escalation.exports.tickets_csv import priority_code
from escalation.lib.csv_sheets import Cell, iso_time, local_time
from tickets.models.ticket import ticket_number

COLUMNS = (
    "incident",
    "at",
    "at_local",
    "ticket",
    "promise",
    "priority",
    "customer_code",
    "customer",
    "account_manager",
    "person",
    "local_zone",
)
PEOPLE_COLUMNS = ("person", "name", "team")


def incident_row(incident: Incident, *, people: People, zone: ZoneInfo) -> list[Cell]:
    customer = incident.customer
    return [
        incident.kind.value,
        iso_time(incident.at),
        local_time(incident.at, zone),
        ticket_number(incident.ticket_id),
        incident.clock_id,
        priority_code(incident.priority),
        customer.code,
        customer.name,
        people[customer.account_manager_id].username,
        people[incident.person_id].username,
        zone.key,
    ]


def people_rows(people: Iterable[NamedPerson]) -> Iterator[list[Cell]]:
    for person in sorted(people, key=lambda person: person.username):
        yield [person.username, person.name, person.team]
