"""The DKIM key that the settings name, read before anything is sent."""

from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import SettingsError

if TYPE_CHECKING:
    from newsletter.message.dkim import Signer


def signer_for(domain: str | None, selector: str | None, key_file: Path | None) -> "Signer | None":
    """
    None when nothing is set: most mail servers sign themselves.

    :raises SettingsError: a part is missing, or the key is of no use
    """
    if not (domain or selector or key_file):
        return None
    if not (domain and selector and key_file):
        parts = {"DOMAIN": domain, "SELECTOR": selector, "KEY_FILE": key_file}
        missing = " and ".join([f"NEWSLETTER_DKIM_{name}" for name, value in parts.items() if not value])
        raise SettingsError(f"{missing} missing, and DKIM needs all three settings", fix="set all three, or none")
    # Only who signs needs it.
    from newsletter.message.dkim import Signer, read_key

    try:
        pem = key_file.read_bytes()
    except OSError as error:
        said = f"{key_file}: the DKIM key cannot be read ({error.strerror})"
        raise SettingsError(said, fix="check NEWSLETTER_DKIM_KEY_FILE, and who may read that file") from error
    return Signer(read_key(pem, path=str(key_file)), domain=domain, selector=selector)
