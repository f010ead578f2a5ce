"""The words that practice companies, people and places are made of."""

from __future__ import annotations

from dataclasses import dataclass

INDUSTRY_WORDS: tuple[tuple[str, str], ...] = (
    ("Software", "Technology"), ("Systems", "Technology"), ("Analytics", "Technology"), ("Networks", "Telecommunications"),
    ("Logistics", "Transportation"), ("Freight", "Shipping"), ("Foods", "Food & Beverage"), ("Brewing", "Food & Beverage"),
    ("Dental Supplies", "Healthcare"), ("Medical", "Healthcare"), ("Pharma", "Biotechnology"), ("Biotech", "Biotechnology"),
    ("Engineering", "Engineering"), ("Machine Works", "Machinery"), ("Tooling", "Manufacturing"), ("Plastics", "Chemicals"),
    ("Chemicals", "Chemicals"), ("Electronics", "Electronics"), ("Lighting", "Electronics"), ("Energy", "Energy"),
    ("Solar", "Energy"), ("Insurance", "Insurance"), ("Capital", "Finance"), ("Partners", "Consulting"),
    ("Consulting", "Consulting"), ("Advisors", "Finance"), ("Media", "Media"), ("Studios", "Entertainment"),
    ("Publishing", "Media"), ("Textiles", "Apparel"), ("Outfitters", "Apparel"), ("Furniture", "Retail"),
    ("Hardware", "Retail"), ("Auto Parts", "Retail"), ("Construction", "Construction"), ("Roofing", "Construction"),
    ("Plumbing", "Construction"), ("Landscaping", "Environmental"), ("Recycling", "Environmental"), ("Travel", "Hospitality"),
    ("Hotels", "Hospitality"), ("Catering", "Hospitality"), ("Security", "Other"), ("Staffing", "Consulting"),
    ("Academy", "Education"), ("Learning", "Education"), ("Robotics", "Machinery"), ("Instruments", "Manufacturing"),
    ("Packaging", "Manufacturing"), ("Optics", "Manufacturing"),
)
ADJECTIVES = (
    "Blue", "Silver", "Golden", "Northern", "Southern", "Bright", "Green", "Red", "Grand", "First", "United", "Prime",
    "Summit", "Pacific", "Atlantic", "Central", "Royal", "Swift", "Clear", "Iron", "Copper", "Granite", "Quiet", "Rapid",
    "Urban", "Rural", "Modern", "Classic", "Noble", "Global", "Crystal", "Crimson", "Amber", "Lucky", "Open", "Solid",
)
NOUNS = (
    "Harbor", "River", "Mountain", "Valley", "Bridge", "Oak", "Pine", "Maple", "Falcon", "Eagle", "Lion", "Wolf", "Bear",
    "Stone", "Field", "Forest", "Lake", "Ocean", "Island", "Canyon", "Meadow", "Anchor", "Beacon", "Compass", "Castle",
    "Crown", "Shield", "Arrow", "Star", "Moon", "Horizon", "Peak", "Ridge", "Creek", "Garden", "Gate", "Tower", "Mill",
    "Forge", "Wheel", "Lantern", "Orchard", "Prairie", "Sparrow", "Heron", "Badger", "Cedar", "Willow", "Thistle", "Clover",
)
SYLLABLES = (
    "ve", "lo", "tra", "no", "zen", "qui", "mar", "del", "ix", "or", "ba", "syn", "tel", "ka", "lum", "pra", "fi", "gro",
    "nex", "al", "tor", "vi", "com", "dy", "na", "ra", "sol", "ter", "um", "yx", "cor", "mi", "da", "el", "ri", "os",
)
FREE_MAIL = (
    "gmail.com", "gmail.com", "gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com", "gmx.de", "orange.fr",
)
MAILBOXES = ("billing", "accounts", "ap", "finance", "info", "invoices", "office")
TITLES = ("CFO", "Controller", "Accounts Payable", "CEO", "Office Manager", "IT Director", "Buyer", "Head of Finance")
PLANS = ("starter", "growth", "team", "business", "scale", "enterprise")
STAGES = ("Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost")
STREET_SHORT = {
    "Street": "St", "Avenue": "Ave", "Boulevard": "Blvd", "Road": "Rd", "Drive": "Dr", "Lane": "Ln", "Court": "Ct",
    "Place": "Pl", "Parkway": "Pkwy", "Highway": "Hwy", "Square": "Sq", "Suite": "Ste", "Floor": "Fl", "Terrace": "Ter",
    "North": "N", "South": "S", "East": "E", "West": "W",
}
WORD_SHORT = {
    "Engineering": "Eng", "Systems": "Sys", "International": "Intl", "Construction": "Constr", "Consulting": "Cnslt",
    "Electronics": "Elec", "Manufacturing": "Mfg", "Medical": "Med", "Software": "SW", "Logistics": "Log",
    "Partners": "Ptnrs", "Insurance": "Ins", "Chemicals": "Chem", "Publishing": "Publ", "Packaging": "Pkg",
    "Northern": "No", "Southern": "So", "Central": "Ctrl", "Security": "Sec", "Furniture": "Furn", "Hardware": "Hdwe",
    "Technology": "Tech", "Mountain": "Mtn", "Center": "Ctr", "United": "Utd", "Recycling": "Recyc", "Instruments": "Instr",
}
LEGAL_VARIANTS = {
    "Inc.": ("Inc", "Incorporated", "INC", ", Inc."), "LLC": ("L.L.C.", ", LLC", "Llc", "Limited Liability Company"),
    "Corp.": ("Corporation", "Corp", "CORP"), "Co.": ("Company", "Co"), "Ltd": ("Limited", "Ltd.", "LTD"),
    "Limited": ("Ltd", "Ltd."), "PLC": ("plc", "Public Limited Company"), "LLP": ("L.L.P.",),
    "GmbH": ("Gesellschaft mit beschränkter Haftung", "G.m.b.H.", "gmbh"), "AG": ("Aktiengesellschaft",),
    "GmbH & Co. KG": ("GmbH und Co. KG", "GmbH&Co.KG"), "e.K.": ("eK",), "SARL": ("S.A.R.L.", "Sarl"), "SAS": ("S.A.S.",),
    "SA": ("S.A.",), "Pty Ltd": ("Pty. Ltd.", "Proprietary Limited", "P/L"), "B.V.": ("BV", "Besloten Vennootschap"),
    "N.V.": ("NV",), "S.A.": ("SA",), "S.r.l.": ("SRL", "Srl"), "S.p.A.": ("SPA", "Spa"), "S.L.": ("SL",),
}  # fmt: skip
NICKNAMES = {
    "William": "Bill", "Robert": "Bob", "Elizabeth": "Liz", "Margaret": "Peggy", "Katherine": "Kate", "Michael": "Mike",
    "James": "Jim", "Jennifer": "Jen", "Thomas": "Tom", "Daniel": "Dan", "Christopher": "Chris", "Patricia": "Pat",
    "Richard": "Dick", "Charles": "Chuck", "Joseph": "Joe", "Susan": "Sue", "Steven": "Steve", "Andrew": "Andy",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class City:
    """A place: name, region as written in an address, postcode pattern (`#` a digit, `@` a letter), dialling area."""

    name: str
    region: str
    postcode: str
    area: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country's habits: how its companies, addresses and telephone numbers look.

    Attributes:
        share: how often it occurs, in relation to the other countries.
        national_digits: of a telephone number with its area and without trunk prefix.
        trunk: what is dialled before the area inside the country.
        house_first: whether the house number stands before the street.
    """

    code: str
    name: str
    share: int
    dial: str
    national_digits: int
    trunk: str
    house_first: bool
    legal_forms: tuple[str, ...]
    tlds: tuple[str, ...]
    streets: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[City, ...]
