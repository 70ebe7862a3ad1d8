"""What keeps the desk from reading a mailbox, as sentences for people. None of them contains a secret."""


class MailboxProblem(Exception):
    """The mailbox cannot be read now. ``str()`` is a sentence for a person, without the password."""


class LoginRefused(MailboxProblem):
    """The server does not accept the user name, password or token."""


class FolderRefused(MailboxProblem):
    """One folder cannot be opened; others may be."""


class TokenRefused(MailboxProblem):
    """The token server gives no access token."""
