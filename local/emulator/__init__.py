"""AWS on this machine: MiniStack, pinned and unchanged, in a virtual environment of its own."""
