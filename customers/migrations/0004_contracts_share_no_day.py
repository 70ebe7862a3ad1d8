"""PostgreSQL itself refuses two contracts of a customer that share a day.

SQLite has no such constraint; there the lock in services.contracts is the guarantee. The customer is a range of one
number, so that the extension btree_gist is not needed.
"""

from django.db import migrations

ADD = """
ALTER TABLE customers_contract ADD CONSTRAINT contracts_share_no_day EXCLUDE USING gist (
    int8range(customer_id, customer_id, '[]') WITH &&,
    daterange(starts_on, ends_on, '[]') WITH &&
)
"""
DROP = "ALTER TABLE customers_contract DROP CONSTRAINT contracts_share_no_day"


def on_postgresql(statement):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(statement)

    return run


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_contract_ways")]
    operations = [migrations.RunPython(on_postgresql(ADD), on_postgresql(DROP))]
