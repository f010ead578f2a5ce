"""What the headers of columns mean, in the languages of Western and Central Europe.

Patterns are looked for in a header's words: lower case, without accents and punctuation.
"""

from __future__ import annotations

import re

from anyascii import anyascii

from reconcile.model import Role

# The most telling first: "e-mail address" is no street, "name of the street" no name.
HEADERS: tuple[tuple[Role, str], ...] = (
    ("given_name", "|".join((
        r"\b(first|given|fore) ?names?", r"^name first", r"primary name first", r"\bf ?name\b", r"^first$",
        r"^vorname", r"^prenom", r"^nombres?$", r"^nome$", r"^voorna(am|men)", r"^imie$", r"^for(namn|navn)",
        r"^etunimi", r"christian name",
    ))),
    ("family_name", "|".join((
        r"\b(last|family|sur) ?name", r"^name last", r"primary name last", r"\bl ?name\b", r"^last$",
        r"^(nach|familien|zu)name", r"\bapellidos?", r"^nom$", r"^nom de famille", r"^cognome", r"^achternaam",
        r"^nazwisko", r"^(efter|slekts)(namn|navn)", r"^sukunimi", r"^sobrenome",
    ))),
    ("birth_date", "|".join((
        r"birth(?! ?place)", r"\bdob\b", r"geburt(?!sort|sname)", r"naissance(?! lieu)", r"nacimiento", r"nascita",
        r"nascimento", r"geboorte", r"fodsel", r"fodelse", r"urodzenia", r"\b[ymd]ob\b",
        r"^b(irth)? ?(year|month|day)", r"^b[ymd]$",
    ))),
    ("email", "|".join((
        r"\be ?mail", r"^mail$", r"\bmail ?(id|adress|addr)", r"courriel", r"\bcorreo\b", r"posta elettronica",
        r"sahkoposti", r"e post\b", r"^epost",
    ))),
    ("phone", "|".join((
        r"phone", r"\bmobile?\b", r"\btel\b", r"telef[oa]", r"\bcell\b", r"rufnummer", r"^handy", r"^mobil",
        r"\bmovil\b", r"\bcelular\b", r"cellulare", r"^portable", r"\btlf\b", r"^puhelin",
    ))),
    ("domain", "|".join((
        r"domain", r"website", r"web ?site", r"\burl\b", r"homepage", r"\bweb\b", r"webseite", r"^internet",
        r"dominio", r"domaine",
    ))),
    ("postcode", "|".join((
        r"postal ?code", r"post ?code", r"\bzip\d?\b", r"zip ?code", r"\bplz\b", r"postleitzahl", r"^postal$",
        r"\b(code|codigo|kod) (postal|pocztowy)", r"codice postale", r"^(cap|cep|c ?p|npa)$",
        r"^post(nr|nummer|num)", r"^postinumero", r"\beircode\b", r"\bpin ?code\b",
    ))),
    ("tax_id", "|".join((
        r"\btax(?!i)", r"\bvat\b", r"\bein\b", r"\btin\b", r"\bssn\b", r"soc(ial)? sec", r"steuer(?!berat)",
        r"company (no|number|reg)", r"registration (no|number)", r"\bust ?id", r"umsatzsteuer", r"\bhrb\b",
        r"handelsregister", r"\bsire[tn]\b", r"\btva\b", r"\b[nc]if\b", r"\biva\b", r"codice fiscale", r"\bnip\b",
        r"\bkvk\b", r"\borg ?(anisations)?(nr|nummer)", r"\bcvr\b", r"\bcnpj\b", r"\bcuit\b", r"\brfc\b",
        r"\babn\b", r"\bgstin?\b", r"\buid ?nr",
    ))),
    ("identifier", "|".join((
        r"duns", r"\blei\b", r"d u n s", r"external id", r"customer (id|number|no)", r"account (number|no)",
        r"national id", r"\bisin\b",
    ))),
    ("country", "|".join((
        r"country", r"\bland\b", r"\bpays\b", r"\bpais\b", r"\bpaese\b", r"\bkraj\b",
    ))),
    ("region", "|".join((
        r"\bstate\b", r"province", r"region", r"bundesland", r"county", r"\bprovinci[ae]", r"kanton",
        r"\bcanton\b", r"departement", r"wojewodztwo", r"\bestado\b",
    ))),
    ("city", "|".join((
        r"\bcity\b", r"town", r"suburb", r"\b(wohn|post|geburts)?ort\b", r"stadt", r"ville", r"localit[yae]",
        r"localidad", r"birth ?place", r"ciudad", r"poblacion", r"municip", r"\bcitta\b", r"\bcomune\b", r"plaats",
        r"miasto", r"miejscowosc", r"cidade", r"\bkommune\b", r"^stad$", r"kaupunki",
    ))),
    ("street", "|".join((
        r"street", r"address", r"addr", r"\bline ?\d\b", r"strasse", r"^str$", r"straat", r"adress?e?\b",
        r"adres\b", r"\broad\b", r"anschrift", r"direccion", r"domicilio", r"indirizzo", r"^via$", r"\bcalle\b",
        r"\brue\b", r"\brua\b", r"endereco", r"ulica", r"^gata", r"gatuadress", r"hausn(umme)?r", r"huisn(umme)?r",
        r"house ?(no|num)",
    ))),
    ("name", "|".join((
        r"compan(y|ies)", r"organi[sz]ation", r"\bname ?\d?\b", r"employer", r"business", r"\bfirm", r"legal",
        r"name org", r"account$", r"customer$", r"\bfull ?name", r"unternehmen", r"betrieb", r"kunden?(name)?$",
        r"raison sociale", r"societe", r"entreprise", r"denomina", r"razon social", r"empresa", r"cliente?$",
        r"ragione sociale", r"azienda", r"impresa", r"bedrijf", r"onderneming", r"klant(naam)?$", r"\bnaam\b",
        r"\bnamn\b", r"\bnavn\b", r"foretag", r"nazwa", r"\bnom\b", r"\bnome\b", r"\bnombre\b", r"vendor$",
        r"supplier$", r"merchant$", r"lieferant$", r"fournisseur$", r"proveedor$", r"institution$", r"affiliation$",
        r"restaurant$",
    ))),
)  # fmt: skip
NOT_THESE = re.compile(
    r"\b(type|status|date|created|modified|updated|count|owner|parent|lat|lng|latitude|longitude|ip|fax|telefax|user|manager"
    r"|gender|salutation|anrede|middle|passport|licen[cs]e|product|plan|file|(tax|national) id country)\b"
)
SECOND_NAMES = re.compile(  # where no other is
    r"\b(employer|secondary|native|alias|former|previous|alternative|contact|ansprechpartner|contacto|contatto)\b"
)
# Said of a person where the other half of the name has a column too, else of a company.
HALF_A_NAME = {"nombre", "nome", "nom"}
# What several columns of one role belong to; those without any come first, then the bill.
BELONGS = re.compile(
    r"\b(billing|bill to|invoice|rechnungs?|facturation|facturacion|legal|registered|head ?quarters?|hq|home|work"
    r"|business|office|physical|mailing|shipping|ship to|delivery|liefer\w*|livraison|envio|other|secondary"
    r"|alternat\w+)\b"
)


def header_words(header: str) -> str:
    """A header as lower-case words: "BillingPostalCode", "billing_postal_code" and "Billing Postal Code" are one.

    >>> header_words("http://example.org/x#BillingPostalCode__c")
    'billing postal code'
    >>> header_words("Código postal")
    'codigo postal'
    """
    last = re.split(r"[#/]", header.strip())[-1] or header
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", re.sub(r"__c$", "", anyascii(last)))
    return re.sub(r"[^a-z0-9]+", " ", split.lower()).strip()


def role_of_header(header: str) -> Role | None:
    """The role that a header names; of "billing_address.first_name" that of its last part, where this names one."""
    *_, last = header.split(".")
    return _role_of_words(header_words(last)) or _role_of_words(header_words(header))


def _role_of_words(words: str) -> Role | None:
    role = next((role for role, pattern in HEADERS if re.search(pattern, words)), None)
    return None if role != "birth_date" and NOT_THESE.search(words) else role


def belongs_to(words: str) -> str:
    """Which of a record's addresses a header speaks of; empty where it does not say."""
    found = BELONGS.search(words)
    return found[0] if found else ""
