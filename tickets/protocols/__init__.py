"""The protocols that the desk speaks: imap and pop3 to fetch, smtp to send, http for everything else.

None of them knows the database. Read in this order: problems, secret_masking, connection_faults, mail_hosts, imap,
pop3, oauth, smtp, dkim_signing, http, images.
"""
