"""The board: which promise falls due next, and what else needs attention. Read queries first, then view."""
