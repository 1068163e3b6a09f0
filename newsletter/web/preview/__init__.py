"""The preview: a page for staff, on this machine only, that follows an issue file as it is edited."""
