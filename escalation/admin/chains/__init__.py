"""The admin of escalation chains: their form, inline and page, shared by policies and contracts."""
