"""What a match is asked to do, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from reconcile.errors import DefinitionError
from reconcile.model import ROLES, Role

Engine = Literal["duckdb", "spark"]


@dataclass(frozen=True, slots=True)
class MatchRules:
    """How two sets of records are matched.

    Attributes:
        roles: the roles to compare; empty for every role that both sides fill.
        one_to_one: each record takes part in at most one chosen link (optimal within each connected component);
            otherwise a right record chooses at most one left record, and a left record may be chosen many times.
        accept: probability at or above which a candidate is accepted.
        review: probability at or above which a candidate is shown to a person.
        seed: makes the sampling of random pairs repeatable.
        memory_limit: about how much may be held, e.g. "1GB"; empty for no care. Cleaned text then goes to DuckDB, which
            gets a quarter of it and spills; numbers and the pairs of a match stay in memory.
        threads: worker threads; 0 for all cores. The result does not depend on it.
        engine: where candidates are made and scored: "duckdb" here, "spark" on a cluster; both give the same.
        spark_master: address of the Spark cluster, e.g. "spark://host:7077"; empty for what the environment says.
        spark_folder: a folder that all machines of the cluster see; empty for what the environment says.
        model: a stored model (`LinkResult.model`) to score with; empty to learn one from these records.
        judgements: a relation (left_id, right_id, verdict) that corrects a newly learned model; empty for none.
        keep: candidates below this probability are kept only when they are the best of one of their records.
        block_pairs: a blocking key value that would bring more pairs than this is refined with a second attribute.
        compare_all_below: with fewer records than this on both sides every pair is compared.
    """

    roles: tuple[Role, ...] = ()
    one_to_one: bool = False
    accept: float = 0.95
    review: float = 0.10
    seed: int = 0
    memory_limit: str = ""
    threads: int = 0
    engine: Engine = "duckdb"
    spark_master: str = ""
    spark_folder: str = ""
    model: str = ""
    judgements: str = ""
    keep: float = 0.01
    block_pairs: int = 400
    compare_all_below: int = 1000

    def __post_init__(self) -> None:
        if self.engine not in get_args(Engine):
            raise DefinitionError(
                "match rules", f"there is no engine {self.engine!r}", remedy=f"Use {' or '.join(get_args(Engine))}."
            )
        unknown = sorted(set(self.roles) - set(ROLES))
        if unknown:
            raise DefinitionError("match rules", f"no such role: {', '.join(unknown)}", remedy=f"Roles: {ROLES}.")
        if not 0.0 <= self.review <= self.accept <= 1.0:
            raise DefinitionError(
                "match rules",
                f"review {self.review} and accept {self.accept} are not 0 <= review <= accept <= 1",
                remedy="Give two probabilities, review the lower one.",
            )


@dataclass(frozen=True, slots=True)
class MatchSummary:
    """The figures of one match.

    Attributes:
        seconds: wall time by stage.
        pairs_per_key: candidate pairs that each blocking key brought.
        unique_pairs_per_key: accepted pairs that no other key would have brought.
        estimated_recall: share of true pairs that the keys are estimated to bring (capture-recapture); None when all
            pairs were compared or too few were accepted.
        expected_matches: sum of the candidates' probabilities.
    """

    left_records: int
    right_records: int
    compared_pairs: int
    kept_pairs: int
    accepted: int
    chosen: int
    expected_matches: float
    prior: float
    seconds: Mapping[str, float] = field(default_factory=dict)
    pairs_per_key: Mapping[str, int] = field(default_factory=dict)
    unique_pairs_per_key: Mapping[str, int] = field(default_factory=dict)
    estimated_recall: float | None = None


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What `link` wrote: tables `candidates` and `levels`, the figures, and the model as text with its version."""

    candidates: str
    levels: str
    summary: MatchSummary
    model: str = ""
    model_version: str = ""


@dataclass(frozen=True, slots=True)
class DedupeResult:
    """What `dedupe` wrote: tables `<prefix>pairs`, `<prefix>clusters` and `<prefix>levels`, and the figures."""

    pairs: str
    clusters: str
    levels: str
    summary: MatchSummary
    cluster_count: int
    model: str = ""
    model_version: str = ""
