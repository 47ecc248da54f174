"""Pictures that are not compared may draw, and do nothing else to the page or its reader."""

import pytest

from basketry.jobs.pictures_aside import fault_of_picture

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">{}</svg>'
STYLE = '<defs><style type="text/css">*{{stroke-linejoin: round; stroke-linecap: butt}}</style></defs>'.format()


@pytest.mark.parametrize(
    "within",
    [
        STYLE,
        '<g><path id="a-1" d="M 0 0 \nL 3 4" style="fill: none; stroke: #5b6875; stroke-width: 0.8"/></g>',
        '<use xlink:href="#a-1" x="1.5" y="2" style="fill: #5b6875"/>',
        '<g clip-path="url(#a-p1)"><rect x="1" y="1" width="2" height="2"/></g>',
        "<text style=\"font-size: 9px; font-family: 'DejaVu Sans', sans-serif; text-anchor: middle\">2 &lt; 3 €</text>",
    ],
)
def test_what_matplotlib_draws_is_a_drawing(within: str) -> None:
    assert fault_of_picture(SVG.format(within)) is None


@pytest.mark.parametrize(
    ("within", "why"),
    [
        ("<script>alert(1)</script>", "the element 'script'"),
        ("<SCRIPT>alert(1)</SCRIPT>", "the element 'SCRIPT'"),
        ("<foreignObject><p>99,999</p></foreignObject>", "the element 'foreignObject'"),
        ("<h1>99,999</h1>", "the element 'h1'"),
        ('<image xlink:href="data:image/png;base64,AA"/>', "the element 'image'"),
        ('<a xlink:href="https://example.org"><text>more</text></a>', "the element 'a'"),
        ('<animate attributeName="x"/>', "the element 'animate'"),
        ('<g xmlns="http://www.w3.org/1999/xhtml"/>', "the element '{http://www.w3.org/1999/xhtml}g'"),
        ('<g onclick="alert(1)"/>', "the attribute 'onclick'"),
        ('<use xlink:href="https://example.org/a.svg#b"/>', "the attribute '{http://www.w3.org/1999/xlink}href'"),
        ('<use href="javascript:alert(1)"/>', "the attribute 'href'"),
        ('<g class="figures"/>', "the attribute 'class'"),
        ('<g style="position: fixed"/>', "the attribute 'style'"),
        ('<g style="fill: url(https://example.org)"/>', "the attribute 'style'"),
        ('<g style="fill: red; display: none"/>', "the attribute 'style'"),
        ('<g clip-path="url(https://example.org)"/>', "the attribute 'clip-path'"),
        ("<style>td { display: none }</style>", "a style sheet"),
        ("<!-- --><g/>", "a comment or an instruction"),
        ("<![CDATA[<script>]]>", "a comment or an instruction"),
        ("<?xml-stylesheet href='a'?>", "a comment or an instruction"),
        ("<g>", "not well formed: mismatched tag"),
        ("&unknown;", "not well formed: undefined entity"),
    ],
)
def test_what_does_more_is_told(within: str, why: str) -> None:
    found = fault_of_picture(SVG.format(within))
    assert found is not None
    assert why in found
