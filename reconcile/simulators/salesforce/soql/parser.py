"""SOQL by recursive descent: Salesforce's SELECT syntax without TYPEOF, WITH DATA CATEGORY and UPDATE."""

from __future__ import annotations

from reconcile.simulators.salesforce.soql.dates import RANGE_WORDS, RANGE_WORDS_COUNTED
from reconcile.simulators.salesforce.soql.tokens import Token, malformed, tokenise, unescape, unexpected
from reconcile.simulators.salesforce.soql.tree import (
    Call,
    Combination,
    Comparison,
    Condition,
    Constant,
    FieldSet,
    Membership,
    Negation,
    Ordering,
    Path,
    Query,
)

_COMPARISONS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
_CLAUSES = frozenset(
    {"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "WITH", "FOR", "USING", "ALL", "FROM", "AND", "OR", "NOT"}
)


def parse(statement: str) -> Query:
    """The tree of a statement.

    Raises:
        SalesforceError: MALFORMED_QUERY where it breaks the grammar.
    """
    parser = _Parser(statement)
    query = parser.query()
    if parser.current.kind != "end":
        raise unexpected(statement, parser.current)
    return query


class _Parser:
    """One statement and how far it has been read."""

    def __init__(self, statement: str) -> None:
        self.statement = statement
        self.tokens = tokenise(statement)
        self.at = 0

    @property
    def current(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.current
        if token.kind == "end":
            raise unexpected(self.statement, token)
        self.at += 1
        return token

    def word(self, *words: str) -> bool:
        """Take the current token if it is one of these keywords."""
        if self.current.word in words:
            self.at += 1
            return True
        return False

    def sign(self, text: str) -> bool:
        """Take the current token if it is this sign."""
        if self.current.kind == "sign" and self.current.text == text:
            self.at += 1
            return True
        return False

    def need_word(self, word: str) -> None:
        if not self.word(word):
            raise unexpected(self.statement, self.current)

    def need_sign(self, text: str) -> None:
        if not self.sign(text):
            raise unexpected(self.statement, self.current)

    def need_name(self) -> Token:
        if self.current.kind != "name":
            raise unexpected(self.statement, self.current)
        return self.take()

    def query(self) -> Query:
        self.need_word("SELECT")
        select = [self.select_item()]
        while self.sign(","):
            select.append(self.select_item())
        self.need_word("FROM")
        source = self.need_name()
        alias = self.alias()
        if self.word("USING"):
            self.need_word("SCOPE")
            self.need_name()
        where = self.condition() if self.word("WHERE") else None
        self.skip_with()
        group_by = self.group_by()
        having = self.condition() if self.word("HAVING") else None
        order_by = self.order_by()
        limit = self.whole_number() if self.word("LIMIT") else None
        offset = self.whole_number() if self.word("OFFSET") else None
        while self.word("FOR"):
            if not self.word("VIEW", "REFERENCE", "UPDATE"):
                raise unexpected(self.statement, self.current)
        return Query(
            tuple(select),
            source.text,
            source.position,
            where,
            group_by,
            having,
            order_by,
            limit,
            offset,
            alias,
            self.statement,
        )

    def alias(self) -> str | None:
        if self.current.kind == "name" and self.current.word not in _CLAUSES:
            return self.take().text
        return None

    def skip_with(self) -> None:
        """`WITH SECURITY_ENFORCED` and its like ask for what the practice org does anyway."""
        if self.word("WITH") and not self.word("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"):
            raise unexpected(self.statement, self.current)

    def select_item(self) -> Path | Call | FieldSet | Query:
        if self.sign("("):
            inner = self.query()
            self.need_sign(")")
            return inner
        operand = self.operand()
        if isinstance(operand, Call):
            if operand.name == "FIELDS":
                return FieldSet(
                    operand.argument.text.upper() if isinstance(operand.argument, Path) else "", operand.position
                )
            alias = self.alias()
            return Call(operand.name, operand.argument, operand.position, alias)
        alias = self.alias()
        if alias:
            return Call("", operand, operand.position, alias)
        return operand

    def operand(self) -> Path | Call:
        name = self.need_name()
        if not self.sign("("):
            return Path(tuple(name.text.split(".")), name.position)
        if self.sign(")"):
            return Call(name.word, None, name.position)
        argument = self.operand()
        self.need_sign(")")
        return Call(name.word, argument, name.position)

    def condition(self) -> Condition:
        first = self.factor()
        joint = self.current.word
        if joint not in {"AND", "OR"}:
            return first
        parts = [first]
        while self.word(joint):
            parts.append(self.factor())
        if self.current.word in {"AND", "OR"}:  # mixed without brackets: Salesforce refuses to guess
            raise unexpected(self.statement, self.current)
        return Combination("AND" if joint == "AND" else "OR", tuple(parts))

    def factor(self) -> Condition:
        if self.word("NOT"):
            return Negation(self.factor())
        if self.sign("("):
            inner = self.condition()
            self.need_sign(")")
            return inner
        return self.comparison()

    def comparison(self) -> Condition:
        operand = self.operand()
        if self.current.kind == "sign" and self.current.text in _COMPARISONS:
            operator = self.take().text
            return Comparison(operand, "!=" if operator == "<>" else operator, self.constant())
        if self.word("LIKE"):
            return Comparison(operand, "LIKE", self.constant())
        is_negated = self.word("NOT")
        if self.word("IN") and isinstance(operand, Path):
            return Membership(operand, self.choices(), is_negated)
        raise unexpected(self.statement, self.current)

    def choices(self) -> tuple[Constant, ...] | Query:
        self.need_sign("(")
        if self.current.word == "SELECT":
            inner = self.query()
            self.need_sign(")")
            return inner
        values = [self.constant()]
        while self.sign(","):
            values.append(self.constant())
        self.need_sign(")")
        return tuple(values)

    def constant(self) -> Constant:  # noqa: PLR0911  # one line for each kind of literal
        token = self.take()
        if token.kind == "text":
            return Constant("text", unescape(self.statement, token), token.text[1:-1])
        if token.kind == "number":
            return Constant("number", float(token.text), token.text)
        if token.kind == "date":
            return Constant("date", token.text, token.text)
        if token.kind == "datetime":
            return Constant("datetime", token.text, token.text)
        if token.word in {"TRUE", "FALSE"}:
            return Constant("boolean", token.word == "TRUE", token.text)
        if token.word == "NULL":
            return Constant("null", None, token.text)
        if token.word in RANGE_WORDS:
            return Constant("range", token.word, token.text)
        if token.word in RANGE_WORDS_COUNTED:
            self.need_sign(":")
            return Constant("range", token.word, token.text, self.whole_number())
        raise unexpected(self.statement, token)

    def group_by(self) -> tuple[Path | Call, ...]:
        if not self.word("GROUP"):
            return ()
        self.need_word("BY")
        items = [self.operand()]
        while self.sign(","):
            items.append(self.operand())
        return tuple(items)

    def order_by(self) -> tuple[Ordering, ...]:
        if not self.word("ORDER"):
            return ()
        self.need_word("BY")
        items = [self.ordering()]
        while self.sign(","):
            items.append(self.ordering())
        return tuple(items)

    def ordering(self) -> Ordering:
        operand = self.operand()
        is_descending = self.word("DESC")
        if not is_descending:
            self.word("ASC")
        nulls_last = False
        if self.word("NULLS"):
            nulls_last = self.word("LAST")
            if not nulls_last:
                self.need_word("FIRST")
        return Ordering(operand, is_descending, nulls_last)

    def whole_number(self) -> int:
        token = self.take()
        if token.kind != "number" or not token.text.isdigit():
            raise malformed(self.statement, token.position, f"unexpected token: '{token.text}'")
        return int(token.text)
