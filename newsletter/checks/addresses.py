"""What a web address says about itself, before anybody visits it."""

import ipaddress
import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

#: parameters that name the mailing, the click or the reader, and no page
_TRACKING = frozenset({
    "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ysclid", "twclid", "ttclid",
    "li_fat_id", "igshid", "igsh", "mc_eid", "mc_cid", "mkt_tok", "_hsenc", "_hsmi", "vero_id", "vero_conv",
    "oly_anon_id", "oly_enc_id", "rb_clickid", "s_cid", "wickedid", "_openstat", "__s", "ck_subscriber_id", "spm",
    "srsltid",
})  # fmt: skip
_TRACKING_STARTS = ("utm_", "pk_", "mtm_", "matomo_", "hsa_", "wt_mc")
SHORTENERS = frozenset({
    "bit.ly", "bitly.com", "t.co", "tinyurl.com", "goo.gl", "ow.ly", "buff.ly", "is.gd", "v.gd", "lnkd.in",
    "rebrand.ly", "cutt.ly", "shorturl.at", "rb.gy", "tiny.cc", "t.ly", "bl.ink", "s.id", "dlvr.it", "fb.me", "wp.me",
    "t.cn", "dwz.cn", "url.cn", "suo.im", "w.url.cn", "u.nu", "0x9.me", "trib.al", "reut.rs", "bloom.bg", "on.ft.com",
    "nyti.ms", "econ.st", "wapo.st", "on.wsj.com", "cnb.cx",
})  # fmt: skip
#: names that only a network inside knows (RFC 6761, RFC 6762, and what routers are called)
_INSIDE = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa", "localdomain")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_NUMERIC = re.compile(r"(?:\d+|0x[0-9a-f]*)(?:\.(?:\d+|0x[0-9a-f]*)){0,3}", re.IGNORECASE)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PORTS = {"http": 80, "https": 443}


def split(url: str) -> SplitResult | None:
    """The parts of an address; None when it has none that could be asked for."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname else None


def fault_of(url: str) -> str | None:
    """Why an address leads nowhere, whoever asks; None when it may be one."""
    parts = split(url)
    if parts is None:
        return "is no web address"
    host = (parts.hostname or "").removesuffix(".")
    if host in _PORTS or re.match(r"/*https?:/", parts.path, re.IGNORECASE):
        return "holds https:// twice"
    if parts.scheme == "mailto" or is_inside(url):
        return None
    if ":" not in host and not all(_LABEL.fullmatch(label) for label in host.split(".")):
        return f"has no host of that name, {host}"
    return "holds a '%' that escapes nothing" if _BROKEN_ESCAPE.search(parts.path + parts.query) else None


def is_inside(url: str) -> bool:
    """Whether an address leads into a private network, or to the machine of whoever clicks."""
    parts = split(url)
    host = (parts.hostname or "").removesuffix(".") if parts else ""
    if not host or parts is None or parts.scheme not in _PORTS or host in _PORTS:
        return False
    if _NUMERIC.fullmatch(host) or ":" in host:
        try:
            return not ipaddress.ip_address(host).is_global
        except ValueError:
            return True  # an address in disguise: 127.1, 0x7f000001
    return "." not in host or any(host.endswith(f".{inside}") for inside in _INSIDE)


def is_shortened(url: str) -> bool:
    parts = split(url)
    return bool(parts) and (parts.hostname or "").removeprefix("www.") in SHORTENERS if parts else False


def is_tracking(name: str) -> bool:
    return name.lower() in _TRACKING or name.lower().startswith(_TRACKING_STARTS)


def tracking_in(url: str) -> list[str]:
    """The parameters of an address that say who came from where."""
    parts = split(url)
    if parts is None:
        return []
    fields = [field.partition("=")[0] for field in parts.query.split("&")]
    return list(dict.fromkeys(name for name in fields if is_tracking(name)))


def without_tracking(url: str) -> str:
    parts = urlsplit(url)
    kept = [field for field in parts.query.split("&") if not is_tracking(field.partition("=")[0])]
    return urlunsplit(parts._replace(query="&".join(kept)))


def page_of(url: str) -> str:
    """The key under which spellings of one page meet."""
    parts = split(url)
    if parts is None:
        return url
    host = (parts.hostname or "").removesuffix(".").removeprefix("www.")
    port = f":{parts.port}" if parts.port and parts.port != _PORTS.get(parts.scheme) else ""
    fields = sorted(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not is_tracking(pair[0]))
    path = parts.path.rstrip("/")
    return f"{host}{port}{path}?{urlencode(fields)}" if fields else f"{host}{port}{path}"
