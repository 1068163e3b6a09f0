"""Who may report to us what became of our mail, as the settings mean it."""

from newsletter.providers.sendgrid.signature import SignatureKey
from newsletter.settings import Settings


def webhook_key_for(settings: Settings) -> SignatureKey | None:
    """
    :raises SettingsError: what is set is no such key
    """
    key = settings.sendgrid_webhook_key
    return SignatureKey(key.get_secret_value()) if key else None
