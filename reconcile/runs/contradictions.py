"""Pass `contradictions`: stored links that the records themselves speak against."""

from __future__ import annotations

from reconcile.comparing.equality import form_sql
from reconcile.model import Role
from reconcile.runs.passes import Execution

CONTRADICTION_BITS = 6.0
"""A rival must have this much more evidence (64 times the odds) than a stored link to contradict it."""
STRONG_ROLES: tuple[Role, ...] = ("name", "domain", "email", "phone", "street", "tax_id", "identifier", "family_name")
"""Roles that rarely agree by chance."""
LEAST_COMPARED = 3
"""So many strong roles must be filled on both sides, and all disagree, to contradict a link that has no rival."""
UNLIKE_NAME = 0.75
"""Jaro-Winkler similarity of two name forms below which the names share no more than chance."""


def mark_contradicted(execution: Execution) -> None:
    """Set the status of confirmed and one-sided links that the records contradict.

    Either a clearly better partner exists that is itself free or as badly linked, and is no duplicate of the present
    one; or the pair was not even a candidate and every strong role that both records fill disagrees.
    """
    con = execution.con
    con.execute(f"CREATE TEMP TABLE scored AS {_SCORED_SQL}")
    con.execute(f"CREATE TEMP TABLE rivals AS {_rivals_sql(execution.reconciliation.accept)}")
    _write_forms(execution)
    con.execute(f"""
        UPDATE links SET status = 'contradicted' WHERE status IN ('confirmed', 'one_sided') AND (left_id, right_id) IN (
            SELECT (left_id, right_id) FROM rivals UNION ALL SELECT (left_id, right_id) FROM ({_unlike_sql()}))
    """)


# A pair that is no candidate was too unlike to be kept: it counts as the weakest candidate.
_SCORED_SQL = """
    SELECT k.left_id, k.right_id, k.weight IS NULL AS is_unscored,
           coalesce(k.weight, (SELECT least(min(weight), 0) FROM candidates), 0) AS weight
    FROM links k JOIN left_records l ON l.record_id = k.left_id JOIN right_records r ON r.record_id = k.right_id
    WHERE k.status <> 'dangling' AND NOT coalesce(l.is_test, false) AND NOT coalesce(r.is_test, false)
"""


def _rivals_sql(accept: float) -> str:
    """(left_id, right_id of a stored link, rival_left, rival_right): the pair that is clearly better than it."""
    return " UNION ALL ".join(
        f"""
        SELECT s.left_id, s.right_id, c.left_id AS rival_left, c.right_id AS rival_right, c.weight, c.probability
        FROM scored s JOIN candidates c ON c.{same} = s.{same} AND c.{other} <> s.{other}
        LEFT JOIN (SELECT {other}, max(weight) AS weight FROM scored GROUP BY ALL) o ON o.{other} = c.{other}
        LEFT JOIN {side}_clusters a ON a.record_id = s.{other}
        LEFT JOIN {side}_clusters b ON b.record_id = c.{other}
        WHERE c.probability >= {accept!r} AND c.weight >= s.weight + {CONTRADICTION_BITS}
          AND (o.weight IS NULL OR c.weight >= o.weight + {CONTRADICTION_BITS})
          AND (a.cluster_id IS NULL OR a.cluster_id IS DISTINCT FROM b.cluster_id)
        """
        for same, other, side in (("left_id", "right_id", "right"), ("right_id", "left_id", "left"))
    )


def _write_forms(execution: Execution) -> None:
    """Write `unscored_forms`: what both records of every unscored link show, in comparable form; blank for nothing."""
    forms = ", ".join(
        f"coalesce({form_sql(role, f'{side}.{role}')}, '') AS {side}_{role}"
        for role in STRONG_ROLES
        for side in ("l", "r")
    )
    execution.con.execute(f"""
        CREATE TEMP TABLE unscored_forms AS SELECT s.left_id, s.right_id, {forms} FROM scored s
        JOIN left_records l ON l.record_id = s.left_id JOIN right_records r ON r.record_id = s.right_id
        WHERE s.is_unscored
    """)


def _unlike_sql() -> str:
    """Unscored links in which enough can be compared and nothing agrees."""
    compared = " + ".join(f"(l_{role} <> '' AND r_{role} <> '')::INTEGER" for role in STRONG_ROLES)
    agreeing = " OR ".join(f"(l_{role} <> '' AND l_{role} = r_{role})" for role in STRONG_ROLES)
    return f"""
        SELECT left_id, right_id FROM unscored_forms WHERE {compared} >= {LEAST_COMPARED} AND NOT ({agreeing})
          AND jaro_winkler_similarity(l_name, r_name) < {UNLIKE_NAME}
    """
