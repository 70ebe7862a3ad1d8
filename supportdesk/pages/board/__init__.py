"""The board: which promise falls due next, and what else needs somebody's hand. Read queries, then view."""
