"""Practice orgs: a Salesforce org and a Chargebee site, stateful, over real HTTP on loopback.

Start them with `python -m reconcile.simulators`, or in a process of your own with `serve`.
"""

from reconcile.simulators.generator.plan import FEWEST_ACCOUNTS
from reconcile.simulators.server import Ports, announce, serve

__all__ = ["FEWEST_ACCOUNTS", "Ports", "announce", "serve"]
