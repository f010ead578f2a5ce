"""A fault of Streamlit by which a dropped file is lost, mended from outside.

The browser asks over the web socket where to send a dropped file. A script that starts in the moment between the answer
and its sending makes Streamlit clear what waits to be sent, except for what tells of the script itself (seen in 1.67,
`ForwardMsgQueue.clear`). The answer goes too, and the browser waits for it for ever, without a word. With two files
dropped one after the other, the first one's script starts just then: on a busy machine one drop in ten was lost.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

_ANSWER = "file_urls_response"


def keep_answers() -> None:
    """Let clearing the queue spare the answers to dropped files; a second call does nothing."""
    clear = ForwardMsgQueue.clear
    if hasattr(clear, "__wrapped__"):
        return

    @wraps(clear)
    def clear_but_answers(self: ForwardMsgQueue, *arguments: Any, **named: Any) -> None:
        answers = [message for message in self._queue if message.WhichOneof("type") == _ANSWER]
        clear(self, *arguments, **named)
        kept = {id(message) for message in self._queue}
        self._queue.extend(message for message in answers if id(message) not in kept)

    ForwardMsgQueue.clear = clear_but_answers  # type: ignore[method-assign]  # that is the mend
