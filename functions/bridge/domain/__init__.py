"""What the bridge decides, without knowing anything of the outside: standard library only."""
