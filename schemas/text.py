"""Text that comes from outside, made safe to show."""


def visible(text: str, limit: int) -> str:
    r"""Show what would not print as an escape, and keep at most `limit` bytes of UTF-8.

    Control characters, terminal escapes, bidirectional overrides, zero-width characters and lone
    surrogates would let the author of an event rewrite what an analyst sees.

    >>> visible("a\x1b[31mb", 40)
    'a\\x1b[31mb'
    >>> visible("abcdefgh", 6)
    'abc…'
    """
    text = text[: limit + 1]
    if not text.isprintable():
        text = "".join(
            c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
        )
    data = text.encode()
    if len(data) <= limit:
        return text
    return data[: max(limit - 3, 0)].decode(errors="ignore") + "…"
