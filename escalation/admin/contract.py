"""Contracts with the windows of their own; written by the admin of customers."""

from django.contrib import admin

from customers.admin.contract import ContractAdmin as ContractList
from customers.models import Contract
from escalation.admin.contract_window import ContractWindowInline

admin.site.unregister(Contract)


@admin.register(Contract)
class ContractAdmin(ContractList):
    inlines = (ContractWindowInline,)
