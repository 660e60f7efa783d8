"""Text from outside, made safe to print: a registry's error message must not drive a terminal."""


def printable(text: str) -> str:
    r"""`text` on one line, with everything that is not visible written as an escape: `\x1b`, `\n`, `\u202e`.

    That takes in control characters, terminal escapes and the marks that turn the direction of text round.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return ascii(char)[1:-1]
