"""The web face: pages for readers, who have no account and need no script."""
