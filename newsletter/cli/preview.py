"""`preview`: a page on this machine that follows an issue file as it is edited."""

import os
import sys
from typing import Annotated

import typer

from newsletter.cli import ahead, options, show


def add_to(app: typer.Typer) -> None:
    app.command()(preview)


def preview(
    issue: options.IssueFile,
    segment: Annotated[
        str | None, typer.Option("--segment", "-s", help="Begin with the editions that this segment would get.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65_535, help="Answer here; at any free port when absent.")
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address and open no browser.")] = False,
    templates: options.Templates = None,
) -> None:
    """
    Show an issue in the browser while you write it.

    At phone, tablet and desktop width, light and dark, with its text part, its headers and what check says; saving the
    file shows the change. Only this machine can see it, and only with the address printed here. Stop it with Ctrl-C.

    Example: newsletter preview issues/china-2026-06-10.md --segment everyone
    """
    ahead.start_press()
    from newsletter.web.preview.serving import run_preview

    def ready(address: str, opens_once: str) -> None:
        show.line(address)
        show.note(f"Showing {issue}; save it and look. Ctrl-C stops.")
        if not no_open and _has_display():
            _open(opens_once)

    run_preview(issue, templates, segment=segment, port=port, ready=ready)
    show.note("\nThe preview has stopped.")
    show.next_step(f"newsletter plan {issue} --segment everyone")


def _has_display() -> bool:
    """Without one, a browser for terminals might start here."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(address: str) -> None:
    import threading
    import webbrowser

    # Some browsers keep the caller waiting.
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
