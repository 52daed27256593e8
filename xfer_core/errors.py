"""What the core raises when it is asked for something it cannot do."""

from __future__ import annotations


class XferError(ValueError):
    """One broken rule: a code, the field it concerns and the value that was found.

    The core never words a message; ``xfer_core.messages.say`` does, at the surface and in the reader's language.

    Args:
        code: the rule, a key of ``xfer_core.messages.RULES``.
        field: dotted path of the field, such as ``strategy.frozen``.
        value: what was found there.
        params: whatever else the rule's sentence names.
    """

    def __init__(self, code: str, field: str, value: object, **params: object) -> None:
        super().__init__(code, field, value)
        self.code, self.field, self.value, self.params = code, field, value, params

    def __str__(self) -> str:
        from xfer_core.messages import say

        return say(self)
