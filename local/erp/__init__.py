"""A real ERP on this machine: Tryton 8.2 on SQLite, in a virtual environment of its own, and its warehouse."""
