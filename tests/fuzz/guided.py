"""Fuzzes one target, guided by coverage: `python -m tests.fuzz.guided TARGET FOLDER INPUTS`.

Atheris sees which branches an input takes, and keeps those that take new ones. It begins with the target's seeds, and
knows the words of its grammar. FOLDER is for both, and for an input that fails. An input that takes longer than ten
seconds, or lets the process grow beyond a gigabyte, fails too.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["cip_async", "ruamel"]):
    from tests.fuzz.damage import LONGEST
    from tests.fuzz.targets import TARGETS

LONGEST_S = 10
MOST_MIB = 1024


def main(name: str, folder: Path, inputs: int) -> None:
    """Write the corpus and the dictionary, and hand over to libFuzzer, which ends the process."""
    target = next(each for each in TARGETS if each.name == name)
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    dictionary = folder / "words"
    dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    options = [
        f"-runs={inputs}",
        f"-dict={dictionary}",
        f"-artifact_prefix={folder}/",
        f"-timeout={LONGEST_S}",
        f"-rss_limit_mb={MOST_MIB}",
        f"-max_len={LONGEST}",
        "-seed=1",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], target.feed)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
