"""A seeded generator of two lists of companies that overlap, with the truth beside them.

Shape: 85 % of the companies stand on both sides, 5 % of each side's records are duplicates, 8 % are locations of chains
(one name and domain, other cities), 2 % are siblings (one domain, often one address and phone, other names). Every copy
is corrupted on its own: phone formats, moved addresses, PO boxes, abbreviations, typos, acronyms, trading names, free
mail, missing fields, six countries. It is written without a look at how the matcher cleans or scores.

    python -m tests.bench.companies 100000 OUT_FOLDER [--seed 1] [--hard 1]
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ONSETS = [
    "b",
    "c",
    "d",
    "f",
    "g",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "w",
    "z",
    "br",
    "ch",
    "cl",
    "cr",
    "dr",
    "fl",
    "fr",
    "gl",
    "gr",
    "kr",
    "pl",
    "pr",
    "sh",
    "sk",
    "sl",
    "sp",
    "st",
    "th",
    "tr",
]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "ia", "io", "oa", "ou"]
CODAS = ["", "", "", "n", "r", "l", "s", "t", "m", "nd", "rt", "ck", "x", "ld", "rn", "st"]
SURNAMES = [
    "smith",
    "johnson",
    "williams",
    "brown",
    "jones",
    "garcia",
    "miller",
    "davis",
    "martinez",
    "lopez",
    "wilson",
    "anderson",
    "thomas",
    "taylor",
    "moore",
    "jackson",
    "martin",
    "lee",
    "perez",
    "thompson",
    "white",
    "harris",
    "clark",
    "lewis",
    "robinson",
    "walker",
    "young",
    "allen",
    "king",
    "wright",
    "scott",
    "torres",
    "nguyen",
    "hill",
    "flores",
    "green",
    "adams",
    "nelson",
    "baker",
    "hall",
    "rivera",
    "campbell",
    "mitchell",
    "carter",
    "roberts",
    "schmidt",
    "muller",
    "weber",
    "fischer",
    "meyer",
    "wagner",
    "becker",
    "schulz",
    "hoffmann",
    "dubois",
    "laurent",
    "lefevre",
    "moreau",
    "rossi",
    "russo",
    "ferrari",
    "bianchi",
    "jansen",
    "devries",
    "visser",
]
TRADES = [
    "Plumbing",
    "Electric",
    "Construction",
    "Consulting",
    "Technologies",
    "Solutions",
    "Systems",
    "Services",
    "Logistics",
    "Manufacturing",
    "Foods",
    "Bakery",
    "Dental",
    "Medical Group",
    "Pharmacy",
    "Insurance Agency",
    "Realty",
    "Properties",
    "Design",
    "Engineering",
    "Software",
    "Media",
    "Marketing",
    "Partners",
    "Holdings",
    "Capital",
    "Financial Services",
    "Transport",
    "Trucking",
    "Auto Repair",
    "Motors",
    "Industries",
    "Equipment",
    "Supply",
    "Hardware",
    "Furniture",
    "Landscaping",
    "Roofing",
    "Painting",
    "Security",
    "Cleaning Services",
    "Travel",
    "Hotels",
    "Restaurant",
    "Cafe",
    "Brewing",
    "Winery",
    "Farms",
    "Nursery",
    "Academy",
    "Institute",
    "Laboratories",
    "Diagnostics",
    "Therapeutics",
    "Analytics",
    "Networks",
    "Communications",
    "International",
    "Global Services",
    "Enterprises",
    "Group",
    "Associates",
    "Spa",
    "Fitness",
    "Optical",
    "Printing",
    "Packaging",
    "Plastics",
    "Metals",
]
QUALIFIERS = [
    "National",
    "American",
    "Pacific",
    "Atlantic",
    "Northern",
    "Southern",
    "Western",
    "Eastern",
    "United",
    "First",
    "Advanced",
    "Premier",
    "Global",
    "Royal",
    "Central",
    "Metro",
    "General",
    "Universal",
]
ABBREVIATED = {
    "Technologies": "Tech",
    "Manufacturing": "Mfg",
    "International": "Intl",
    "Services": "Svcs",
    "Systems": "Sys",
    "Associates": "Assoc",
    "Group": "Grp",
    "Industries": "Inds",
    "Engineering": "Eng",
    "Laboratories": "Labs",
    "National": "Natl",
    "American": "Amer",
    "Insurance": "Ins",
    "Construction": "Constr",
    "Medical": "Med",
    "Equipment": "Equip",
    "Financial": "Fin",
    "Communications": "Comm",
    "Solutions": "Soln",
    "Enterprises": "Ent",
}
FORMS: dict[str, list[tuple[str, ...]]] = {
    "US": [
        ("Inc.", "Inc", "Incorporated", ", Inc."),
        ("LLC", "L.L.C.", "Llc", ", LLC"),
        ("Corp.", "Corporation", "Corp"),
        ("Co.", "Company"),
        ("LP", "L.P."),
        ("",),
    ],
    "GB": [("Ltd", "Limited", "Ltd."), ("PLC", "plc"), ("LLP",), ("",)],
    "DE": [("GmbH", "G.m.b.H.", "GmbH"), ("AG",), ("GmbH & Co. KG", "GmbH & Co KG"), ("KG",)],
    "FR": [("SARL", "S.A.R.L."), ("SAS", "S.A.S."), ("SA", "S.A.")],
    "CA": [("Inc.", "Inc"), ("Ltd.", "Limited"), ("Corp.", "Corporation")],
    "NL": [("B.V.", "BV"), ("N.V.", "NV")],
}
COUNTRY_NAMES = {
    "US": ("US", "USA", "United States"),
    "GB": ("GB", "UK", "United Kingdom"),
    "DE": ("DE", "Germany", "Deutschland"),
    "FR": ("FR", "France"),
    "CA": ("CA", "Canada"),
    "NL": ("NL", "Netherlands", "The Netherlands"),
}
PREFIXES = {"US": "1", "GB": "44", "DE": "49", "FR": "33", "CA": "1", "NL": "31"}
STREETS: dict[str, list[tuple[str, ...]]] = {
    "US": [
        ("Street", "St", "St."),
        ("Avenue", "Ave", "Ave."),
        ("Road", "Rd"),
        ("Boulevard", "Blvd"),
        ("Drive", "Dr"),
        ("Lane", "Ln"),
        ("Parkway", "Pkwy"),
    ],
    "DE": [("strasse", "str.", "straße")],
    "FR": [("rue", "rue", "r.")],
    "NL": [("straat", "str.")],
}
FREE_MAIL = ("gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "aol.com")
COLUMNS = ("id", "entity", "name", "website", "email", "phone", "street", "city", "state", "postcode", "country")


@dataclass
class Company:
    """One true location of a company."""

    entity: int
    words: list[str]
    forms: tuple[str, ...]
    country: str
    domain: str | None
    phone: str
    house: int
    street: str
    kind: tuple[str, ...]
    unit: str | None
    city: str
    state: str
    postcode: str
    person: str


class Generator:
    """Makes companies and their corrupted copies from one random stream."""

    def __init__(self, size: int, seed: int, hard: float) -> None:
        self.draw = random.Random(seed)
        self.hard = hard
        self.domains: set[str] = set()
        self.words = [self._word() for _ in range(max(3000, size // 2))]
        self.streets = [self._word() for _ in range(1500)] + SURNAMES
        self.cities = {
            country: [self._city(country) for _ in range(count)]
            for country, count in (("US", 1800), ("GB", 300), ("DE", 300), ("FR", 250), ("CA", 150), ("NL", 100))
        }

    def chance(self, rate: float) -> bool:
        """Whether something of this rate happens; the rate grows with `hard`."""
        return self.draw.random() < rate * self.hard

    def _word(self) -> str:
        count = self.draw.choice((2, 2, 2, 3))
        text = "".join(
            self.draw.choice(ONSETS) + self.draw.choice(VOWELS) + (self.draw.choice(CODAS) if i == count - 1 else "")
            for i in range(count)
        )
        return text.capitalize()

    def _city(self, country: str) -> tuple[str, str, str]:
        ending = self.draw.choice(
            {
                "US": ["ville", "ton", " City", "field", ""],
                "GB": ["ton", "ham", "bury"],
                "DE": ["burg", "heim", "stadt"],
                "FR": ["ville", " sur Mer", "ac"],
                "CA": ["ton", " Falls"],
                "NL": ["dam", "drecht"],
            }[country]
        )
        prefix = (
            self.draw.choice(["", "", "", "", "Saint ", "North ", "Mount ", "Fort "]) if country in {"US", "CA"} else ""
        )
        state = (
            self.draw.choice(
                [
                    "AL",
                    "AK",
                    "AZ",
                    "CA",
                    "CO",
                    "CT",
                    "FL",
                    "GA",
                    "IL",
                    "IN",
                    "KS",
                    "MA",
                    "MD",
                    "MI",
                    "MN",
                    "MO",
                    "NC",
                    "NJ",
                    "NV",
                    "NY",
                    "OH",
                    "OR",
                    "PA",
                    "TX",
                    "UT",
                    "VA",
                    "WA",
                    "WI",
                ]
            )
            if country == "US"
            else ""
        )
        return prefix + self._word() + ending, state, f"{self.draw.randint(5, 995):03d}"

    def company(self, entity: int) -> Company:
        """A new company with its first location."""
        country = self.draw.choices(("US", "GB", "DE", "FR", "CA", "NL"), (70, 9, 8, 5, 5, 3))[0]
        words = self._name()
        place = self.location(country)
        label = "".join(words[:2]).lower().replace("&", "and").replace(" ", "")
        top = {"US": "com", "GB": "co.uk", "DE": "de", "FR": "fr", "CA": "ca", "NL": "nl"}[country]
        domain = self._domain(label, top) if self.draw.random() < 0.85 else None
        return Company(
            entity, words, self.draw.choice(FORMS[country]), country, domain, **place, person=self.draw.choice(SURNAMES)
        )

    def _domain(self, label: str, top: str) -> str:
        """A domain that nobody has yet: two companies of one name cannot both register it."""
        for tail in ("", "group", "online", "hq", str(len(self.domains))):
            domain = f"{label}{tail}.{top if self.draw.random() < 0.7 else 'com'}"
            if domain not in self.domains:
                break
        self.domains.add(domain)
        return domain

    def _name(self) -> list[str]:
        shape = self.draw.random()
        trade = self.draw.choice(TRADES)
        if shape < 0.55:
            return [self.draw.choice(self.words), trade]
        if shape < 0.65:
            return [self.draw.choice(QUALIFIERS), self.draw.choice(self.words), trade]
        if shape < 0.78:
            return [
                self.draw.choice(SURNAMES).capitalize(),
                "&",
                self.draw.choice(SURNAMES + self.words[:500]).capitalize(),
                trade,
            ]
        if shape < 0.9:
            return [self.draw.choice(self.words), self.draw.choice(self.words), trade]
        return [self.draw.choice(QUALIFIERS), trade, self.draw.choice(TRADES)]

    def location(self, country: str) -> dict[str, Any]:
        """A new address and phone."""
        cities = self.cities[country]
        city, state, area = cities[int(len(cities) * self.draw.random() ** 2)]
        digits = {"US": 10, "CA": 10, "GB": 10, "DE": 10, "FR": 9, "NL": 9}[country]
        phone = str(self.draw.randint(2, 9)) + "".join(self.draw.choice("0123456789") for _ in range(digits - 1))
        return {
            "phone": phone,
            "house": int(10 ** self.draw.uniform(0.3, 3.9)),
            "street": self.draw.choice(self.streets),
            "kind": self.draw.choice(STREETS.get(country, STREETS["US"])),
            "unit": str(self.draw.randint(1, 900)) if self.draw.random() < 0.2 else None,
            "city": city,
            "state": state,
            "postcode": self._postcode(country, area),
        }

    def _postcode(self, country: str, area: str) -> str:
        letter = "ABCDEFGHJKLMNPRSTW"
        number = int(area)
        if country == "GB":
            outward = f"{letter[number % 18]}{letter[number // 18 % 18]}{number % 20 + 1}"
            return f"{outward} {self.draw.randint(1, 9)}{self.draw.choice(letter)}{self.draw.choice(letter)}"
        if country == "CA":
            outward = f"{letter[number % 18]}{number % 10}{letter[number // 18 % 18]}"
            return f"{outward} {self.draw.randint(1, 9)}{self.draw.choice(letter)}{self.draw.randint(1, 9)}"
        if country == "NL":
            return f"{1000 + number} {self.draw.choice(letter)}{self.draw.choice(letter)}"
        return f"{area}{self.draw.randint(1, 40):02d}"

    def record(self, company: Company) -> dict[str, str | None]:
        """One corrupted copy."""
        if self.chance(0.06):
            company = replace(company, **self.location(company.country))
        domain = company.domain
        email = self._email(company)
        return {
            "name": self._written_name(company),
            "website": None
            if domain is None or self.chance(0.18)
            else self.draw.choice(("www.{}", "https://{}", "http://www.{}/", "{}", "https://www.{}/en/home")).format(
                domain
            ),
            "email": email,
            "phone": None if self.chance(0.15) else self._written_phone(company),
            "street": None if self.chance(0.06) else self._written_street(company),
            "city": None if self.chance(0.04) else self._typo(self._case(company.city), 0.03),
            "state": company.state or None,
            "postcode": None if self.chance(0.06) else self._written_postcode(company),
            "country": None if self.chance(0.05) else self.draw.choice(COUNTRY_NAMES[company.country]),
        }

    def _email(self, company: Company) -> str | None:
        if self.chance(0.35):
            return None
        if company.domain is None or self.chance(0.08):
            return f"{company.words[0].lower()}{self.draw.randint(1, 99)}@{self.draw.choice(FREE_MAIL)}"
        mailbox = self.draw.choice(("info", "billing", "accounts", company.person, "j." + company.person))
        return f"{mailbox}@{company.domain}"

    def _written_name(self, company: Company) -> str:
        words = list(company.words)
        if self.chance(0.12):
            words = [" ".join(ABBREVIATED.get(part, part) for part in word.split()) for word in words]
        if self.chance(0.05) and len(words) > 1:
            words = words[:-1]
        if self.chance(0.03) and len(words) > 2:
            self.draw.shuffle(words)
        text = " ".join(words)
        if "&" in text and self.draw.random() < 0.4:
            text = text.replace("&", "and")
        text = self._typo(text, 0.08)
        if self.chance(0.02) and len(words) > 2:
            text = "".join(word[0] for word in words if word[0].isalpha()).upper()
        form = self.draw.choice(company.forms) if not self.chance(0.2) else ""
        text = f"{text}{form}" if form.startswith(",") else f"{text} {form}".strip()
        if self.chance(0.02):
            text = f"{text} dba {self.draw.choice(self.words)} {self.draw.choice(TRADES)}"
        if self.chance(0.01):
            text = f"{self.draw.choice(self.words)} Holdings {form} d/b/a {' '.join(words)}".replace("  ", " ")
        return self._case(text)

    def _case(self, text: str) -> str:
        pick = self.draw.random()
        return text.upper() if pick < 0.15 else text.lower() if pick < 0.2 else text

    def _typo(self, text: str, rate: float) -> str:
        if not self.chance(rate) or len(text) < 4:
            return text
        at = self.draw.randrange(len(text) - 1)
        kind = self.draw.randrange(4)
        letter = self.draw.choice("abcdefghijklmnopqrstuvwxyz")
        if kind == 0:
            return text[:at] + text[at + 1 :]
        if kind == 1:
            return text[:at] + letter + text[at:]
        if kind == 2:
            return text[:at] + letter + text[at + 1 :]
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]

    def _written_phone(self, company: Company) -> str:
        d = company.phone
        if self.chance(0.03):
            at = self.draw.randrange(len(d))
            d = d[:at] + self.draw.choice("0123456789") + d[at + 1 :]
        code = PREFIXES[company.country]
        trunk = "" if company.country in {"US", "CA"} else "0"
        return self.draw.choice(
            (
                f"({d[:3]}) {d[3:6]}-{d[6:]}",
                f"{d[:3]}-{d[3:6]}-{d[6:]}",
                f"{d[:3]}.{d[3:6]}.{d[6:]}",
                trunk + d,
                f"+{code} {d[:3]} {d[3:]}",
                f"+{code}{d}",
                f"{trunk}{d[:3]} {d[3:6]} {d[6:]} x{self.draw.randint(1, 99)}",
            )
        )

    def _written_street(self, company: Company) -> str:
        if self.chance(0.04):
            return f"{self.draw.choice(('PO Box', 'P.O. Box'))} {self.draw.randint(1, 9999)}"
        street, kind = self._typo(company.street, 0.05), self.draw.choice(company.kind)
        if company.country in {"DE", "NL"}:
            return f"{street}{kind} {company.house}"
        if company.country == "FR":
            return f"{company.house} {kind} {street}"
        unit = (
            f", {self.draw.choice(('Suite', 'Ste', 'Unit', '#'))} {company.unit}"
            if company.unit and not self.chance(0.3)
            else ""
        )
        return self._case(f"{company.house} {street} {kind}{unit}")

    def _written_postcode(self, company: Company) -> str:
        code = company.postcode
        if self.chance(0.03):
            code = self._typo(code, 1.0) if self.draw.random() < 0.5 else code[:-1] + self.draw.choice("0123456789")
        if company.country == "US" and self.draw.random() < 0.1:
            return code.lstrip("0")
        return (
            f"{code}-{self.draw.randint(1000, 9999)}" if company.country == "US" and self.draw.random() < 0.15 else code
        )


def generate(
    size: int, seed: int = 1, hard: float = 1.0
) -> tuple[list[dict[str, str | None]], list[dict[str, str | None]]]:
    """Two lists of about `size` records each; records of one `entity` are the same."""
    make = Generator(size, seed, hard)
    companies: list[Company] = []
    target = int(size * 1.15 / 1.05)
    while len(companies) < target:
        base = make.company(len(companies))
        companies.append(base)
        pick = make.draw.random()
        if pick < 0.012:
            first = len(companies)
            companies.extend(
                [
                    replace(base, entity=first + i, **make.location(base.country))
                    for i in range(make.draw.randint(2, 12))
                ]
            )
        elif pick < 0.033:
            sibling = make.company(len(companies))
            shared: dict[str, Any] = {
                "street": base.street,
                "kind": base.kind,
                "house": base.house,
                "city": base.city,
                "state": base.state,
                "postcode": base.postcode,
            }
            place: dict[str, Any] = (
                shared | ({"phone": base.phone} if make.draw.random() < 0.5 else {}) if make.draw.random() < 0.6 else {}
            )
            companies.append(replace(sibling, country=base.country, forms=base.forms, domain=base.domain, **place))
    left: list[dict[str, str | None]] = []
    right: list[dict[str, str | None]] = []
    for company in companies:
        pick = make.draw.random()
        sides = (left, right) if pick < 0.74 else (left,) if pick < 0.87 else (right,)
        for side in sides:
            for _ in range(2 if make.draw.random() < 0.05 else 1):
                side.append({"entity": str(company.entity), **make.record(company)})
    for letter, side in (("L", left), ("R", right)):
        make.draw.shuffle(side)
        for i, record in enumerate(side):
            record["id"] = f"{letter}{i:08d}"
    return left, right


def write(size: int, folder: Path, seed: int = 1, hard: float = 1.0) -> None:
    """Write left.parquet, right.parquet (without the entity) and truth.parquet (left_id, right_id)."""
    folder.mkdir(parents=True, exist_ok=True)
    left, right = generate(size, seed, hard)
    by_entity: dict[str | None, list[str | None]] = {}
    for record in left:
        by_entity.setdefault(record["entity"], []).append(record["id"])
    pairs = [(left_id, record["id"]) for record in right for left_id in by_entity.get(record["entity"], ())]
    for name, side in (("left", left), ("right", right)):
        columns = {
            column: pa.array([record[column] for record in side], pa.string())
            for column in COLUMNS
            if column != "entity"
        }
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    truth = {
        "left_id": pa.array([a for a, _ in pairs], pa.string()),
        "right_id": pa.array([b for _, b in pairs], pa.string()),
    }
    pq.write_table(pa.table(truth), folder / "truth.parquet")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hard", type=float, default=1.0)
    options = parser.parse_args()
    write(options.size, options.folder, options.seed, options.hard)
