"""The frame around every page: what it is about, where its data comes from, how old that is, and who acts.

Every page begins with `with open_page("Review") as frame:`. Pages are Streamlit's automatic ones (`st.navigation`
breaks deep links on a fresh server when a `pages` folder exists), so the frame draws the side bar's links itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reconcile.model import Connection, Person, Reconciliation, Run, Side, Snapshot
from reconcile.settings import Settings, load_settings
from reconcile.state import connections, people, reconciliations, runs, snapshots
from reconcile.ui.components.badges import environment_badge
from reconcile.ui.guard import boundary, follow, show_messages
from reconcile.ui.people import choose_person
from reconcile.ui.text import age, days_old, plain, when
from reconcile.ui.text.labels import SYSTEMS
from reconcile.workbench import Workbench

STALE_DAYS = 2.0
MOST_BADGES = 4
_SIDEBAR_PX = 212

_ROOT = Path(__file__).resolve().parents[2]
# A file of ours: an icon named by its Material word would be fetched from elsewhere.
_ICON = Path(__file__).parent / "assets" / "icon.png"
_ABOUT = "**Reconcile** brings Salesforce and a billing system back into agreement."
_SECTIONS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("", (("app.py", "Overview", ":material/home:"),)),
    (
        "Find",
        (
            ("pages/1_Sources.py", "Sources", ":material/database:"),
            ("pages/2_Matching.py", "Matching", ":material/join_inner:"),
        ),
    ),
    (
        "Decide",
        (
            ("pages/3_Review.py", "Review", ":material/fact_check:"),
            ("pages/4_Duplicates.py", "Duplicates", ":material/content_copy:"),
            ("pages/5_Differences.py", "Differences", ":material/difference:"),
        ),
    ),
    (
        "Change and prove",
        (
            ("pages/6_Changes.py", "Changes", ":material/published_with_changes:"),
            ("pages/7_History.py", "History", ":material/history:"),
            ("pages/11_Reports.py", "Reports", ":material/summarize:"),
        ),
    ),
    (
        "Tools",
        (
            ("pages/10_Compare_files.py", "Compare files", ":material/compare:"),
            ("pages/8_Health.py", "Health", ":material/monitor_heart:"),
            ("pages/12_Settings.py", "Settings", ":material/settings:"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a page is given. As a context manager it is the page's failure boundary.

    Attributes:
        person: who acts; every engine call that changes something is given this person.
        reconciliation: the one chosen in the side bar; None on an empty workbench.
        run: its newest run; None before the first.
        sides: the connections of the reconciliation, left then right; all connections where there is none.
        actions: the place beside the title for the page's own buttons.
    """

    title: str
    workbench: Workbench
    person: Person
    reconciliation: Reconciliation | None
    run: Run | None
    sides: Sequence[Connection]
    actions: DeltaGenerator

    def side_name(self, side: Side) -> str:
        """What a side is called: its system, or its connection where both sides are of one system."""
        known = {connection.id: connection for connection in self.sides}
        datasets = {"left": self.reconciliation.left, "right": self.reconciliation.right} if self.reconciliation else {}
        dataset = datasets.get(side)
        connection = known.get(dataset.connection_id) if dataset else None
        if connection is None:
            return side.capitalize()
        is_shared = len({other.system for other in self.sides}) < len(self.sides)
        return connection.name if is_shared or len(self.sides) == 1 else SYSTEMS[connection.system]

    def name_sides(self, sentence: str) -> str:
        """A sentence of the engine, which says "the left side" and "the right record", in the names of the systems."""

        def name(found: re.Match[str]) -> str:
            side, what = self.side_name("left" if found[1] == "left" else "right"), found[2]
            return side if what == "side" else f"the {side} {what}"

        return re.sub(r"the (left|right) (side|record)", name, sentence)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False  # Streamlit stops and reruns a script with exceptions of its own, which are no errors
        with boundary():
            raise error
        return True


