"""The admin of customers and staff, one class per file; base and fields are shared by every app.

Read in this order: base, fields, secret_field, edit_stamp; customer, contact, contact_form, contract, plan; staff,
staff_form, team, skill, absence; desk, users.
"""

from customers.admin.absence import AbsenceAdmin
from customers.admin.contact import ContactAdmin
from customers.admin.contract import ContractAdmin
from customers.admin.customer import CustomerAdmin
from customers.admin.desk import DeskRowAdmin
from customers.admin.plan import ServicePlanAdmin
from customers.admin.skill import SkillAdmin
from customers.admin.staff import StaffProfileAdmin
from customers.admin.team import TeamAdmin
from customers.admin.users import DeskGroupAdmin, DeskUserAdmin

__all__ = [
    "AbsenceAdmin",
    "ContactAdmin",
    "ContractAdmin",
    "CustomerAdmin",
    "DeskGroupAdmin",
    "DeskRowAdmin",
    "DeskUserAdmin",
    "ServicePlanAdmin",
    "SkillAdmin",
    "StaffProfileAdmin",
    "TeamAdmin",
]
