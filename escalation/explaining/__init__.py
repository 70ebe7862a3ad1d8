"""Explains one promise to somebody who doubts it: how it began, its terms, the working time counted, how it ended.

Read in this order: loading reads the rows and fact_building makes them the values of facts, with counting for the
working time. report then puts them into words (sentences, ledger_sentences, times) for the page; plain_text and
json_document write the other two forms.
"""
