"""The protocols that the desk speaks: imap to fetch, smtp to send, http for everything else. None knows the database.

Read in this order: problems, certificates, imap, oauth, smtp, dkim_signing, http.
"""
