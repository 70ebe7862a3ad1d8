"""The admin of promises: clocks, their ledger, and the escalations that fired."""
