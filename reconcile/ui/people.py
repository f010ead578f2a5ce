"""Who acts: the operating-system user on a laptop; in the demo, a practice person chosen in the side bar."""

from __future__ import annotations

import streamlit as st

from reconcile.model import Person
from reconcile.state import people
from reconcile.ui.text import plain
from reconcile.ui.text.labels import PEOPLE
from reconcile.workbench import Workbench

_KEY = "acting_person"


def choose_person(workbench: Workbench, myself: Person) -> Person:
    """Draw who acts, and let them switch where there are practice people; gives the acting person.

    Only practice people can be chosen besides oneself: nobody takes the place of a real colleague.
    """
    with workbench.database.read() as tx:
        known = people.list_people(tx)
    current = next((person for person in known if person.id == myself.id), myself)
    choices = {person.id: person for person in (current, *(other for other in known if other.is_practice))}
    chosen = current.id
    if len(choices) > 1:
        chosen = st.selectbox(
            "Who acts",
            list(choices),
            format_func=lambda person_id: choices[person_id].name,
            key=_KEY,
            persist_state="session",
            help="In a practice workbench you can be any of its practice people, to see both sides of an approval.",
        )
    person = choices.get(chosen, current)
    _describe(person)
    return person


def _describe(person: Person) -> None:
    roles = [role for role in PEOPLE if role in person.roles]
    shown = "every role" if len(roles) == len(PEOPLE) else ", ".join(roles)
    icon = ":material/school:" if person.is_practice else ":material/person:"
    st.caption(
        f"{icon} {plain(person.name)} · {shown}", help="\n".join(f"- **{role}** {PEOPLE[role]}" for role in roles)
    )
