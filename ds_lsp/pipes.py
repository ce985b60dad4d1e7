"""Tells whether a pipe can be written to without waiting for its reader."""

import select

PIPE_BYTES = getattr(select, "PIPE_BUF", 512)
"""Maximum bytes in one write that does not wait when the pipe has room."""


CAN_TELL = hasattr(select, "poll")
"""True if the system can tell whether a pipe has room; Windows cannot."""


def has_room(descriptor: int) -> bool:
    """Return whether `PIPE_BYTES` can be written now; False if the system cannot tell.

    A closed pipe has room: a write to it fails at once.
    """
    if not CAN_TELL:
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))
