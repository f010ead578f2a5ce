"""Cutting a SOQL statement into tokens, and the errors that point into it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconcile.simulators.salesforce.errors import SalesforceError

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>'(?:\\.|[^'\\])*')
      | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
      | (?P<date>\d{4}-\d\d-\d\d)
      | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
      | (?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,|:)""",
    re.VERBOSE,
)
_ESCAPES = {
    "n": "\n",
    "N": "\n",
    "r": "\r",
    "R": "\r",
    "t": "\t",
    "T": "\t",
    "b": "\b",
    "B": "\b",
    "f": "\f",
    "F": "\f",
}
STATEMENT_LIMIT = 100_000
TEXT_LIMIT = 4_000


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `kind` is `text`, `datetime`, `date`, `number`, `name`, `sign` or `end`."""

    kind: str
    text: str
    position: int

    @property
    def word(self) -> str:
        """A name in capitals, for comparison with keywords."""
        return self.text.upper() if self.kind == "name" else ""


def tokenise(statement: str) -> list[Token]:
    """The tokens of a statement, with an `end` token last.

    Raises:
        SalesforceError: MALFORMED_QUERY at the first character that begins no token, or for one that is too long.
    """
    if len(statement) > STATEMENT_LIMIT:
        raise SalesforceError("QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000 characters.")
    tokens, position = [], 0
    while position < len(statement):
        match = _TOKEN.match(statement, position)
        if not match:
            char = statement[position]
            reason = "line 1:0 no viable alternative at character" if char != "'" else "unterminated string at"
            raise malformed(statement, position, f"{reason} '{char}'")
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup or "", match.group(), position))
        position = match.end()
    tokens.append(Token("end", "<EOF>", len(statement)))
    return tokens


def unescape(statement: str, token: Token) -> str:
    """The value of a text literal.

    Raises:
        SalesforceError: MALFORMED_QUERY for an unknown escape or a literal of more than 4,000 characters.
    """
    body = token.text[1:-1]
    if len(body) > TEXT_LIMIT:
        raise malformed(statement, token.position, "string literals cannot be longer than 4000 characters")

    def character(match: re.Match[str]) -> str:
        escaped = match[1]
        if escaped[0] in "uU" and len(escaped) == 5:
            return chr(int(escaped[1:], 16))
        if escaped in _ESCAPES:
            return _ESCAPES[escaped]
        if escaped in "\"'\\_%":
            return escaped
        raise malformed(
            statement, token.position, f"Invalid string literal '{body}'. Illegal character sequence '\\{escaped}'"
        )

    return re.sub(r"\\([uU][0-9a-fA-F]{4}|.)", character, body, flags=re.DOTALL)


def pointed(statement: str, position: int, sentence: str) -> str:
    """A message that shows where in the statement something is wrong, as Salesforce shows it."""
    row = statement.count("\n", 0, position) + 1
    start = statement.rfind("\n", 0, position) + 1
    end = statement.find("\n", position)
    line = statement[start : end if end >= 0 else len(statement)]
    column = position - start
    shown_from = max(0, column - 40) if len(line) > 100 else 0
    shown = line[shown_from : shown_from + 100]
    return f"\n{shown}\n{' ' * (column - shown_from)}^\nERROR at Row:{row}:Column:{column + 1}\n{sentence}"


def malformed(statement: str, position: int, sentence: str) -> SalesforceError:
    """A statement that breaks the grammar."""
    return SalesforceError("MALFORMED_QUERY", pointed(statement, position, sentence))


def unexpected(statement: str, token: Token) -> SalesforceError:
    """A token that cannot stand here."""
    shown = f"'{token.text}'" if token.kind != "end" else "'<EOF>'"
    return malformed(statement, token.position, f"unexpected token: {shown}")
