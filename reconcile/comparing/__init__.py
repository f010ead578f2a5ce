"""Comparing: differences of linked pairs (`differences`), and of two tables (`tables`)."""
