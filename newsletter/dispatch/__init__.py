"""Hand deliveries to a transport as fast as it takes them, and write down what came of each."""

from newsletter.dispatch.draining import Run, Transport, drain
from newsletter.dispatch.pace import DOMAIN_RATES, Pace

__all__ = ["DOMAIN_RATES", "Pace", "Run", "Transport", "drain"]
