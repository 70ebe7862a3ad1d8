"""Chinese names of holidays whose dates depend on the moon; the English names come from the library.

Only such holidays are named anywhere, and countries whose names the library has in Chinese have none of them.
"""

from django.utils.translation import gettext, gettext_noop

from customers.names import speaks_chinese
from customers.phrases import listed, noted

KNOWN = frozenset(
    (
        gettext_noop("Anniversary of the revelation of the Quran"),
        gettext_noop("Arbaeen"),
        gettext_noop("Ashura"),
        gettext_noop("Birthday of Imam Ali"),
        gettext_noop("Birthday of Mahdi"),
        gettext_noop("Birthday of Muhammad and Imam Ja'far al-Sadiq"),
        gettext_noop("Chinese New Year"),
        gettext_noop("Chinese New Year (Second Day)"),
        gettext_noop("Dassain"),
        gettext_noop("Day after Eid al-Adha"),
        gettext_noop("Day after Night of Power"),
        gettext_noop("Day after Prophet's Birthday"),
        gettext_noop("Day of Arafah"),
        gettext_noop("Death of Prophet Muhammad and Martyrdom of Hasan ibn Ali"),
        gettext_noop("Diwali"),
        gettext_noop("Eid al-Adha"),
        gettext_noop("Eid al-Adha Holiday"),
        gettext_noop("Eid al-Fitr"),
        gettext_noop("Eid al-Fitr (Second Day)"),
        gettext_noop("Eid al-Fitr Holiday"),
        gettext_noop("Eid al-Fitr Second Day"),
        gettext_noop("Eid al-Ghadir"),
        gettext_noop("Eid-ul-Adha"),
        gettext_noop("Eid-ul-Fitr"),
        gettext_noop("First Day of Ramadan"),
        gettext_noop("Grand Magal of Touba"),
        gettext_noop("Islamic New Year"),
        gettext_noop("Islamic New Year Day"),
        gettext_noop("Isra' and Mi'raj"),
        gettext_noop("Jumu'atul-Wida"),
        gettext_noop("Laylat al-Qadr"),
        gettext_noop("Lunar New Year"),
        gettext_noop("Martyrdom of Ali al-Rida"),
        gettext_noop("Martyrdom of Fatima"),
        gettext_noop("Martyrdom of Hasan al-Askari"),
        gettext_noop("Martyrdom of Imam Ali"),
        gettext_noop("Martyrdom of Imam Ja'far al-Sadiq"),
        gettext_noop("Mawlid"),
        gettext_noop("Mid-Sha'ban"),
        gettext_noop("National Day"),
        gettext_noop("Prophet Mohammed's Birthday"),
        gettext_noop("Prophet Muhammad's Birthday"),
        gettext_noop("Prophet's Baptism"),
        gettext_noop("Prophet's Birthday"),
        gettext_noop("Shaqq Day"),
        gettext_noop("Tasua"),
        gettext_noop("The Day Maldives Embraced Islam"),
        gettext_noop("Vesak Day"),
    )
)
OBSERVED = " (observed)"


def holiday_name(english: str) -> str:
    """``Eid al-Fitr`` or ``开斋节``; in Chinese ``公众假日`` if the name is not known. `; ` separates several."""
    return listed(map(_one_name, english.split("; "))) if speaks_chinese() else english


def _one_name(english: str) -> str:
    name = english.removesuffix(OBSERVED)
    text = gettext(name) if name in KNOWN else gettext("public holiday")
    return noted(text, gettext("observed") if name != english else "")
