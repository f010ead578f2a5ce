"""Web and mail addresses: the registrable domain, and the mailbox."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import polars as pl
import publicsuffixlist

from reconcile.matching.clean.text import Columns, none_where, where

# Mail providers whose domain says nothing of the company.
FREE_MAIL = (
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "ymail.com",
    "rocketmail.com",
    "hotmail.com",
    "outlook.com",
    "live.com",
    "msn.com",
    "aol.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "gmx.de",
    "gmx.net",
    "gmx.com",
    "gmx.at",
    "gmx.ch",
    "web.de",
    "t-online.de",
    "freenet.de",
    "mail.com",
    "mail.ru",
    "yandex.ru",
    "yandex.com",
    "qq.com",
    "163.com",
    "126.com",
    "sina.com",
    "protonmail.com",
    "proton.me",
    "pm.me",
    "zoho.com",
    "comcast.net",
    "verizon.net",
    "att.net",
    "sbcglobal.net",
    "bellsouth.net",
    "cox.net",
    "charter.net",
    "earthlink.net",
    "juno.com",
    "orange.fr",
    "wanadoo.fr",
    "free.fr",
    "laposte.net",
    "sfr.fr",
    "libero.it",
    "virgilio.it",
    "tin.it",
    "alice.it",
    "hotmail.co.uk",
    "yahoo.co.uk",
    "btinternet.com",
    "live.co.uk",
    "hotmail.fr",
    "yahoo.fr",
    "yahoo.de",
    "hotmail.de",
    "outlook.de",
    "hotmail.it",
    "yahoo.it",
    "yahoo.co.jp",
    "yahoo.co.in",
    "rediffmail.com",
    "naver.com",
    "daum.net",
    "hanmail.net",
    "bigpond.com",
    "optusnet.com.au",
    "fastmail.com",
    "hey.com",
    "tutanota.com",
    "inbox.com",
    "rogers.com",
    "shaw.ca",
    "sympatico.ca",
    "telus.net",
    "uol.com.br",
    "bol.com.br",
    "terra.com.br",
    "hotmail.es",
    "yahoo.es",
    "telefonica.net",
    "ziggo.nl",
    "kpnmail.nl",
    "planet.nl",
    "hetnet.nl",
    "telenet.be",
    "skynet.be",
    "bluewin.ch",
)
# Pages of others: a profile there is no domain of the company's own.
SHARED_HOSTS = ("facebook.com", "linkedin.com", "instagram.com", "twitter.com", "x.com", "yelp.com", "google.com")


@lru_cache(maxsize=1)
def _multi_part_endings() -> pl.Series:
    """Last two labels under which a third is needed, e.g. "co.uk", as one list."""
    rules = (line.strip() for line in _suffix_rules())
    return pl.Series(sorted({rule for rule in rules if rule.count(".") == 1})).implode()


def _suffix_rules() -> list[str]:
    with Path(_suffixes_path()).open(encoding="utf-8") as lines:
        return [line.removeprefix("*.") for line in lines if line.strip() and line[0] not in "/!" and line.isascii()]


def _suffixes_path() -> str:
    return f"{publicsuffixlist.__path__[0]}/public_suffix_list.dat"


def hostname(address: pl.Series) -> pl.Series:
    """The host of a web address in lower case, without scheme, user, port, path and "www."; null when it is none."""
    text = address.str.strip_chars().str.strip_prefix("https://").str.strip_prefix("http://").str.strip_prefix("www.")
    text = where(text, text.str.contains("/", literal=True), _before_path)
    odd = text.str.contains(r"[^a-z0-9.-]|^\.|\.$|\.\.")
    text = where(text, odd, lambda rest: rest.str.extract(r"([a-z0-9-]+(?:\.[a-z0-9-]+)+)", 1))
    return none_where(text, ~text.str.contains(".", literal=True))


def _before_path(address: pl.Series) -> pl.Series:
    bare = where(address, address.str.contains("//", literal=True), lambda rows: rows.str.replace(r"^[^/]*//", ""))
    return bare.str.splitn("/", 2).struct.field("field_0").str.strip_prefix("www.")


def registrable_domain(host: pl.Series) -> pl.Series:
    """The part of a host that somebody registered, by the public suffix list ("shop.acme.co.uk" is "acme.co.uk")."""
    return where(host, host.str.contains(r"\..*\."), _registrable)


def _registrable(host: pl.Series) -> pl.Series:
    two = host.str.extract(r"([^.]+\.[^.]+)$", 1)
    three = host.str.extract(r"([^.]+\.[^.]+\.[^.]+)$", 1)
    public = two.is_in(_multi_part_endings())
    return pl.select(pl.when(public).then(three).otherwise(two)).to_series()


def _own_domain(domain: pl.Series) -> pl.Series:
    return none_where(domain, domain.is_in(pl.Series([*FREE_MAIL, *SHARED_HOSTS]).implode()))


def clean_domain(folded: pl.Series) -> Columns:
    """Column `domain`: registrable domain; null for none, for free mail and for shared hosts."""
    return {"domain": _own_domain(registrable_domain(hostname(folded)))}


def domain_label(domain: pl.Series) -> pl.Series:
    """What stands before the first dot: "acme" of "acme.co.uk"."""
    return domain.str.head(domain.str.find(".", literal=True))


def clean_email(folded: pl.Series) -> Columns:
    """Columns of an e-mail address.

    Returns:
        email: mailbox without plus-tag @ host (dots inside a mailbox are dropped for Google, which ignores them);
        email_domain: registrable domain, null for free mail.
    """
    address = folded.str.strip_chars(" <>;,").str.strip_prefix("mailto:")
    address = none_where(address, ~address.str.contains(r"^[^@\s]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+$"))
    tagged = address.str.contains("+", literal=True)
    address = where(address, tagged, lambda rows: rows.str.replace(r"\+[^@]*@", "@"))
    host = address.str.slice(address.str.find("@", literal=True) + 1)
    domain = _own_domain(registrable_domain(host))
    google = domain.is_null() & (host.str.ends_with("gmail.com") | host.str.ends_with("googlemail.com"))
    return {"email": where(address, google, _without_dots), "email_domain": domain}


def _without_dots(address: pl.Series) -> pl.Series:
    return address.str.replace(r"@.*$", "").str.replace_all(".", "", literal=True) + "@gmail.com"
