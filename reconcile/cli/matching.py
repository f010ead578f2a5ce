"""link, dedupe and explain: the matching engine on files, without any workbench."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import duckdb

from reconcile.cli.model_files import read_model, write_model
from reconcile.cli.outputs import refuse_places
from reconcile.errors import DefinitionError, InputError
from reconcile.matching import Explanation, MatchRules, dedupe, explain, link
from reconcile.matching.clean.records import PERSON
from reconcile.matching.curves import MatchReport, report_match
from reconcile.matching.files import canonical_view, check_ending, open_file, write_file
from reconcile.model import ROLES, Role

Command = TypeVar("Command", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)


def matching_options(command: Command) -> Command:
    """The options that every matching command has."""
    for option in reversed(
        (
            click.option(
                "--threshold",
                type=click.FloatRange(0, 1),
                default=0.5,
                show_default=True,
                help="Lowest probability that counts as a match.",
            ),
            click.option(
                "--memory-limit",
                default="",
                metavar="SIZE",
                help="What may be held in memory before spilling to disk, e.g. 2GB.",
            ),
            click.option("--threads", type=click.IntRange(0), default=0, help="Worker threads; 0 for all cores."),
            click.option(
                "--engine",
                type=click.Choice(["duckdb", "spark"]),
                default="duckdb",
                show_default=True,
                help="Where pairs are found and scored; both give the same.",
            ),
            click.option(
                "--spark-master",
                default="",
                envvar="RECONCILE_SPARK_MASTER",
                metavar="URL",
                help="Spark cluster, e.g. spark://host:7077; all cores of this machine without it.",
            ),
            click.option(
                "--spark-folder",
                default="",
                envvar="RECONCILE_SPARK_FOLDER",
                metavar="URL",
                help="Folder that all machines of the cluster see, e.g. hdfs:///tmp; it is left empty.",
            ),
            click.option("--seed", type=int, default=0, show_default=True, help="Makes sampling repeatable."),
            click.option("--model", "model_file", type=FILE, help="Score with this stored model, learn none."),
            click.option("--json", "as_json", is_flag=True, help="Print timings, counts and learned weights as JSON."),
        )
    ):
        command = option(command)
    return command


@click.command("link")
@click.argument("left", type=FILE)
@click.argument("right", type=FILE)
@click.option("--left-id", metavar="COL", help="Column with the left record's id.")
@click.option("--right-id", metavar="COL", help="Column with the right record's id.")
@click.option("--left-sheet", metavar="NAME", help="Sheet of LEFT, or its table if it is a snapshot.")
@click.option("--right-sheet", metavar="NAME", help="Sheet of RIGHT, or its table if it is a snapshot.")
@click.option("--map", "maps", multiple=True, metavar="ROLE=LEFT:RIGHT", help="Columns of a role; several with +.")
@click.option("--one-to-one", is_flag=True, help="Each record takes part in at most one link.")
@click.option("--all-candidates", is_flag=True, help="Write every scored candidate, not only the links.")
@click.option("--out", type=FILE, required=True, help="Where to write; .parquet, .csv, .tsv, .json, .ndjson.")
@click.option("--save-model", type=FILE, help="Where to store the model that scored, for --model.")
@matching_options
def link_command(
    left: Path,
    right: Path,
    left_id: str | None,
    right_id: str | None,
    left_sheet: str | None,
    right_sheet: str | None,
    maps: tuple[str, ...],
    one_to_one: bool,
    all_candidates: bool,
    out: Path,
    save_model: Path | None,
    threshold: float,
    as_json: bool,
    **limits: Any,
) -> None:
    """Link the records of LEFT with those of RIGHT."""
    begin = time.perf_counter()
    _refuse(out, None, save_model, inputs=(left, right, limits["model_file"]))
    con = duckdb.connect()
    left_map, right_map = parse_maps(maps)
    left_roles = _open(con, left, "left_records", left_id, left_map, left_sheet)
    right_roles = _open(con, right, "right_records", right_id, right_map, right_sheet)
    _check_roles({str(left): left_roles, str(right): right_roles})
    rules = _rules(threshold, one_to_one=one_to_one, **limits)
    result = link(con, "left_records", "right_records", rules)
    write_model(save_model, result.model)
    wanted = "" if all_candidates else f"WHERE probability >= {threshold}{' AND is_chosen' if one_to_one else ''}"
    levels = ", ".join(_level_columns(con, "candidates"))
    write_file(
        con,
        f"SELECT left_id, right_id, probability, weight, band, {levels} FROM candidates {wanted} "
        "ORDER BY left_id, right_id",
        out,
    )
    written = _count(con, f"SELECT count(*) FROM candidates {wanted}")
    sentence = f"{written:,} {'candidates' if all_candidates else 'links'} in {out}"
    _say(
        con,
        "levels",
        result.summary,
        as_json,
        begin,
        sentence,
        model=result.model_version,
        written=written,
        left_roles=left_roles,
        right_roles=right_roles,
    )


@click.command("dedupe")
@click.argument("file", type=FILE)
@click.option("--id", "id_name", metavar="COL", help="Column with the record's id.")
@click.option("--sheet", metavar="NAME", help="Sheet of FILE, or its table if it is a snapshot.")
@click.option("--map", "maps", multiple=True, metavar="ROLE=COL", help="Columns of a role; several with +.")
@click.option("--out", type=FILE, required=True, help="Where to write id, cluster_id and size.")
@click.option("--pairs", type=FILE, help="Where to write the pairs.")
@click.option("--save-model", type=FILE, help="Where to store the model that scored, for --model.")
@matching_options
def dedupe_command(
    file: Path,
    id_name: str | None,
    sheet: str | None,
    maps: tuple[str, ...],
    out: Path,
    pairs: Path | None,
    save_model: Path | None,
    threshold: float,
    as_json: bool,
    **limits: Any,
) -> None:
    """Find the records of FILE that are the same, as clusters."""
    begin = time.perf_counter()
    _refuse(out, pairs, save_model, inputs=(file, limits["model_file"]))
    con = duckdb.connect()
    mapping, _ = parse_maps(maps)
    roles = _open(con, file, "records", id_name, mapping, sheet)
    _check_roles({str(file): roles})
    result = dedupe(con, "records", _rules(threshold, one_to_one=False, **limits))
    write_model(save_model, result.model)
    write_file(con, "SELECT record_id AS id, cluster_id, size FROM clusters ORDER BY cluster_id, id", out)
    if pairs is not None:
        levels = ", ".join(_level_columns(con, "pairs"))
        write_file(
            con,
            f"SELECT id_a, id_b, probability, weight, band, {levels} FROM pairs "
            f"WHERE probability >= {threshold} ORDER BY id_a, id_b",
            pairs,
        )
    _say(
        con,
        "levels",
        result.summary,
        as_json,
        begin,
        f"{result.cluster_count:,} clusters in {out}",
        model=result.model_version,
        written=result.cluster_count,
        roles=roles,
    )


@click.command("explain")
@click.argument("left", type=FILE)
@click.argument("right", type=FILE, required=False)
@click.option("--left-id", metavar="COL", help="Column with the left record's id.")
@click.option("--right-id", metavar="COL", help="Column with the right record's id.")
@click.option("--left-sheet", metavar="NAME", help="Sheet of LEFT, or its table if it is a snapshot.")
@click.option("--right-sheet", metavar="NAME", help="Sheet of RIGHT, or its table if it is a snapshot.")
@click.option("--left-id-value", metavar="ID", help="The left record; without it the match as a whole is explained.")
@click.option("--right-id-value", metavar="ID", help="The right record, or the second one of LEFT.")
@click.option("--map", "maps", multiple=True, metavar="ROLE=LEFT:RIGHT", help="Columns of a role; several with +.")
@click.option("--one-to-one", is_flag=True, help="Each record takes part in at most one link.")
@matching_options
def explain_command(
    left: Path,
    right: Path | None,
    left_id: str | None,
    right_id: str | None,
    left_sheet: str | None,
    right_sheet: str | None,
    left_id_value: str | None,
    right_id_value: str | None,
    maps: tuple[str, ...],
    one_to_one: bool,
    threshold: float,
    as_json: bool,
    **limits: Any,
) -> None:
    """Say why two records match or do not, or how a match looks as a whole.

    Without RIGHT the two records are both of LEFT.
    """
    if (left_id_value is None) != (right_id_value is None):
        raise click.UsageError("Name both records, --left-id-value and --right-id-value, or neither.")
    if right is None and left_id_value is None:
        raise click.UsageError("Name a second file, or two records of this one.")
    con = duckdb.connect()
    left_map, right_map = parse_maps(maps)
    _open(con, left, "left_records", left_id, left_map, left_sheet)
    if right is not None:
        _open(con, right, "right_records", right_id, right_map, right_sheet)
    rules = _rules(threshold, one_to_one=one_to_one, **limits)
    if left_id_value is None or right_id_value is None:
        summary = link(con, "left_records", "right_records", rules).summary
        sides = {"left": "left_records", "right": "right_records"}
        _echo_report(report_match(con, summary, sides, rules.review), as_json)
        return
    other = "left_records" if right is None else "right_records"
    _echo_pair(explain(con, "left_records", other, left_id_value, right_id_value, rules), as_json)


def _echo_pair(found: Explanation, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found), indent=2))
        return
    click.echo(found.verdict)
    click.echo(f"\n{'':12} {'bits':>7} {'total':>7}  agreement")
    for row in found.evidence:
        click.echo(
            f"{row.role:12} {row.weight:+7.1f} {row.total:+7.1f}  {row.label:36} "
            f"{row.left_value or '':32.32} | {row.right_value or '':32.32}".rstrip()
        )
    for rival in found.rivals:
        chosen = ", chosen" if rival.is_chosen else ""
        click.echo(
            f"rival {rival.left_id} - {rival.right_id}: {rival.probability:.1%}, {rival.weight:+.1f} bits{chosen}"
        )
    for key in found.keys:
        click.echo(f"key {key.name:32} {key.outcome:14} {key.left_value or '':32.32} | {key.right_value or '':32.32}")


def _echo_report(found: MatchReport, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found), indent=2))
        return
    most = max((each.pairs for each in found.bins), default=1)
    click.echo("bits    pairs")
    for each in found.bins:
        click.echo(f"{each.bits:+4d} {each.pairs:8,}  {'#' * round(50 * each.pairs / most)}".rstrip())
    click.echo("\nthreshold    pairs  precision  recall   (estimated)")
    for point in found.curve:
        click.echo(f"{point.threshold:9.3f} {point.pairs:8,} {point.precision:10.2%} {point.recall:7.2%}")
    for side, share in found.unlinkable.items():
        click.echo(f"\n{share:.1%} of the {side} records cannot be linked: no pair of theirs reaches the threshold.")
    _echo_keys(found)
    click.echo(f"\n{'':12} {'bits':>6} {'m':>9} {'u':>11}  agreement")
    for level in found.levels:
        shares = f"{level.m:9.3%} {level.u:11.5%}" if level.m is not None and level.u is not None else " " * 21
        click.echo(f"{level.role:12} {level.weight:+6.1f} {shares}  {level.label}")


def _echo_keys(found: MatchReport) -> None:
    if not found.keys:
        click.echo("\nEvery record was compared with every other; no blocking keys were needed.")
        return
    click.echo("\nblocking key                             pairs  matches by it alone")
    for key in found.keys:
        click.echo(f"{key.name:36} {key.pairs:9,} {key.alone:9,}")
    if found.estimated_recall is not None:
        click.echo(f"Together they find an estimated {found.estimated_recall:.2%} of the true pairs.")


def parse_maps(maps: tuple[str, ...]) -> tuple[dict[Role, tuple[str, ...]], dict[Role, tuple[str, ...]]]:
    """The --map options as role -> columns, for left and right (`ROLE=COL` stands for both).

    Raises:
        DefinitionError: not of that form, or no such role.
    """
    left: dict[Role, tuple[str, ...]] = {}
    right: dict[Role, tuple[str, ...]] = {}
    for text in maps:
        name, equals, columns = text.partition("=")
        role = next((role for role in ROLES if role == name.strip()), None)
        if not equals or role is None:
            raise DefinitionError(
                f"--map {text}", "not ROLE=LEFTCOL:RIGHTCOL with a known role", remedy=f"Roles: {', '.join(ROLES)}."
            )
        first, colon, second = columns.partition(":")
        left[role] = _columns(first)
        right[role] = _columns(second if colon else first)
    return left, right


def _refuse(out: Path, pairs: Path | None, model: Path | None, *, inputs: tuple[Path | None, ...]) -> None:
    """Check before the match that what it finds can be written, and over nothing that it reads."""
    for path in (out, pairs):
        if path is not None:
            check_ending(path)
    refuse_places((out, pairs, model), inputs=inputs)


def _columns(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("+") if part.strip())


def _open(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    view: str,
    id_name: str | None,
    mapping: dict[Role, tuple[str, ...]],
    sheet: str | None,
) -> dict[Role, tuple[str, ...]]:
    for notice in open_file(con, path, f"raw_{view}", sheet=sheet):
        click.echo(f"Warning: {notice}", err=True)
    if not _count(con, f"SELECT count(*) FROM raw_{view}"):
        raise InputError(f"{path} has no records.", remedy="Choose a file with rows below its header.")
    return canonical_view(con, f"raw_{view}", view, id_name=id_name, mapping=mapping)


def _check_roles(found: Mapping[str, Mapping[Role, tuple[str, ...]]]) -> None:
    """Say before the match what it would stumble over: nothing that both files tell."""
    # an e-mail address tells its domain, a given and a family name the name
    kinds = [{"domain" if role == "email" else role for role in roles} for roles in found.values()]
    kinds = [{*kind, "name"} if kind >= PERSON else kind for kind in kinds]
    if set.intersection(*kinds):
        return
    seen = "; ".join(f"in {name}: {', '.join(roles) or 'none'}" for name, roles in found.items())
    raise InputError(
        f"No column means the same in both files. Roles found {seen}."
        if len(found) > 1
        else f"No column means anything to the match. Roles found {seen}.",
        remedy="Say which column is what, e.g. --map name=LEFTCOL:RIGHTCOL.",
    )


def _rules(threshold: float, *, one_to_one: bool, model_file: Path | None, **limits: Any) -> MatchRules:
    model = read_model(model_file)
    return MatchRules(one_to_one=one_to_one, accept=threshold, review=min(0.1, threshold), model=model, **limits)


def _level_columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [column for column in con.sql(f"SELECT * FROM {table} LIMIT 0").columns if column.startswith("level_")]


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(con.execute(query).fetchall()[0][0])


def _say(
    con: duckdb.DuckDBPyConnection, levels: str, summary: Any, as_json: bool, begin: float, sentence: str, **facts: Any
) -> None:
    seconds = time.perf_counter() - begin
    if not as_json:
        click.echo(f"{sentence}; {summary.compared_pairs:,} pairs compared in {seconds:.1f} s.")
        return
    names = ("role", "level", "label", "weight", "m", "u")
    rows = con.execute(f"SELECT {', '.join(names)} FROM {levels} ORDER BY role, level").fetchall()
    weights = [dict(zip(names, row, strict=True)) for row in rows]
    click.echo(
        json.dumps(
            {"summary": dataclasses.asdict(summary), "total_seconds": seconds, "weights": weights, **facts}, indent=2
        )
    )


commands: tuple[click.Command, ...] = (link_command, dedupe_command, explain_command)
