"""Faces in a browser."""
