"""The models of the customers app, one file per topic: customer, contract, staff, desk."""

from customers.models.contract import Contract, ServicePlan
from customers.models.customer import Contact, ContactTokens, Customer, MailDomain
from customers.models.desk import Desk
from customers.models.staff import Absence, Departure, Skill, StaffProfile, Team

__all__ = [
    "Absence",
    "Contact",
    "ContactTokens",
    "Contract",
    "Customer",
    "Departure",
    "Desk",
    "MailDomain",
    "ServicePlan",
    "Skill",
    "StaffProfile",
    "Team",
]
