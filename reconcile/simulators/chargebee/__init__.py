"""The practice Chargebee site."""
