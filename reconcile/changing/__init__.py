"""Intended writes: planned from decisions, approved as a change set, pushed safely, read back, and taken back."""
