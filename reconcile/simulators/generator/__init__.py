"""The seeded generator of practice data: realistic, corrupted, related, with the truth beside it."""

from reconcile.simulators.generator.world import ORG_ID, SITE_NAME, VERSION, Truth, World, draw, generate

__all__ = ["ORG_ID", "SITE_NAME", "VERSION", "Truth", "World", "draw", "generate"]
