"""The wire formats: where in an event the text of an answer grows, and when it ends."""

from audit.gateway.formats import anthropic, anyone, dify, openai, responses
from audit.gateway.formats.delta import Delta, Format

FORMATS: dict[str, Format] = {
    "/v1/chat/completions": openai.FORMAT,
    "/v1/completions": openai.FORMAT,
    "/v1/responses": responses.FORMAT,
    "/v1/messages": anthropic.FORMAT,
    "/v1/chat-messages": dify.FORMAT,
    "/v1/completion-messages": dify.FORMAT,
    "/v1/workflows/run": dify.FORMAT,
}
"""The format of the answers of a path."""

ANY = anyone.FORMAT
"""The format of answers on any other path."""

__all__ = ["ANY", "FORMATS", "Delta", "Format"]
