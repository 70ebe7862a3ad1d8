"""The protocols of mail as the desk speaks them: IMAP to fetch, SMTP to send. Neither knows the database."""
