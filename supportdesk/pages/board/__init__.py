"""The board: which promise falls due next, and what else needs attention. Read in this order: queries, shared,
view."""
