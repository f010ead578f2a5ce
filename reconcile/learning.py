"""Learning from people: propose a model of the match that agrees better with the judgements, compare it, promote it.

A run scores with the model in use. The first run's becomes that; from then on only a person changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import duckdb

from reconcile import access, audit
from reconcile.errors import StateError, UnknownNameError
from reconcile.matching import MatchRules, dedupe, link
from reconcile.matching.models import RunComparison, compare_links
from reconcile.matching.quality import QualityEstimate, estimate_quality
from reconcile.matching.refine import propose_pairs
from reconcile.model import Person, Progress, Reconciliation, RecordRef, Run, Side
from reconcile.runs.evidence import rules_of
from reconcile.runs.reading import open_run, read_document
from reconcile.snapshots.sql import literal
from reconcile.state import judgements, match_models, reconciliations, runs
from reconcile.state.judgements import StoredJudgement
from reconcile.state.match_models import StoredModel
from reconcile.workbench import Workbench

Said = tuple[str, str, str]
SIDES: tuple[Side, Side] = ("left", "right")
RIGHT_FROM = 0.5  # a judged pair is told right when its probability is on the right side of this
MOST_QUESTIONS = 25
THRESHOLDS = (0.5, 0.8, 0.99)
_ACCEPTED_SQL = "(SELECT left_id, right_id FROM {} WHERE is_chosen AND band = 'accept')"


def adopt(workbench: Workbench, actor: Person, run: Run) -> StoredModel | None:
    """Let the models that scored a run be the ones in use where there are none, or where those no longer fit.

    Gives what was adopted; None when the run used what was in use.
    """
    used: Mapping[str, str] = read_document(run.path).get("models", {})
    with workbench.database.begin() as tx:
        current = match_models.current(tx, run.reconciliation_id)
        if not used or (current is not None and dict(current.models) == dict(used)):
            return None
        made = match_models.add(tx, actor, run.reconciliation_id, run.id, "data", used, {})
        promoted = match_models.promote(tx, actor, made.id)
        audit.record(tx, actor, "adopt match model", run.reconciliation_id, {"model": made.id, "version": made.version})
    return promoted


def propose(
    workbench: Workbench, actor: Person, reconciliation_id: str, report: Callable[[Progress], None]
) -> StoredModel:
    """Learn a model anew from the newest run's records and all judgements that stand, and compare it with that run.

    Nothing changes for anybody until the model is promoted.

    Raises:
        NotAllowedError: the actor may not run reconciliations.
        StateError: there was no run yet.
    """
    access.require(actor, "run reconciliations")
    with workbench.database.read() as tx:
        definition = reconciliations.get(tx, reconciliation_id)
        run = runs.latest(tx, reconciliation_id)
        current = match_models.current(tx, reconciliation_id)
        said = judgements.standing(tx, reconciliation_id)
    if run is None:
        raise StateError(f"Reconciliation {definition.name}", "not run yet", "taught", remedy="Run it first.")
    parts = judged_pairs(definition, said)
    models, figures = _learn(run, definition, parts, dict(current.models) if current else {}, report)
    origin: match_models.Origin = "judgements" if any(parts.values()) else "data"
    with workbench.database.begin() as tx:
        made = match_models.add(tx, actor, reconciliation_id, run.id, origin, models, figures)
        audit.record(
            tx, actor, "propose match model", reconciliation_id, {"model": made.id, "version": made.version, **figures}
        )
    return made


def promote(workbench: Workbench, actor: Person, model_id: str) -> StoredModel:
    """Let a model score every run from now on.

    Raises:
        NotAllowedError: the actor is no administrator.
        UnknownNameError: there is no such model.
        ConflictError: somebody promoted another one at the same moment.
    """
    access.require(actor, "edit reconciliations")
    with workbench.database.begin() as tx:
        before = match_models.current(tx, match_models.get(tx, model_id).reconciliation_id)
        chosen = match_models.promote(tx, actor, model_id)
        detail = {"model": chosen.id, "version": chosen.version, "replaces": before.version if before else None}
        audit.record(tx, actor, "promote match model", chosen.reconciliation_id, detail)
    return chosen


def compare_models(
    workbench: Workbench,
    before: StoredModel,
    after: StoredModel,
    report: Callable[[Progress], None],
) -> dict[str, Any]:
    """What scoring the newest run's records with one model instead of another changes.

    Returns:
        judged, unchanged, moved, split, merged, and before and after: told_right_<> and quality_<>, as a proposal has
        them.

    Raises:
        StateError: the models are of two reconciliations, or there was no run yet.
        InputError: a model does not fit the roles that the run compared, or has no part for links.
    """
    if before.reconciliation_id != after.reconciliation_id:
        raise StateError(
            f"Model {after.id}", "of another reconciliation", f"compared with {before.id}", remedy="Name two of one."
        )
    with workbench.database.read() as tx:
        definition = reconciliations.get(tx, before.reconciliation_id)
        run = runs.latest(tx, definition.id)
        said = judgements.standing(tx, definition.id)
    if run is None:
        raise StateError(f"Reconciliation {definition.name}", "not run yet", "compared", remedy="Run it first.")
    parts = judged_pairs(definition, said)
    open_run(run.path).close()
    with closing(duckdb.connect()) as con:
        _attach(con, run, parts)
        for model in (before, after):
            con.execute("DROP TABLE IF EXISTS earlier")
            con.execute("ALTER TABLE IF EXISTS candidates RENAME TO earlier")
            rules = replace(rules_of(definition), model=link_part(model))
            link(con, "left_records", "right_records", rules, progress=report)
        return _compare(con, definition, len(parts["link"]), "earlier")


def link_part(model: StoredModel) -> str:
    """The model that scores pairs of the two sides.

    Raises:
        UnknownNameError: it has none.
    """
    if "link" not in model.models:
        raise UnknownNameError("part of the model", "link", tuple(model.models))
    return model.models["link"]


def judged_pairs(definition: Reconciliation, said: Sequence[StoredJudgement]) -> dict[str, list[Said]]:
    """What was said same or different, by the part that it teaches: "link", "left" or "right"."""
    pairs: dict[str, list[Said]] = {"link": [], "left": [], "right": []}
    for row in said:
        judgement = row.judgement
        if judgement.verdict == "unsure":
            continue
        sides = _side(definition, judgement.left), _side(definition, judgement.right)
        part = "link" if sides == ("left", "right") else sides[0] if sides[0] == sides[1] else None
        if part is not None:
            pairs[part].append((judgement.left.record_id, judgement.right.record_id, judgement.verdict))
    return pairs


def _side(definition: Reconciliation, ref: RecordRef) -> Side | None:
    for side, dataset in (("left", definition.left), ("right", definition.right)):
        if (dataset.connection_id, dataset.object) == (ref.connection_id, ref.object):
            return "left" if side == "left" else "right"
    return None


def _learn(
    run: Run,
    definition: Reconciliation,
    parts: Mapping[str, list[Said]],
    models: dict[str, str],
    report: Callable[[Progress], None],
) -> tuple[dict[str, str], dict[str, Any]]:
    """The models, and what they would change; a side without judgements keeps the model that it has."""
    open_run(run.path).close()
    rules = rules_of(definition)
    with closing(duckdb.connect()) as con:
        _attach(con, run, parts)
        learned = link(con, "left_records", "right_records", _taught(rules, parts, "link"), progress=report)
        figures = _compare(con, definition, len(parts["link"]))
        models["link"] = learned.model
        for side in SIDES:
            if parts[side]:
                models[side] = dedupe(con, f"{side}_records", _taught(rules, parts, side), prefix=f"{side}_").model
    return models, figures


def _taught(rules: MatchRules, parts: Mapping[str, list[Said]], part: str) -> MatchRules:
    return replace(rules, judgements=f"judged_{part}" if parts[part] else "")


def _attach(con: duckdb.DuckDBPyConnection, run: Run, parts: Mapping[str, list[Said]]) -> None:
    con.execute(f"ATTACH {literal(run.path)} AS run (READ_ONLY)")
    for side in SIDES:
        con.execute(
            f"CREATE VIEW {side}_records AS SELECT * FROM run.{side}_records WHERE NOT coalesce(is_test, false)"
        )
    for part, rows in parts.items():
        con.execute(f"CREATE TABLE judged_{part} (left_id VARCHAR, right_id VARCHAR, verdict VARCHAR)")
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            con.execute(
                f"INSERT INTO judged_{part} SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
                columns,
            )


def _compare(
    con: duckdb.DuckDBPyConnection, definition: Reconciliation, judged: int, before: str = "run.candidates"
) -> dict[str, Any]:
    """The accepted links before against those of the new model, and how each does on the judged pairs."""
    changes = compare_links(con, *(_ACCEPTED_SQL.format(table) for table in (before, "candidates")))
    figures: dict[str, Any] = {"judged": judged, **asdict(changes)}
    for name, table in (("before", before), ("after", "candidates")):
        figures[f"told_right_{name}"] = _told_right(con, table)
        estimate = asdict(estimate_quality(con, "judged_link", definition.accept, table))
        figures[f"quality_{name}"] = {key: round(value, 5) for key, value in estimate.items()}
    return figures


def _told_right(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Judged pairs whose probability agrees with what was said; a pair that is no candidate has none."""
    row = con.execute(f"""
        SELECT count(*) FILTER ((coalesce(c.probability, 0) >= {RIGHT_FROM}) = (j.verdict = 'same'))
        FROM judged_link j LEFT JOIN {table} c USING (left_id, right_id)""").fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class Question:
    """An undecided pair whose judgement would teach much, and the exception under which it can be judged.

    Attributes:
        differing: comparisons that speak against the pair, the weightiest first.
    """

    exception_id: str
    left_id: str
    right_id: str
    left_name: str
    right_name: str
    probability: float
    differing: tuple[str, ...]


