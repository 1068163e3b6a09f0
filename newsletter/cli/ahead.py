"""Start what a command is going to need, while its own imports go on."""


def start_press() -> None:
    """The process that compiles takes as long to get ready as this one does, and there is mostly a second core."""
    from newsletter.fence import warm_up

    warm_up("newsletter.compiler.press:warm")
