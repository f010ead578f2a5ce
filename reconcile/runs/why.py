"""Why two records of a run were held to be one customer, or why not: for any two that somebody asks about."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal

import duckdb

from reconcile.errors import InputError, UnknownNameError
from reconcile.matching import Explanation, explain_pair, open_explainer
from reconcile.matching.explain import Explainer
from reconcile.model import Side
from reconcile.runs.document import reconciliation_of
from reconcile.runs.duplicates import REASONS
from reconcile.runs.evidence import rules_of
from reconcile.runs.reading import open_run, read_document

Part = Literal["link", "left", "right"]
Ids = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Why:
    """What a run holds of two records.

    Attributes:
        set_aside: sides whose record took no part in the match, because it is test data.
        explanation: of the match; None when one of the two was set aside.
        apart: why an accepted pair of one side holds no cluster together (a sentence); empty when nothing did.
        is_one_cluster: whether two records of one side are in one cluster.
    """

    set_aside: tuple[Side, ...] = ()
    explanation: Explanation | None = None
    apart: str = ""
    is_one_cluster: bool = False


class RunExplainer:
    """A run made ready to be asked about; threads take turns.

    Making it cleans the records of the run once more (about a second for 50,000 on each side).
    """

    def __init__(self, path: str, part: Part = "link") -> None:
        """Open a run.

        Args:
            path: of the run file.
            part: "link" for a record of each side, "left" or "right" for two records of that side.

        Raises:
            StorageError: as `open_run`.
            InputError: the run kept no model (it was made before models were kept), or had nothing to match.
        """
        document = read_document(path)
        model = document.get("models", {}).get(part, "")
        if not model:
            raise InputError(
                f"{Path(path).stem} did not keep the model that it scored with.", remedy="Run the reconciliation again."
            )
        self.part = part
        self.sides: tuple[Side, Side] = ("left", "right") if part == "link" else (part, part)
        self._lock = Lock()
        self._explainer = _open(path, self.sides, model, document)

    def why(self, first_id: str, second_id: str) -> Why:
        """What the run holds of two records.

        Raises:
            UnknownNameError: the run has no such record on that side.
            InputError: one record twice.
        """
        with self._lock:
            set_aside = [
                side
                for side, record_id in zip(self.sides, (first_id, second_id), strict=True)
                if self._is_test(side, record_id)
            ]
            if set_aside:
                return Why(tuple(dict.fromkeys(set_aside)))
            explanation = explain_pair(self._explainer, first_id, second_id)
            if self.part == "link":
                return Why((), explanation)
            return Why((), explanation, self._apart((first_id, second_id)), self._is_one_cluster(first_id, second_id))

    def close(self) -> None:
        """Let go of the file; nothing can be asked afterwards."""
        con = self._explainer.con
        del self._explainer  # what it keeps in the connection goes while the connection is still open
        con.close()

    def _rows(self, sql: str, *parameters: str) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = self._explainer.con.execute(sql, list(parameters)).fetchall()
        return found

    def _is_test(self, side: Side, record_id: str) -> bool:
        rows = self._rows(f"SELECT coalesce(is_test, false) FROM run.{side}_records WHERE record_id = ?", record_id)
        if not rows:
            raise UnknownNameError(f"{side} record", record_id)
        return bool(rows[0][0])

    def _is_one_cluster(self, first_id: str, second_id: str) -> bool:
        rows = self._rows(
            f"SELECT count(DISTINCT cluster_id), count(*) FROM run.{self.part}_clusters WHERE record_id IN (?, ?)",
            first_id, second_id,
        )  # fmt: skip
        return rows[0] == (1, 2)

    def _apart(self, ids: Ids) -> str:
        rows = self._rows(f"SELECT reason FROM run.{self.part}_apart WHERE id_a = ? AND id_b = ?", *sorted(ids))
        if rows:
            return REASONS[str(rows[0][0])]
        return ""


def _open(path: str, sides: tuple[Side, Side], model: str, document: dict[str, object]) -> Explainer:
    open_run(path).close()
    con = duckdb.connect(config={"memory_limit": "2GB"})
    try:
        quoted = path.replace("'", "''")
        con.execute(f"ATTACH '{quoted}' AS run (READ_ONLY)")
        for side in dict.fromkeys(sides):
            con.execute(
                f"CREATE VIEW {side}_matchable AS SELECT * FROM run.{side}_records WHERE NOT coalesce(is_test, false)"
            )
        candidates = "run.candidates" if sides == ("left", "right") else f"run.{sides[0]}_pairs"
        first, second = (f"{side}_matchable" for side in sides)
        rules = rules_of(reconciliation_of(document))
        return open_explainer(con, first, second, model, rules, candidates=candidates)
    except BaseException:
        con.close()
        raise


def explain_records(path: str, first_id: str, second_id: str, part: Part = "link") -> Why:
    """What a run holds of two records, for one question; `RunExplainer` is for several.

    Raises:
        StorageError, InputError, UnknownNameError: as `RunExplainer`.
    """
    with closing(RunExplainer(path, part)) as explainer:
        return explainer.why(first_id, second_id)
