"""How people type the truth in: the everyday differences between two systems, and the hard ones that hide a pair."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace

from reconcile.simulators.generator.entities import Entity, moved, pick, to_ascii
from reconcile.simulators.generator.vocabulary import (
    ADJECTIVES,
    LEGAL_VARIANTS,
    NICKNAMES,
    NOUNS,
    STREET_SHORT,
    WORD_SHORT,
)

_CYRILLIC_PAIRS = (
    ("sch", "щ"),
    ("sh", "ш"),
    ("ch", "ч"),
    ("zh", "ж"),
    ("ya", "я"),
    ("yu", "ю"),
    ("ts", "ц"),
    ("a", "а"),
    ("b", "б"),
    ("v", "в"),
    ("g", "г"),
    ("d", "д"),
    ("e", "е"),
    ("z", "з"),
    ("i", "и"),
    ("y", "й"),
    ("k", "к"),
    ("l", "л"),
    ("m", "м"),
    ("n", "н"),
    ("o", "о"),
    ("p", "п"),
    ("r", "р"),
    ("s", "с"),
    ("t", "т"),
    ("u", "у"),
    ("f", "ф"),
    ("h", "х"),
    ("c", "к"),
    ("j", "дж"),
    ("q", "к"),
    ("w", "в"),
    ("x", "кс"),
)
_GREEK_PAIRS = (
    ("th", "θ"),
    ("ph", "φ"),
    ("ps", "ψ"),
    ("ch", "χ"),
    ("a", "α"),
    ("b", "μπ"),
    ("v", "β"),
    ("g", "γ"),
    ("d", "δ"),
    ("e", "ε"),
    ("z", "ζ"),
    ("i", "ι"),
    ("k", "κ"),
    ("l", "λ"),
    ("m", "μ"),
    ("n", "ν"),
    ("x", "ξ"),
    ("o", "ο"),
    ("p", "π"),
    ("r", "ρ"),
    ("s", "σ"),
    ("t", "τ"),
    ("u", "ου"),
    ("f", "φ"),
    ("h", "χ"),
    ("c", "κ"),
    ("y", "υ"),
    ("j", "τζ"),
    ("q", "κ"),
    ("w", "γου"),
)
_KEYBOARD = {
    "a": "s",
    "b": "v",
    "c": "x",
    "d": "f",
    "e": "r",
    "f": "g",
    "g": "h",
    "h": "j",
    "i": "o",
    "j": "k",
    "k": "l",
    "l": "k",
    "m": "n",
    "n": "m",
    "o": "p",
    "p": "o",
    "q": "w",
    "r": "t",
    "s": "d",
    "t": "y",
    "u": "i",
    "v": "b",
    "w": "e",
    "x": "z",
    "y": "u",
    "z": "x",
}


def everyday_name(rng: random.Random, entity: Entity) -> str:
    """The name as somebody typed it on an ordinary day: mostly right, sometimes without or with another legal form."""
    if entity.kind == "person":
        return entity.core
    legal, way = entity.legal, rng.random()
    if way < 0.18:
        legal = ""
    elif way < 0.3 and legal in LEGAL_VARIANTS:
        legal = pick(rng, LEGAL_VARIANTS[legal])
    core = entity.core
    detail = rng.random()
    if detail < 0.05:
        core = typo(rng, core)
    elif detail < 0.09:
        core = core.replace(" & ", " and ") if "&" in core else core.upper()
    elif detail < 0.12:
        core = to_ascii(core)
    elif detail < 0.14:
        core = abbreviated(core)
    return f"{core}{legal}" if legal.startswith(",") else f"{core} {legal}".strip()


def everyday_street(rng: random.Random, entity: Entity) -> str:
    """House number and street, in a third of the cases with the words of the street shortened."""
    line = entity.street_line
    way = rng.random()
    if way < 0.3:
        return re.sub(r"\w+", lambda match: STREET_SHORT.get(match[0], match[0]), line)
    if way < 0.4:
        return re.sub(r"straße\b", "str.", line).replace("Straße", "Str.").upper() if "stra" in line else line.upper()
    if way < 0.44:
        return typo(rng, line)
    return line


def everyday_phone(rng: random.Random, entity: Entity) -> str:
    """The telephone number in one of seven formats; now and then with an extension."""
    digits, area = entity.phone, len(entity.city.area)
    country = entity.country
    if country.dial == "1":
        a, b, c = digits[:3], digits[3:6], digits[6:]
        text = pick(
            rng,
            (
                f"({a}) {b}-{c}",
                f"{a}-{b}-{c}",
                f"{a}.{b}.{c}",
                f"+1 {a} {b} {c}",
                f"+1{digits}",
                digits,
                f"1-{a}-{b}-{c}",
            ),
        )
    else:
        near, rest = digits[:area], digits[area:]
        local = f"{country.trunk}{near}"
        text = pick(
            rng,
            (
                f"+{country.dial} {near} {rest}",
                f"+{country.dial}{digits}",
                f"00{country.dial} {near} {rest}",
                f"{local} {rest}",
                f"{local}/{rest}",
                f"{local}-{rest[:3]} {rest[3:]}",
                f"+{country.dial} (0){near} {rest}",
            ),
        )
    return f"{text} ext. {int(rng.random() * 900) + 100}" if rng.random() < 0.02 else text


def everyday_postcode(rng: random.Random, entity: Entity) -> str:
    """The postcode; without its blank one time in ten, a ZIP+4 one time in twelve."""
    way = rng.random()
    if entity.country.code == "US" and way < 0.08:
        return f"{entity.postcode}-{int(rng.random() * 9000) + 1000}"
    return entity.postcode.replace(" ", "") if way > 0.9 else entity.postcode


def typo(rng: random.Random, text: str) -> str:
    """One slip of the fingers: a letter doubled, dropped, swapped with its neighbour, or hit beside its key."""
    letters = [place for place, char in enumerate(text) if char.isalpha() and place > 0]
    if len(letters) < 4:
        return text
    at = letters[int(rng.random() * len(letters))]
    way = int(rng.random() * 4)
    if way == 0:
        return text[:at] + text[at] + text[at:]
    if way == 1:
        return text[:at] + text[at + 1 :]
    if way == 2 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + _KEYBOARD.get(text[at].lower(), "e") + text[at + 1 :]


def abbreviated(text: str) -> str:
    """The words of a company name that people shorten, shortened."""
    return " ".join(WORD_SHORT.get(word, word) for word in text.split())


def acronym(text: str) -> str:
    """The initials of a name's words."""
    return "".join(word[0] for word in text.split() if word[0].isalnum()).upper()