def open_page(title: str) -> Frame:
    """Begin a page: title, side bar, badges, kept messages. Nothing else may be drawn before.

    A workbench that cannot be opened ends the page here with what is wrong.
    """
    st.set_page_config(
        page_title=f"{title} · Reconcile",
        page_icon=_ICON,
        layout="wide",
        initial_sidebar_state=_SIDEBAR_PX,
        menu_items={"About": _ABOUT},
    )
    frame = None
    with boundary():
        workbench, myself = open_workbench()
        frame = _draw_frame(title, workbench, myself)
    if frame is None:
        st.stop()
    follow()
    show_messages()
    return frame


def open_workbench() -> tuple[Workbench, Person]:
    """The workbench that the environment describes, and the person at this machine; opened once per server."""
    settings = load_settings()
    return _open(settings, str(settings.home), settings.database_url)


@st.cache_resource(show_spinner=False)
def _open(_settings: Settings, home: str, database_url: str) -> tuple[Workbench, Person]:  # noqa: ARG001  the cache's key
    workbench = Workbench.open(_settings)
    return workbench, workbench.database.write(people.ensure_laptop_person)


def _draw_frame(title: str, workbench: Workbench, myself: Person) -> Frame:
    with workbench.database.read() as tx:
        known = {connection.id: connection for connection in connections.list_connections(tx)}
        definitions = reconciliations.list_current(tx)
        newest = {connection_id: snapshots.latest(tx, connection_id) for connection_id in known}
    with st.sidebar:
        _draw_links()
        chosen = _choose_reconciliation(definitions)
        person = choose_person(workbench, myself)
    with workbench.database.read() as tx:
        run = runs.latest(tx, chosen.id) if chosen else None
    ids = [chosen.left.connection_id, chosen.right.connection_id] if chosen else list(known)
    sides = [known[connection_id] for connection_id in dict.fromkeys(ids) if connection_id in known]
    actions = _draw_header(title, sides, newest)
    return Frame(title, workbench, person, chosen, run, sides, actions)


def _draw_links() -> None:
    st.markdown("#### :material/join_inner: Reconcile")
    for section, links in _SECTIONS:
        with st.container(gap=None):
            if section:
                st.caption(section)
            for path, label, icon in links:
                if (_ROOT / path).exists():
                    st.page_link(path, label=label, icon=icon, width="stretch")


def _choose_reconciliation(definitions: Sequence[Reconciliation]) -> Reconciliation | None:
    """The reconciliation that all pages are about; the address carries it, so that a link leads to the same one."""
    if not definitions:
        return None
    names = {definition.id: definition.name for definition in definitions}
    if len(definitions) == 1:
        return definitions[0]
    chosen = st.selectbox(
        "Reconciliation",
        list(names),
        format_func=lambda reconciliation_id: names[reconciliation_id],
        key="reconciliation",
        bind="query-params",
    )
    return next((definition for definition in definitions if definition.id == chosen), definitions[0])


def _draw_header(title: str, sides: Sequence[Connection], newest: Mapping[str, Snapshot | None]) -> DeltaGenerator:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(title, anchor=False, width="stretch")
        actions = st.container(horizontal=True, width="content")
        for connection in sides[:MOST_BADGES]:
            _draw_side(connection, newest.get(connection.id))
        if len(sides) > MOST_BADGES:
            st.caption(f"and {len(sides) - MOST_BADGES} more", width="content")
    return actions


def _draw_side(connection: Connection, snapshot: Snapshot | None) -> None:
    """One side: environment, org, age of its newest snapshot."""
    read_at = snapshot.finished_at if snapshot else None
    is_old = read_at is not None and days_old(read_at) > STALE_DAYS
    read = f"pulled {age(read_at)}" if read_at else "not pulled yet"
    with st.container(horizontal=True, width="content", gap="xsmall", vertical_alignment="center"):
        environment_badge(connection.environment, _describe_side(connection, read_at))
        shown = f":orange[{read}]" if is_old or not read_at else read
        st.caption(f"**{plain(connection.name)}** · {shown}", width="content")
        if connection.quarantine_reason:
            st.badge("Quarantined", icon=":material/block:", color="red", help=plain(connection.quarantine_reason))


def _describe_side(connection: Connection, read_at: datetime | None) -> str:
    return (
        f"{SYSTEMS[connection.system]}, {plain(connection.fingerprint or 'never reached yet')}\n\n"
        f"Newest snapshot: {when(read_at)}"
    )
