"""What every workbook has beside its rows, as the parts of an Office Open XML package."""

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import quoteattr

from apps.core.currencies import all_currencies
from apps.ledger.renderers.cells import number_format

MOST_DIGITS = max(each.exponent for each in all_currencies())

HEADING, RIGHT, WHOLE, INSTANT, DAY, AMOUNT = range(1, 7)
"""Styles by their place in the style sheet. Amounts have several: this one and as many as digits after the point."""

_FORMATS = (
    *("0", 'yyyy\\-mm\\-dd hh:mm:ss" UTC"', "yyyy\\-mm\\-dd"),
    *(number_format(digits) for digits in range(MOST_DIGITS + 1)),
)
"""From WHOLE on."""

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_OFFICE = "http://schemas.openxmlformats.org"
_MAIN = f'xmlns="{_OFFICE}/spreadsheetml/2006/main"'
_RELATION = f"{_OFFICE}/officeDocument/2006/relationships"

BOTTOM = "</sheetData></worksheet>"


def top(columns: int) -> str:
    """A sheet up to its first row, which stays in sight. Numbers show whole in its columns."""
    return (
        f'{_XML}<worksheet {_MAIN}><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols><col min="1" max="{columns}" width="24" customWidth="1"/></cols><sheetData>'
    )


def last(sheets: int) -> Mapping[str, str]:
    """The parts that say how many sheets there are: they are called List, List 2 and so on."""
    numbers = range(1, sheets + 1)
    each = "".join(
        f'<sheet name="List{f" {number}" if number > 1 else ""}" sheetId="{number}" r:id="rId{number}"/>'
        for number in numbers
    )
    related = [("worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
    return {
        "xl/workbook.xml": f'{_XML}<workbook {_MAIN} xmlns:r="{_RELATION}"><sheets>{each}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations([*related, ("styles", "styles.xml")]),
    }


def _relations(parts: Iterable[tuple[str, str]]) -> str:
    each = (
        f'<Relationship Id="rId{number}" Type="{_RELATION}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(parts, start=1)
    )
    return (
        f'{_XML}<Relationships xmlns="{_OFFICE}/package/2006/relationships">{"".join(each)}</Relationships>'
    )


def _styles() -> str:
    numbers = range(164, 164 + len(_FORMATS))  # those below are a spreadsheet's own
    formats = (
        f'<numFmt numFmtId="{number}" formatCode={quoteattr(code)}/>'
        for number, code in zip(numbers, _FORMATS, strict=True)
    )
    styles = (f'<xf numFmtId="{number}" applyNumberFormat="1" xfId="0"/>' for number in numbers)
    return (
        f'{_XML}<styleSheet {_MAIN}><numFmts count="{len(_FORMATS)}">{"".join(formats)}</numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
        f'<cellXfs count="{WHOLE + len(_FORMATS)}"><xf xfId="0"/><xf fontId="1" applyFont="1" xfId="0"/>'
        '<xf applyAlignment="1" xfId="0"><alignment horizontal="right"/></xf>'
        f"{''.join(styles)}</cellXfs>"
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


FIRST = {
    "[Content_Types].xml": (
        f'{_XML}<Types xmlns="{_OFFICE}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="{_SHEET}.worksheet+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_SHEET}.styles+xml"/></Types>'
    ),
    "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
    "xl/styles.xml": _styles(),
}
"""The parts that are alike in every workbook."""
