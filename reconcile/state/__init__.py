"""The operational database: connections, people, definitions, judgements, change sets, ledger and audit.

One module of plain functions for each kind of row; their first argument is the transaction `tx` of
`reconcile.state.database.Database`. Nothing here checks roles: that is `reconcile.access`, called by who acts.
"""
