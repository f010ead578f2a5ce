"""What the pages read: one module a page, each answering in the values that the page draws.

Pages ask here once for each rerun. Run and snapshot files are immutable, so what was read from one is kept by its path.
"""
