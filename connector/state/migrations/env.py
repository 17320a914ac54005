"""What Alembic runs: the connection comes from `state.database`, never from a file."""

from __future__ import annotations

from alembic import context

from connector.state.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=False,
)
context.run_migrations()
