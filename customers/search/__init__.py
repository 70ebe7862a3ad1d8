"""Searching by words: what an index knows of a text, what a person looks for, and the column that holds an index.

Read in this order: tokens, wanted, column.
"""
