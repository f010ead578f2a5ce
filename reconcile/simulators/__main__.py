"""`python -m reconcile.simulators`: serve both practice orgs; says where on one line of JSON."""

from __future__ import annotations

import argparse
from pathlib import Path

from reconcile.simulators import announce, serve


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m reconcile.simulators", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder for changes, truth and practice key")
    parser.add_argument("--salesforce-port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--chargebee-port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--no-children", action="store_true", help="accounts and customers only; a large world starts sooner"
    )
    given = parser.parse_args()
    serve(
        given.home,
        salesforce_port=given.salesforce_port,
        chargebee_port=given.chargebee_port,
        accounts=given.accounts,
        seed=given.seed,
        children=not given.no_children,
        ready=announce,
    )


if __name__ == "__main__":
    main()
