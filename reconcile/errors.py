"""Every error that Reconcile raises on purpose.

A constructor takes facts and writes the sentence: what happened, where, and what to do. Failures of single rows are not
errors but values (`reconcile.model.RowResult`).

    ReconcileError
    +-- InputError                     what a person or a file gave cannot be used
    |   +-- UnreadableFileError
    |   +-- UnknownNameError           a connection, object, column, run ... that does not exist
    |   +-- DefinitionError            a reconciliation, mapping or recipe that contradicts itself
    +-- RemoteError                    the other system
    |   +-- UnreachableError           no answer, or the connection broke; the request may have taken effect
    |   +-- SignInError
    |   +-- RateLimitedError           still limited after the bounded retries
    |   +-- RefusedError               an answer that says no, with the system's own code
    |   +-- IncompletePullError        rows received differ from the source's own count
    +-- NotAllowedError                the acting person lacks the role, or a policy forbids it
    +-- QuarantinedError               the connection is not the org it was
    +-- StateError                     the thing is not in a state that permits this
    |   +-- ConflictError              somebody else changed it meanwhile
    |   +-- ClaimedError               somebody else is working on it
    +-- TotalsError                    counts that ought to add up do not; nothing is kept
    +-- StorageError                   a snapshot, run or state database that is missing, damaged or of another version
"""

from __future__ import annotations


class ReconcileError(Exception):
    """Base of every deliberate error. `str(error)` is a full sentence fit for the screen."""

    def __init__(self, sentence: str, *, remedy: str = "") -> None:
        self.sentence = sentence
        self.remedy = remedy
        super().__init__(f"{sentence} {remedy}".strip())


class InputError(ReconcileError):
    """What a person or a file gave cannot be used."""


class UnreadableFileError(InputError):
    """A file that cannot be read as what it claims to be."""

    def __init__(self, path: str, problem: str, *, line: int | None = None, remedy: str = "") -> None:
        self.path, self.problem, self.line = path, problem, line
        where = f"{path}, line {line}" if line is not None else path
        super().__init__(f"Cannot read {where}: {problem}.", remedy=remedy)


class UnknownNameError(InputError):
    """A name that nothing here answers to."""

    def __init__(self, kind: str, name: str, known: tuple[str, ...] = ()) -> None:
        self.kind, self.name, self.known = kind, name, known
        shown = ", ".join(sorted(known)[:12])
        super().__init__(f"There is no {kind} named {name!r}.", remedy=f"Known: {shown}." if shown else "")


class DefinitionError(InputError):
    """A definition (reconciliation, mapping, recipe, policy) that cannot be carried out as written."""

    def __init__(self, subject: str, problem: str, *, remedy: str = "") -> None:
        self.subject, self.problem = subject, problem
        super().__init__(f"{subject}: {problem}.", remedy=remedy)


class RemoteError(ReconcileError):
    """The other system did not do what it was asked."""

    def __init__(self, connection: str, sentence: str, *, remedy: str = "") -> None:
        self.connection = connection
        super().__init__(f"{connection}: {sentence}", remedy=remedy)


class UnreachableError(RemoteError):
    """No answer arrived. Whether the request took effect is not known.

    Attributes:
        may_have_applied: False when the request surely did nothing: it only read, or it was never sent.
    """

    def __init__(self, connection: str, method: str, url: str, cause: str, *, may_have_applied: bool = True) -> None:
        self.method, self.url, self.cause, self.may_have_applied = method, url, cause, may_have_applied
        super().__init__(
            connection,
            f"no answer to {method} {url} ({cause}).",
            remedy="Check that the system is up and the address is right, then try again.",
        )


class SignInError(RemoteError):
    """The system refused who we say we are."""

    def __init__(self, connection: str, reason: str) -> None:
        self.reason = reason
        remedy = "Renew the connection's credentials on the Settings page, or with `connections renew`."
        super().__init__(connection, f"sign-in refused: {reason.rstrip('.')}.", remedy=remedy)


class RateLimitedError(RemoteError):
    """Requests are still limited after the bounded retries."""

    def __init__(self, connection: str, retry_after_s: float | None, detail: str = "") -> None:
        self.retry_after_s = retry_after_s
        when = f"in {retry_after_s:.0f} s" if retry_after_s is not None else "later"
        super().__init__(
            connection, f"request limit reached{f' ({detail})' if detail else ''}.", remedy=f"Try again {when}."
        )


class RefusedError(RemoteError):
    """An answer that says no.

    Attributes:
        status: the HTTP status.
        code: the system's own error code, empty where it gave none.
        message: the system's own message.
    """

    def __init__(self, connection: str, status: int, code: str, message: str, *, remedy: str = "") -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(connection, f"refused with {status} {code}: {message}", remedy=remedy)


class IncompletePullError(RemoteError):
    """Rows received differ from the source's own count."""

    def __init__(self, connection: str, object_name: str, received: int, expected: int) -> None:
        self.object_name, self.received, self.expected = object_name, received, expected
        super().__init__(
            connection,
            f"{object_name}: {received} rows received, the source counts {expected}. Nothing was kept.",
            remedy="Pull again; if it repeats, check the connection user's permission to see all records.",
        )


class NotAllowedError(ReconcileError):
    """The acting person may not do this."""

    def __init__(self, person: str, action: str, reason: str) -> None:
        self.person, self.action, self.reason = person, action, reason
        super().__init__(f"{person} may not {action}: {reason}.")


class QuarantinedError(ReconcileError):
    """The connection now leads to another org than the one it was made for."""

    def __init__(self, connection: str, expected: str, found: str) -> None:
        self.connection, self.expected, self.found = connection, expected, found
        super().__init__(
            f"{connection} was made for {expected} but now answers as {found}; nothing may be written to it.",
            remedy="If a sandbox was refreshed, make a new connection and pull again.",
        )


class StateError(ReconcileError):
    """The thing is not in a state that permits this."""

    def __init__(self, subject: str, state: str, action: str, *, remedy: str = "") -> None:
        self.subject, self.state, self.action = subject, state, action
        super().__init__(f"{subject} is {state}; it cannot be {action}.", remedy=remedy)


class ConflictError(StateError):
    """Somebody else changed the thing since it was read."""

    def __init__(self, subject: str, action: str) -> None:
        super().__init__(subject, "no longer as you saw it", action, remedy="Reload and look again.")


class ClaimedError(StateError):
    """Somebody else is working on the thing."""

    def __init__(self, subject: str, by: str) -> None:
        self.by = by
        super().__init__(subject, f"being worked on by {by}", "decided", remedy="Take the next one, or ask them.")


class StorageError(ReconcileError):
    """A stored file or database that is missing, damaged or of another version."""

    def __init__(self, path: str, problem: str, *, remedy: str = "") -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path}: {problem}.", remedy=remedy)


class TotalsError(ReconcileError):
    """The totals of a run do not tie out: a fault of this program, never to be shown as a result."""

    def __init__(self, side: str, *, population: int, categorised: int) -> None:
        self.side, self.population, self.categorised = side, population, categorised
        super().__init__(
            f"The {side} side has {population} records, but {categorised} of them are in a category. Nothing was kept.",
            remedy="Please report this with the two snapshots' ids.",
        )
