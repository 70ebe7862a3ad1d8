"""Tells whether two email addresses are one: letter case and the two spellings of a domain (IDN) make no difference."""

from customers.public_domains import in_ascii, spellings_of


def address_key(address: str) -> str:
    """The same for all spellings of an address: small letters, the domain in ASCII (IDNA)."""
    key = address.casefold()
    if key.isascii():
        return key
    local, at, domain = key.rpartition("@")
    return f"{local}{at}{in_ascii(domain)}"


def address_spellings(address: str) -> list[str]:
    """All spellings that a stored row may have, in small letters, the given one first."""
    local, at, domain = address.lower().rpartition("@")
    return [f"{local}{at}{spelling}" for spelling in spellings_of(domain)] if at else [address.lower()]
