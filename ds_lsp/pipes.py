"""Whether a pipe can be written to without waiting for whoever reads it."""

import select

PIPE_BYTES = getattr(select, "PIPE_BUF", 512)
"""So much can be written at once when there is room."""


CAN_TELL = hasattr(select, "poll")
"""Not on Windows."""


def has_room(descriptor: int) -> bool:
    """Whether `PIPE_BYTES` can be written now; False where that cannot be known.

    What is closed has room: writing to it fails at once.
    """
    if not CAN_TELL:
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))
