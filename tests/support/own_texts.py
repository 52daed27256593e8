"""Own texts for tests: sentences and names with a label, and files of reviews."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

GOOD, BAD = ("lovely", "fine", "splendid", "warm"), ("dreadful", "dull", "broken", "cold")
REVIEW = (
    "<review>\n<title>\n{title}\n</title>\n<rating>\n5.0\n</rating>\n<review_text>\n{text}\n</review_text>\n</review>\n"
)
HEADER = ("review", "stars", "mood", "site")


def sentence(number: int) -> str:
    """A sentence of ten words that no other number has; even ones are good."""
    word = (BAD if number % 2 else GOOD)[number // 2 % 4]
    return f"Visit {number} was a {word} one, and so was the tea"


def sentence_rows(count: int = 24) -> list[list[str]]:
    """Rows of :data:`HEADER`: a text, a number, a label and one of two domains."""
    return [
        [sentence(number), f"{number % 5}.5", "bad" if number % 2 else "good", ("north", "south")[number // 2 % 2]]
        for number in range(count)
    ]


def as_csv(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, delimiter: str = ",") -> bytes:
    """The rows as CSV in UTF-8."""
    made = io.StringIO()
    csv.writer(made, delimiter=delimiter).writerows([header, *rows])
    return made.getvalue().encode()


def review_file(
    count: int, mood: str, title: str = "{mood} {number}", text: str = "It was {mood}, no. {number} é"
) -> bytes:
    """A file of so many reviews, in Latin-1."""
    one = [REVIEW.format(title=title, text=text).format(mood=mood, number=number) for number in range(count)]
    return f"<reviews>\n{''.join(one)}</reviews>\n".encode("latin-1")


def review_files(products: Sequence[str], count: int = 5) -> dict[str, bytes]:
    """Path in the folder → content, for a folder of each product."""
    return {
        "/".join(filter(None, (product, f"{mood}.review"))): review_file(count, f"{product} {mood}".strip())
        for product in products
        for mood in ("negative", "positive")
    }


def text_files(domains: Sequence[str] = ("",), count: int = 6) -> dict[str, bytes]:
    """Path in the folder → content, for class folders in each domain's folder."""
    return {
        "/".join(filter(None, (domain, mood, f"{number}.txt"))): f"{sentence(2 * number + place)} {domain}".encode()
        for domain in domains
        for place, mood in enumerate(("good", "bad"))
        for number in range(count)
    }