def other_script(rng: random.Random, text: str) -> str:
    """The name written in Cyrillic or Greek letters."""
    pairs = _CYRILLIC_PAIRS if rng.random() < 0.6 else _GREEK_PAIRS
    return " ".join(_transcribe(word, pairs).capitalize() for word in to_ascii(text).lower().split())


def _transcribe(word: str, pairs: tuple[tuple[str, str], ...]) -> str:
    """One lower-case word, longest letter groups first."""
    for latin, letter in pairs:
        word = word.replace(latin, letter)
    return word


def long_name(rng: random.Random, entity: Entity) -> Entity:
    """The same company with a registered name of more than 128 and at most 230 characters."""
    words = [entity.core, "and Associated Companies of the"]
    while len(" ".join(words)) < 130:
        words.append(f"{pick(rng, ADJECTIVES)} {pick(rng, NOUNS)}")
    return replace(entity, core=" ".join([*words, "Holding Group"]))


def _hard_typo(rng: random.Random, entity: Entity) -> Entity:
    return replace(entity, core=typo(rng, typo(rng, entity.core)), street=typo(rng, entity.street))


def _hard_suffix(rng: random.Random, entity: Entity) -> Entity:
    legal = pick(rng, tuple(form for form in entity.country.legal_forms if form != entity.legal))
    return replace(entity, legal=legal)


def _hard_abbreviation(rng: random.Random, entity: Entity) -> Entity:
    short = abbreviated(entity.core)
    if short == entity.core:
        first, *rest = entity.core.split()
        short = " ".join([first[: max(4, len(first) // 2)] + ".", *rest])
    return replace(entity, core=short, legal="" if rng.random() < 0.5 else entity.legal)


def _hard_missing(rng: random.Random, entity: Entity) -> Entity:
    keep_phone = rng.random() < 0.5
    return replace(
        entity,
        street="",
        house="",
        unit="",
        postcode="",
        phone=entity.phone if keep_phone else "",
        domain="" if keep_phone else entity.domain,
    )


def _hard_script(rng: random.Random, entity: Entity) -> Entity:
    return replace(entity, core=other_script(rng, entity.core), legal="")


def _hard_diacritics(rng: random.Random, entity: Entity) -> Entity:
    accents = {"a": "á", "e": "é", "o": "ö", "u": "ü", "i": "í", "n": "ñ", "c": "ç"}
    plain = to_ascii(entity.core)
    if plain != entity.core:
        return replace(entity, core=plain)
    places = [place for place, char in enumerate(plain) if char in accents]
    chosen = set(rng.sample(places, min(2, len(places))))
    return replace(entity, core="".join(accents[c] if i in chosen else c for i, c in enumerate(plain)))


def _hard_acronym(rng: random.Random, entity: Entity) -> Entity:
    return replace(entity, core=f"{acronym(entity.core)}{' ' + pick(rng, NOUNS) if rng.random() < 0.2 else ''}")


def _hard_dba(rng: random.Random, entity: Entity) -> Entity:
    trade_name = f"{pick(rng, ADJECTIVES)} {pick(rng, NOUNS)}"
    joint = pick(rng, (" dba ", " d/b/a ", " t/a "))
    return replace(entity, core=f"{trade_name}{joint}{entity.core}" if rng.random() < 0.6 else trade_name)


HARD_VARIANTS: dict[str, Callable[[random.Random, Entity], Entity]] = {
    "typo": _hard_typo,
    "suffix": _hard_suffix,
    "abbreviation": _hard_abbreviation,
    "moved": moved,
    "missing": _hard_missing,
    "script": _hard_script,
    "diacritics": _hard_diacritics,
    "acronym": _hard_acronym,
    "dba": _hard_dba,
}


def nickname(given: str) -> str:
    """The short form of a given name where it has one."""
    return NICKNAMES.get(given, given)
