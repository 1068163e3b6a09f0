"""SMTP submission (RFC 5321, RFC 6409) over one kept connection."""

from newsletter.providers.smtp.connection import Security
from newsletter.providers.smtp.transport import SmtpTransport

__all__ = ["Security", "SmtpTransport"]
