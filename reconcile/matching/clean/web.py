"""Web and mail addresses: the registrable domain, and the mailbox."""

from __future__ import annotations

from functools import lru_cache

import polars as pl
from publicsuffixlist import PublicSuffixList

# Mail providers whose domain says nothing of the company.
FREE_MAIL = tuple(
    (
        "gmail.com googlemail.com yahoo.com ymail.com rocketmail.com hotmail.com outlook.com live.com msn.com aol.com "
        "icloud.com me.com mac.com gmx.de gmx.net gmx.com gmx.at gmx.ch web.de t-online.de freenet.de mail.com "
        "mail.ru yandex.ru yandex.com qq.com 163.com 126.com sina.com protonmail.com proton.me pm.me zoho.com "
        "comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com "
        "orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it tin.it alice.it hotmail.co.uk "
        "yahoo.co.uk btinternet.com live.co.uk hotmail.fr yahoo.fr yahoo.de hotmail.de outlook.de hotmail.it yahoo.it "
        "yahoo.co.jp yahoo.co.in rediffmail.com naver.com daum.net hanmail.net bigpond.com optusnet.com.au "
        "fastmail.com hey.com tutanota.com inbox.com rogers.com shaw.ca sympatico.ca telus.net uol.com.br bol.com.br "
        "terra.com.br hotmail.es yahoo.es telefonica.net ziggo.nl kpnmail.nl planet.nl hetnet.nl telenet.be skynet.be "
        "bluewin.ch"
    ).split()
)
# Pages of others: a profile there is no domain of the company's own.
SHARED_HOSTS = ("facebook.com", "linkedin.com", "instagram.com", "twitter.com", "x.com", "yelp.com", "google.com")


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=1)
def _multi_part_endings() -> frozenset[str]:
    """Last two labels under which a third is needed, e.g. "co.uk"."""
    rules = (line.strip() for line in _suffix_rules())
    return frozenset(rule for rule in rules if rule.count(".") == 1)


def _suffix_rules() -> list[str]:
    with open(_suffixes_path(), encoding="utf-8") as lines:  # noqa: PTH123 - a resource path given by the package
        return [line.removeprefix("*.") for line in lines if line.strip() and line[0] not in "/!" and line.isascii()]


def _suffixes_path() -> str:
    import publicsuffixlist  # noqa: PLC0415 - only needed once

    return f"{publicsuffixlist.__path__[0]}/public_suffix_list.dat"


def hostname(address: pl.Expr) -> pl.Expr:
    """The host of a web address in lower case, without scheme, user, port, path and "www."; null when it is none."""
    host = address.str.extract(
        r"^\s*(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:[^/@\s]*@)?(?:www\d?\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)", 1
    )
    return host.str.strip_chars(".")


def registrable_domain(host: pl.Expr) -> pl.Expr:
    """The part of a host that somebody registered, by the public suffix list ("shop.acme.co.uk" is "acme.co.uk")."""
    two = host.str.extract(r"([^.]+\.[^.]+)$", 1)
    three = host.str.extract(r"([^.]+\.[^.]+\.[^.]+)$", 1)
    return pl.when(two.is_in(sorted(_multi_part_endings()))).then(three).otherwise(two)


def clean_domain(folded: pl.Expr) -> dict[str, pl.Expr]:
    """Column `domain`: registrable domain; null for none, for free mail and for shared hosts."""
    domain = registrable_domain(hostname(folded))
    return {"domain": pl.when(~domain.is_in([*FREE_MAIL, *SHARED_HOSTS])).then(domain)}


def clean_email(folded: pl.Expr) -> dict[str, pl.Expr]:
    """Columns of an e-mail address.

    Returns:
        email: mailbox without plus-tag @ host (dots inside a mailbox are dropped for Google, which ignores them);
        email_local: the mailbox; email_domain: registrable domain, null for free mail.
    """
    address = folded.str.strip_chars(" <>;,").str.replace(r"^mailto:", "")
    local = address.str.extract(r"^([^@+\s]+)(?:\+[^@]*)?@", 1)
    host = address.str.extract(r"@([a-z0-9-]+(?:\.[a-z0-9-]+)*)$", 1)
    local = (
        pl.when(host.is_in(["gmail.com", "googlemail.com"]))
        .then(local.str.replace_all(".", "", literal=True))
        .otherwise(local)
    )
    domain = registrable_domain(host)
    return {
        "email": local + "@" + host,
        "email_local": local,
        "email_domain": pl.when(~domain.is_in([*FREE_MAIL, *SHARED_HOSTS])).then(domain),
    }
