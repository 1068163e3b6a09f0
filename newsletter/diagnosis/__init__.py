"""Look everything over that a mail depends on, and judge a mail that came back. Nothing is changed or sent."""

from newsletter.diagnosis.verdict import Grade, Verdict

__all__ = ["Grade", "Verdict"]
