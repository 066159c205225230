"""`make catalogues`: brings the catalogues up to date with the source, and says what is not translated yet."""

from __future__ import annotations

import sys

from node.desk.languages import MESSAGES, PAGES
from tests.catalogues import catalogue_files


def main() -> None:
    """Writes all files."""
    for path, content in catalogue_files.files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for code in catalogue_files.TRANSLATED:
        for name in (PAGES, MESSAGES):
            catalog = catalogue_files.read(code, name)
            missing = len(list(catalogue_files.untranslated(catalog)))
            sys.stdout.write(f"{code}/{name}.po: {len(catalog)} texts, {missing} not translated\n")


if __name__ == "__main__":
    main()
