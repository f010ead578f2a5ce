"""Pieces that several pages draw with: badges, record grids, tables, paging, empty states, dialogs, job progress."""
