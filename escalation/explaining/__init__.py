"""Explains one promise to a reader who doubts it: its start, terms, counted working time, and end.

Read in this order: loading reads the rows and fact_building turns them into the values of facts, with counting for
the working time. report then puts them into words (sentences, ledger_sentences, times) for the page; plain_text and
json_document write the other two forms.
"""
