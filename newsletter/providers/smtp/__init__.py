"""SMTP submission (RFC 5321, RFC 6409): pipelined, over a few kept connections."""

from newsletter.providers.smtp.connection import Security
from newsletter.providers.smtp.transport import SmtpTransport

__all__ = ["Security", "SmtpTransport"]
