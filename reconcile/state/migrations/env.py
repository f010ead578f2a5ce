"""What Alembic runs: the migrations, inside the transaction that `Database.migrate` opened and locked."""

from alembic import context

from reconcile.state.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, transactional_ddl=True)
context.run_migrations()
