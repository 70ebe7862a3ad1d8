"""The mail protocols that the desk speaks: imap to fetch, smtp to send. Neither knows the database."""
