"""Chargebee billing: our own thin client of API v2 over the one HTTP session."""
