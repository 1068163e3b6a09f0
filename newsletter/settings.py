"""What the environment says, read once, at the edge."""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from newsletter.errors import Finding, SettingsError
from newsletter.fields import Line, MailAddress, WebAddress
from newsletter.limits import Limit

_RATE = re.compile(r"(?P<count>\d{1,9})\s*/\s*(?P<unit>second|minute|hour|day)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_KEY_BYTES = 32
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


class TransportName(StrEnum):
    #: a folder of .eml files: nothing leaves this machine
    OUTBOX = "outbox"
    SMTP = "smtp"
    SENDGRID = "sendgrid"


def _listed(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _long_enough(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if any(len(key.get_secret_value().encode()) < _KEY_BYTES for key in keys):
        raise PydanticCustomError(
            "key_length", "a key is shorter than 32 bytes", {"fix": "make one with: openssl rand -base64 33"}
        )
    return keys


def messages_per_second(rate: str) -> float:
    """`500/hour` as messages a second."""
    found = _RATE.fullmatch(rate.strip())
    if not found or not int(found["count"]):
        raise PydanticCustomError("rate", "{rate} is not a rate", {"rate": repr(rate), "fix": "write it as 500/hour"})
    return int(found["count"]) / _SECONDS[found["unit"]]


def _rate(value: Any) -> Any:
    return messages_per_second(value) if isinstance(value, str) else value


def _domain_rates(value: Any) -> Any:
    """`gmail.com=20/second, qq.com=5/second`."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(domain.strip() and rate.strip() for domain, _, rate in pairs):
        fix = "write them as gmail.com=20/second, qq.com=5/second"
        raise PydanticCustomError("domain_rates", "are not domains with their rates", {"fix": fix})
    return {domain.strip().lower(): messages_per_second(rate) for domain, _, rate in pairs}


def _limit(value: Any) -> Any:
    """`20/hour` as so many in a span."""
    if not isinstance(value, str):
        return value
    messages_per_second(value)
    count, _, unit = value.partition("/")
    return Limit(int(count), timedelta(seconds=_SECONDS[unit.strip()]))


def _domain(value: str) -> str:
    if not _DOMAIN.fullmatch(value):
        raise PydanticCustomError("domain", "is not a domain", {"fix": "write it in ASCII, as example.com"})
    return value.lower()


def _selector(value: str) -> str:
    if not _SELECTOR.fullmatch(value):
        fix = "write what stands before ._domainkey in DNS, as s1"
        raise PydanticCustomError("selector", "is not a DKIM selector", {"fix": fix})
    return value


def _long_enough_token(token: SecretStr) -> SecretStr:
    return _long_enough((token,))[0]


def _as_written(limit: Limit) -> str:
    unit = next((unit for unit, seconds in _SECONDS.items() if limit.span == timedelta(seconds=seconds)), limit.span)
    return f"{limit.count}/{unit}"


_LimitSetting = Annotated[Limit, BeforeValidator(_limit), PlainSerializer(_as_written)]


class Settings(BaseModel):
    """One field per setting of `.env.example`; the names there are these in capitals, with NEWSLETTER_ in front."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: str = "sqlite:///newsletter.db"
    secret_key: Annotated[tuple[SecretStr, ...], BeforeValidator(_listed), AfterValidator(_long_enough)] = ()
    base_url: WebAddress | None = None
    sender_name: Line | None = None
    sender_address: MailAddress | None = None
    reply_to: MailAddress | None = None
    postal_address: Line | None = None
    unsubscribe_address: MailAddress | None = None
    bounce_address: MailAddress | None = None
    transport: TransportName = TransportName.OUTBOX
    outbox: Path = Path("outbox")
    smtp_host: str | None = None
    smtp_port: int | None = Field(default=None, ge=1, le=65_535)
    smtp_security: Literal["tls", "starttls", "none"] = "tls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout: float = Field(default=30, gt=0, le=600)
    smtp_connections: int = Field(default=4, ge=1, le=64)
    dkim_domain: Annotated[str, AfterValidator(_domain)] | None = None
    dkim_selector: Annotated[str, AfterValidator(_selector)] | None = None
    dkim_key_file: Path | None = None
    sendgrid_api_key: SecretStr | None = None
    sendgrid_url: WebAddress = "https://api.sendgrid.com"
    #: readers a request; None: as many as the mode allows
    sendgrid_batch: int | None = Field(default=None, ge=1, le=1_000)
    sendgrid_exact: bool = False
    #: the public key under what SendGrid reports; None: it reports nothing to us
    sendgrid_webhook_key: SecretStr | None = None
    #: nothing leaves before somebody other than its author has approved it
    require_approval: bool = False
    #: messages a second; None: as fast as the provider takes them
    rate: Annotated[float | None, BeforeValidator(_rate)] = None
    #: likewise, by domain of the reader's address; by SMTP only, and beside the large providers' own
    domain_rates: Annotated[dict[str, float] | None, BeforeValidator(_domain_rates)] = None
    #: who is told the result of each mailing, beside its author and its approver
    result_to: Annotated[tuple[MailAddress, ...] | None, BeforeValidator(_listed)] = None
    actor: Line | None = None
    #: web servers of ours between the world and `serve`: whose word on where a request came from counts
    trusted_proxies: int = Field(default=0, ge=0, le=8)
    #: sign-ups: from one network, in all, and mails by them to one domain
    signups_per_network: _LimitSetting = Limit(20, timedelta(hours=1))
    signups_in_all: _LimitSetting = Limit(1_000, timedelta(hours=1))
    signups_per_domain: _LimitSetting = Limit(500, timedelta(hours=1))
    #: asks for the figures at /metrics from elsewhere than this machine
    metrics_token: Annotated[SecretStr, AfterValidator(_long_enough_token)] | None = None

    @property
    def keys(self) -> tuple[bytes, ...]:
        return tuple(key.get_secret_value().encode() for key in self.secret_key)


def setting_name(field: str) -> str:
    """The name of a field in the environment."""
    return "SENDGRID_API_KEY" if field == "sendgrid_api_key" else f"NEWSLETTER_{field.upper()}"


def read_settings(environ: Mapping[str, str], env_file: Path) -> Settings:
    """
    The environment's word, else the file's, else the default. An empty value is one that is not set.

    :raises SettingsError: naming each setting that is wrong, or that we do not know
    """
    written = {name: value for name, value in _read_file(env_file).items() if value}
    found = written | {name: value for name, value in environ.items() if value}
    values = {field: found[setting_name(field)] for field in Settings.model_fields if setting_name(field) in found}
    known = {setting_name(field) for field in Settings.model_fields}
    strange = sorted(name for name in found if name.startswith("NEWSLETTER_") and name not in known)
    findings = [_strange(name, known) for name in strange]
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        findings += [_wrong(details) for details in error.errors(include_url=False, include_input=False)]
        raise SettingsError(*findings) from None
    if findings:
        raise SettingsError(*findings)
    return settings


def _read_file(path: Path) -> Mapping[str, str | None]:
    try:
        return dotenv_values(path, interpolate=False) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error})", fix="save it as UTF-8 text") from error


def _strange(name: str, known: set[str]) -> Finding:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return Finding(
        message=f"{name} is not a setting",
        fix=f"did you mean {near[0]}?" if near else "see .env.example",
        rule="setting",
    )


#: pydantic's words for what people do most often, in ours
_WORDS = {
    "mail_address": "is not a mail address",
    "int_parsing": "is not a whole number",
    "float_parsing": "is not a number",
    "bool_parsing": "is neither yes nor no",
}


def _wrong(details: Any) -> Finding:
    field = str(details["loc"][0])
    # The value is never shown: it may be a password.
    fix = details.get("ctx", {}).get("fix") or "see .env.example"
    message = _WORDS.get(details["type"], details["msg"])
    return Finding(message=f"{setting_name(field)}: {message}", fix=str(fix), rule="setting")
