"""Hand deliveries to a transport as fast as it takes them, and write down what came of each."""

from newsletter.dispatch.draining import Run, Transport, drain
from newsletter.dispatch.leases import Leases
from newsletter.dispatch.pace import DOMAIN_RATES, Pace
from newsletter.dispatch.patience import Outlast, outlast
from newsletter.dispatch.quiet import Watch

__all__ = ["DOMAIN_RATES", "Leases", "Outlast", "Pace", "Run", "Transport", "Watch", "drain", "outlast"]
