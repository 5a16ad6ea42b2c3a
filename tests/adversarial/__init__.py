"""Whatever may come in, whatever order things happen in: generated input, state machines, two sellers in one table."""
