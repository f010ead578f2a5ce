"""Practice orgs: a Salesforce org and a Chargebee site, stateful, over real HTTP on loopback.

Start them with `python -m reconcile.simulators`, or in a process of your own with `serve`.
"""

from reconcile.simulators.server import Ports, announce, serve

__all__ = ["Ports", "announce", "serve"]