def questions(
    workbench: Workbench, definition: Reconciliation, run: Run, limit: int = MOST_QUESTIONS
) -> tuple[Question, ...]:
    """The pairs of a run that are worth asking about: undecided, of many different patterns, and open to review.

    Raises:
        StorageError: the run file cannot be read.
    """
    with _opened(workbench, definition, run) as con:
        con.execute("CREATE TEMP TABLE askable AS SELECT c.* FROM run.candidates c "
                    f"JOIN ({_ASKABLE_SQL}) USING (left_id, right_id)")  # fmt: skip
        asked = propose_pairs(con, limit, "judged_link", "askable")
        return tuple(_question(con, pair) for pair in asked)


_ASKABLE_SQL = """SELECT left_id, right_id, min(exception_id) AS exception_id FROM run.exceptions
    WHERE left_id IS NOT NULL AND right_id IS NOT NULL AND kind <> 'duplicate' GROUP BY 1, 2"""


def _question(con: duckdb.DuckDBPyConnection, pair: tuple[str, str]) -> Question:
    found = con.execute(
        f"""SELECT e.exception_id, coalesce(l.name, c.left_id) AS left_name, coalesce(r.name, c.right_id) AS right_name,
            c.* FROM askable c JOIN ({_ASKABLE_SQL}) e USING (left_id, right_id)
            JOIN run.left_records l ON l.record_id = c.left_id JOIN run.right_records r ON r.record_id = c.right_id
            WHERE c.left_id = ? AND c.right_id = ?""",
        list(pair),
    )
    row = dict(zip([column[0] for column in found.description or ()], found.fetchall()[0], strict=True))
    bits = {name.removeprefix("weight_"): row[name] for name in row if name.startswith("weight_")}
    told = sorted((role for role in bits if row[f"level_{role}"]), key=lambda role: -abs(bits[role]))
    return Question(
        row["exception_id"], *pair, row["left_name"], row["right_name"], row["probability"],
        tuple(role for role in told if bits[role] < 0),
    )  # fmt: skip


