"""The report on paper: PDF by WeasyPrint, tagged (PDF/UA-1), with bookmarks, and nothing fetched from anywhere."""

from __future__ import annotations

import logging
import shutil
import subprocess
from pathlib import Path
from typing import Any

from jeval.errors import InputError
from jeval.writing import whole

#: A face for Japanese among those that fontconfig knows; any will do.
_JAPANESE = ":lang=ja"


def write_pdf(report: Path, target: Path) -> Path:
    """Write the report (an HTML page) as PDF, whole or not at all. Folded parts are open.

    Raises:
        InputError: WeasyPrint is not installed, or no font here has Japanese letters.
    """
    try:
        from weasyprint import HTML
    except ImportError as err:
        raise InputError('--pdf needs WeasyPrint, which is not installed; pip install "jeval[pdf]"') from err
    except OSError as err:  # it is installed, and the libraries that draw are not
        raise InputError(
            f"--pdf: WeasyPrint cannot load the libraries that draw text ({str(err)[:120]}); install Pango, on Debian: apt install "
            "libpango-1.0-0 libpangoft2-1.0-0"
        ) from err
    _check_fonts()
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    document = HTML(string=report.read_text(encoding="utf-8"), url_fetcher=_refuse).render()
    with whole(target) as file:
        document.write_pdf(file, pdf_variant="pdf/ua-1", pdf_tags=True)
    return target


def _refuse(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError("a report fetches nothing")


def _check_fonts() -> None:
    """Letters that no font has would be empty boxes.

    Raises:
        InputError: fontconfig knows no font for Japanese.
    """
    if (program := shutil.which("fc-list")) is None:
        return
    found = subprocess.run([program, _JAPANESE, "family"], capture_output=True, text=True, timeout=60)
    if found.returncode == 0 and not found.stdout.strip():
        raise InputError(
            "--pdf: no font on this machine has Japanese letters; install one, on Debian: apt install fonts-noto-cjk"
        )
