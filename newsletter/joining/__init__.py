"""Readers come in by themselves: a form, a mail, and their own yes."""