def quality_curve(workbench: Workbench, definition: Reconciliation, run: Run) -> tuple[QualityEstimate, ...]:
    """Precision and recall at some thresholds, the definition's own among them, as the judgements have it.

    Raises:
        StorageError: the run file cannot be read.
    """
    thresholds = sorted({*THRESHOLDS, definition.review, definition.accept})
    with _opened(workbench, definition, run) as con:
        return tuple(estimate_quality(con, "judged_link", at, "run.candidates") for at in thresholds)


def compare_accepted(earlier: Run, later: Run) -> RunComparison:
    """The accepted links of a run against those of a later one: unchanged, moved, split, merged.

    Raises:
        StorageError: one of the files cannot be read.
    """
    for run in (earlier, later):
        open_run(run.path).close()
    with closing(duckdb.connect()) as con:
        for name, run in (("earlier", earlier), ("later", later)):
            con.execute(f"ATTACH {literal(run.path)} AS {name} (READ_ONLY)")
        return compare_links(con, *(_ACCEPTED_SQL.format(f"{name}.candidates") for name in ("earlier", "later")))


@contextmanager
def _opened(workbench: Workbench, definition: Reconciliation, run: Run) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the run attached and what was judged of it as `judged_link`, `judged_left`, `judged_right`."""
    with workbench.database.read() as tx:
        parts = judged_pairs(definition, judgements.standing(tx, definition.id))
    open_run(run.path).close()
    with closing(duckdb.connect()) as con:
        _attach(con, run, parts)
        yield con
