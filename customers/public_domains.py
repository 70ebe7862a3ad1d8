"""Mail providers open to anybody, and suffixes that anybody may register below: neither identifies a company."""

from functools import cache

import idna
from publicsuffixlist import PublicSuffixList

PUBLIC_DOMAINS = frozenset(
    """
    126.com 139.com 163.com 163.net 188.com 189.cn 21cn.com aliyun.com foxmail.com qq.com vip.163.com
    vip.126.com vip.188.com vip.qq.com vip.sina.com sina.cn sina.com sina.com.cn sohu.com tom.com wo.cn
    yeah.net aol.com duck.com fastmail.com fastmail.fm gmail.com gmx.com gmx.de gmx.net googlemail.com
    hey.com hotmail.co.uk hotmail.com hotmail.fr hushmail.com icloud.com laposte.net libero.it live.cn
    live.com mac.com mail.com mail.ru me.com msn.com naver.com hanmail.net daum.net orange.fr outlook.com
    outlook.de outlook.fr outlook.jp pm.me proton.me protonmail.com rambler.ru t-online.de tutanota.com
    tuta.io web.de yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.cn yahoo.cn yahoo.de yahoo.fr yandex.com
    yandex.ru ymail.com zoho.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp
    """.split()  # noqa: SIM905  # a list of a hundred quoted words would be harder to read
)


def is_public_domain(domain: str) -> bool:
    return domain.strip().lower().rstrip(".") in PUBLIC_DOMAINS


def is_public_suffix(domain: str) -> bool:
    """True for what many own domains below, such as ``co.uk`` (publicsuffix.org)."""
    return any(_suffixes().privatesuffix(spelling) is None for spelling in spellings_of(domain))


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def company_domain(address: str) -> str:
    """The domain of an address, in lower case, if it can stand for one company; empty for a public provider."""
    _local, at, domain = address.rpartition("@")
    return "" if not at or is_public_domain(domain) else domain.strip().lower().rstrip(".")


def share_a_domain(address: str, other: str) -> bool:
    """True if the domains of two addresses suggest one company: they are equal, or one is below the other."""
    first, second = in_ascii(company_domain(address)), in_ascii(company_domain(other))
    if not first or not second:
        return False
    return first == second or first.endswith(f".{second}") or second.endswith(f".{first}")


def spellings_of(domain: str) -> list[str]:
    """A domain in lower case as written, in ASCII (IDN) and in its own letters, each spelling once."""
    written = domain.strip().lower().rstrip(".")
    return list(dict.fromkeys([written, in_ascii(written), _in_letters(written)]))


def domains_of(address: str) -> list[str]:
    """``a.b.example.com`` and the domains above it, without the top level, in all spellings.

    Empty for a public provider.
    """
    domains = []
    for spelling in spellings_of(address.rpartition("@")[2]):
        labels = spelling.split(".")
        domains += [".".join(labels[place:]) for place in range(len(labels) - 1)]
    return [] if any(map(is_public_domain, domains)) else domains


def in_ascii(domain: str) -> str:
    """The domain as mail servers spell it (IDNA 2008, UTS 46); as written if it has no such spelling."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain


def _in_letters(domain: str) -> str:
    try:
        return idna.decode(domain) if "xn--" in domain and domain.isascii() else domain
    except idna.IDNAError:
        return domain
