"""The archive: a page for each issue that was sent, a list of them, and a feed; served, or written as files."""
