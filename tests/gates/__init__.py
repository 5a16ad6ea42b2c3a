"""What the code, the templates, the packages and the workflows must not contain, each proven on a planted bug."""
