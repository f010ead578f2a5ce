"""The command line: the same engine without a browser.

Exit codes of every command:
    0  done
    1  done, and there is something to look at: tables differ, operations failed, totals do not tie out
    2  could not: wrong usage, an unreadable file, an unknown name, a definition that contradicts itself
    3  the other system refused, limited or did not answer
    4  not allowed, quarantined, or not in a state that permits it
    5  a stored file or database is missing, damaged or of another version
"""

from reconcile.cli.main import cli, main

__all__ = ["cli", "main"]
