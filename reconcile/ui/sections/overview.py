"""The parts of the Overview: the next step, the loop, the figures, the totals and the trend."""

from __future__ import annotations

import streamlit as st

from reconcile.ui import charts
from reconcile.ui.frame import Frame
from reconcile.ui.queries.overview import NextStep, Overview, Stage, State
from reconcile.ui.queries.runs import RunFigures, trend
from reconcile.ui.text import count, money, share
from reconcile.ui.text.labels import EXCEPTIONS, Color

_LOOKS: dict[State, tuple[Color, str]] = {
    "done": ("green", ":material/check_circle:"),
    "now": ("blue", ":material/pending:"),
    "todo": ("gray", ":material/radio_button_unchecked:"),
    "trouble": ("red", ":material/error:"),
}


def show_next_step(step: NextStep) -> None:
    """The one thing to do next, with its one button."""
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        with st.container(gap=None, width="stretch"):
            st.caption("Next")
            st.subheader(step.title, anchor=False)
            st.caption(step.why)
        if st.button(step.label, type="primary", icon=":material/arrow_forward:", key="next_step"):
            st.switch_page(step.page, query_params=dict(step.query))


def show_stages(stages: tuple[Stage, ...]) -> None:
    """The seven steps of the loop in their order, each with how it stands."""
    with st.grid(len(stages), min_column_width=118, gap="small"):
        for stage in stages:
            color, icon = _LOOKS[stage.state]
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.page_link(stage.page, label=f"**{stage.name}**", icon=stage.icon)
                st.caption(f":{color}[{icon}] {stage.fact}")


def show_figures(frame: Frame, overview: Overview) -> None:
    """The figures of the newest run."""
    figures, progress = overview.figures, overview.progress
    if figures is None or progress is None:
        return
    with st.grid(4, min_column_width=170):
        for side in figures.sides:
            in_order = int(figures.totals.query("side == @side.side and category == 'linked'")["records"].sum())
            st.metric(
                f"{frame.side_name(side.side)} in order",
                f"{count(in_order)} of {count(side.population)}",
                border=True,
                height="stretch",
                help="Records whose link is confirmed by the systems and not contradicted by the data.",
            )
        st.metric(
            "Exceptions open",
            f"{count(progress.open)} of {count(progress.total)}",
            border=True,
            height="stretch",
            help="Links, records and clusters that need a person, and have not been decided on their present evidence.",
        )
        st.metric(
            "Money concerned",
            money(figures.amount_cents),
            border=True,
            height="stretch",
            help="What the billing records behind the exceptions are worth, each counted once, in the currency of the "
            "billing system.",
        )


def show_totals(frame: Frame, figures: RunFigures) -> None:
    """Every record in exactly one category, or that it is not so."""
    with st.container(border=True, height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**Where every record is**", width="stretch")
            if figures.ties_out:
                st.badge("Totals tie out", icon=":material/check:", color="green")
            else:
                st.badge("Totals do not tie out", icon=":material/error:", color="red")
        shown = figures.totals.assign(side=figures.totals["side"].map(frame.side_name)).rename(
            columns={"name": "category", "category": "id"}
        )
        st.altair_chart(charts.totals_chart(shown), alt="Records by category, one bar a side")
        st.caption(
            " · ".join(
                f"{frame.side_name(side.side)}: {count(side.counted)} counted of {count(side.population)}"
                for side in figures.sides
            )
        )


def show_kinds(figures: RunFigures) -> None:
    """Exceptions by kind, each leading to the queue of that kind."""
    with st.container(border=True):
        st.markdown("**What is wrong, and the money concerned**")
        with st.container(gap=None):
            for each in figures.kinds:
                label = EXCEPTIONS[each.kind]
                page = "pages/4_Duplicates.py" if each.kind == "duplicate" else "pages/3_Review.py"
                with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                    st.page_link(
                        page,
                        label=f":{label.color}[{label.name}] {count(each.exceptions)}",
                        icon=label.icon,
                        query_params={} if each.kind == "duplicate" else {"kinds": each.kind},
                        width=150,
                    )
                    st.caption(label.meaning, width="stretch")
                    st.caption(money(each.amount_cents) if each.amount_cents else "", width=70, text_alignment="right")


def show_trend(frame: Frame, figures: RunFigures) -> None:
    """Exceptions run after run."""
    if frame.run is None:
        return
    found = trend(frame.workbench, frame.run.reconciliation_id)
    with st.container(border=True, height="stretch"):
        st.markdown("**Run after run**")
        if found["at"].nunique() < 2:
            st.caption(
                f"One run so far, with {count(figures.exceptions)} exceptions "
                f"({share(figures.exceptions, sum(side.population for side in figures.sides))} of all records). "
                "From the second run on, this shows whether the systems drift apart or come together."
            )
            return
        st.altair_chart(charts.trend_chart(found), alt="Exceptions by kind over the runs")
