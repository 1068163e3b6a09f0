"""Which transport the settings mean, and with which options."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from newsletter.errors import SettingsError
from newsletter.settings import Settings, TransportName

if TYPE_CHECKING:
    from newsletter.dispatch import Transport

#: by name, so that a provider's library is imported only when it is used
_TRANSPORTS = {
    TransportName.OUTBOX: ("newsletter.providers.outbox", "OutboxTransport"),
    TransportName.SMTP: ("newsletter.providers.smtp", "SmtpTransport"),
    TransportName.SENDGRID: ("newsletter.providers.sendgrid", "SendGridTransport"),
}
#: before the @: 64 without a plus, 32 characters of a secret, and the digits of a number
_LONGEST_BOUNCES = 21
_PORTS = {"tls": 465, "starttls": 587, "none": 25}


def transport_for(settings: Settings, name: TransportName) -> "Transport":
    module, kind = _TRANSPORTS[name]
    transport: Transport = getattr(import_module(module), kind)(**_options(settings, name))
    return transport


def _options(settings: Settings, name: TransportName) -> dict[str, Any]:
    if name is TransportName.OUTBOX:
        return {"folder": settings.outbox}
    if name is TransportName.SENDGRID:
        if settings.sendgrid_api_key is None:
            raise SettingsError("SENDGRID_API_KEY is missing; the transport sendgrid needs it", fix="set it in .env")
        return {
            "api_key": settings.sendgrid_api_key.get_secret_value(),
            "url": settings.sendgrid_url,
            "batch": settings.sendgrid_batch,
            "exact": settings.sendgrid_exact,
        }
    return _smtp_options(settings)


def _smtp_options(settings: Settings) -> dict[str, Any]:
    from newsletter.providers.smtp.signing import signer_for

    if not settings.smtp_host:
        raise SettingsError("NEWSLETTER_SMTP_HOST is missing; the transport smtp needs it", fix="set it in .env")
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    if password and settings.smtp_security == "none":
        raise SettingsError(
            "NEWSLETTER_SMTP_SECURITY is none, so the password would travel readable",
            fix="set it to tls or starttls",
        )
    _insist_on_room(settings.bounce_address or "")
    return {
        "host": settings.smtp_host,
        "port": settings.smtp_port or _PORTS[settings.smtp_security],
        "security": settings.smtp_security,
        "username": settings.smtp_username,
        "password": password,
        "bounce_address": settings.bounce_address,
        "timeout": settings.smtp_timeout,
        "connections": settings.smtp_connections,
        "sign": signer_for(settings.dkim_domain, settings.dkim_selector, settings.dkim_key_file),
    }


def _insist_on_room(bounce_address: str) -> None:
    """For what makes it another address for each delivery; nothing longer than 64 stands before an @ (RFC 5321)."""
    if len(bounce_address.rpartition("@")[0]) > _LONGEST_BOUNCES:
        raise SettingsError(
            "NEWSLETTER_BOUNCE_ADDRESS is too long: a token of each delivery follows what stands before the @",
            fix=f"name one with at most {_LONGEST_BOUNCES} characters there",
        )
