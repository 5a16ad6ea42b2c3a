"""A real ERP on this machine, and its warehouse: Tryton 8.2 on SQLite or PostgreSQL, in an environment of its own."""
