"""Write team updates and daily briefs as files; check, render and send them, with every reader accounted for."""

__version__ = "0.1.0"
