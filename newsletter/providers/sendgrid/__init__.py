"""SendGrid's v3 Mail Send API, several readers a request."""

from newsletter.providers.sendgrid.transport import SendGridTransport

__all__ = ["SendGridTransport"]
