"""Finds tickets by what people remember: number, words in any order, a file's name, contact, customer.

Read in this order: ticket_keys, indexing, backlog, finding, notes; mails.
"""
